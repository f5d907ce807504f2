    -- Fact newest: rows whose product_key is no longer the version of their time.
    if product_changed_versions is not null then
        execute $sql$
            with lost_span as (
                select old_version.product_key,
                       old_version.product,
                       timestamptz '-infinity' as since$,
                       timestamptz 'infinity' as until$
                from unnest($1) old_version
                where not exists (
                    select from star.dim_product current_version where current_version.product_key = old_version.product_key
                )
                union all
                select old_version.product_key,
                       old_version.product,
                       current_version.valid_to,
                       'infinity'
                from unnest($1) old_version
                join star.dim_product current_version using (product_key)
                where current_version.valid_to < old_version.valid_to or current_version.valid_to is not null and old_version.valid_to is null
                union all
                select old_version.product_key,
                       old_version.product,
                       '-infinity',
                       current_version.valid_from
                from unnest($1) old_version
                join star.dim_product current_version using (product_key)
                where old_version.is_first and not current_version.is_first
            )
            update star.fact_newest fact
            set product_key = version.product_key
            from lost_span, star.dim_product version
            where fact.product_key = lost_span.product_key
              and fact.as_of between lost_span.since$ and lost_span.until$
              and version.product = lost_span.product
              and (version.valid_from <= fact.as_of or version.is_first)
             and (version.valid_to > fact.as_of or version.valid_to is null)
              and version.product_key <> lost_span.product_key
        $sql$ using product_changed_versions;
    end if;

    -- Fact newest: one row per id, the newest wins.
    declare
        has_known boolean;
        is_alone boolean;
        is_sorted boolean := false;
        is_reversed boolean := false;
        is_unique boolean;
        absent bigint;
        written bigint;
        to_change bigint;
        lines bigint[];
        overruling bigint[];
        conflicts integer := 0;
    begin
        execute $sql$
            select count(*) > 0, coalesce(bool_or((fact.paid, fact.extra) is distinct from (row.paid, row.extra)), false)
            from (select batch.id, batch.buyer, batch.product, batch.at, batch.paid, batch.quantity, batch.extra from batch limit 1000) row
            join star.fact_newest fact on fact.id = row.id
        $sql$ into has_known, is_alone;
        -- Files are often in the order of their grains: then each has one row, and none need be sorted.
        if staged >= 10000 then
            for pass in 1..2 loop
                execute $sql$
            select coalesce(bool_and(row.is_after), true), coalesce(bool_and(row.is_before), true)
            from (
                select batch.id > lag(batch.id) over () as is_after,
                       batch.id < lag(batch.id) over () as is_before
                from (select batch.id from batch limit $1) batch
            ) row
        $sql$ into is_sorted, is_reversed
                    using case pass when 1 then 100 end;
                exit when not (is_sorted or is_reversed);
            end loop;
        end if;
        is_unique := is_sorted or is_reversed;
        loop
            begin
                inserted := 0;
                updated := 0;
                absent := staged;
                grains := staged;
                if has_known and is_alone then
                    perform stardrop.wait_for_turn();
                    perform pg_advisory_xact_lock(stardrop.table_lock('fact_newest'));
                    select array_agg(l.load_id) into overruling
                    from stardrop.load l
                    where l.dataset = 'shop'
                      and (l.object_time > this.object_time
                           or l.object_time = this.object_time and stardrop.load_sorts_after(l.load_id, this.load_id));
                elsif has_known then
                    perform pg_advisory_xact_lock_shared(stardrop.table_lock('fact_newest'));
                end if;
                loop
                    if has_known then
                        execute $sql$
                            with incoming as (
                                select batch.id,
                                       batch.buyer,
                                       batch.product,
                                       batch.at,
                                       batch.paid,
                                       batch.quantity,
                                       batch.extra,
                                       batch.source_line
                                from batch
                                where $4
                                union all
                                (select distinct on (batch.id)
                                        batch.id,
                                        batch.buyer,
                                        batch.product,
                                        batch.at,
                                        batch.paid,
                                        batch.quantity,
                                        batch.extra,
                                        batch.source_line
                                 from batch
                                 where not $4
                                 order by batch.id, batch.source_line desc)
                            ), overruled as (
                                select confirmed.of_load, line.word, bit_or(line.bits) as bits
                                from star.confirmed_newest confirmed
                                cross join unnest(confirmed.words, confirmed.bits) line (word, bits)
                                where confirmed.load_id = any ($3)
                                group by confirmed.of_load, line.word
                            ), word as (
                                select compared.known_load$ as of_load, compared.known_line$ >> 6 as word,
                                       bit_or(1::bigint << (compared.known_line$ & 63)::integer) filter (where compared.confirms$) as bits,
                                       count(*) as grains,
                                       count(*) filter (where compared.changes$) as changed,
                                       array_agg(compared.source_line) filter (where compared.changes$) as lines
                                from (
                                    select decided.source_line,
                                           decided.known_load$,
                                           decided.known_line$,
                                           decided.wins$ and decided.differs$ as changes$,
                                           (decided.wins$ or decided.is_overruled$) and not decided.differs$ as confirms$
                                    from (
                                        select arrived.source_line,
                                               fact.load_id as known_load$,
                                               fact.source_line as known_line$,
                                               fact.load_id is not null and (($2 > known.object_time
                                           or $2 = known.object_time
                                          and ($1 = fact.load_id and arrived.source_line >= fact.source_line
                                               or stardrop.load_sorts_after($1, fact.load_id))) and not (overruled.of_load is not null)) as wins$,
                                               (fact.buyer_key, fact.product_key, fact.date_key, fact.as_of, fact.paid, fact.each, fact.extra)
                                               is distinct from (arrived.buyer_key, arrived.product_key, arrived.date_key, arrived.as_of, arrived.paid, arrived.each, arrived.extra) as differs$,
                                               overruled.of_load is not null as is_overruled$
                                        from (
                                            select
                                                   row.id as id,
                                                   case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end as buyer_key,
                                                   case when row.product is null then -1 else coalesce(product_member.product_key, stardrop.raise_missing_member('star.dim_product')) end as product_key,
                                                   coalesce(row.at::date, date '0001-01-01') as date_key,
                                                   coalesce(row.at::timestamptz, '-infinity') as as_of,
                                                   row.paid as paid,
                                                   (row.paid / row.quantity)::numeric as each,
                                                   row.extra as extra,
                                                   row.source_line
                                            from incoming row
                                            left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
                                            left join star.dim_product product_member on product_member.product = row.product and (product_member.valid_from <= coalesce(row.at::timestamptz, '-infinity') or product_member.is_first)
                                         and (product_member.valid_to > coalesce(row.at::timestamptz, '-infinity') or product_member.valid_to is null)
                                        ) arrived
                                        left join star.fact_newest fact on fact.id = arrived.id
                                        left join stardrop.load known on known.load_id = fact.load_id
                                        left join overruled
                                          on overruled.of_load = fact.load_id
                                         and overruled.word = fact.source_line >> 6 and overruled.bits >> (fact.source_line & 63)::integer & 1 = 1
                                        -- Each row is compared once.
                                        offset 0
                                    ) decided
                                ) compared
                                group by 1, 2
                            ), confirmed as (
                                insert into star.confirmed_newest (load_id, of_load, words, bits)
                                select $1,
                                       word.of_load,
                                       array_agg(word.word order by word.word),
                                       array_agg(word.bits order by word.word)
                                from word
                                where word.bits is not null and word.of_load <> $1
                                group by word.of_load
                            )
                            select coalesce(sum(word.grains), 0),
                                   coalesce(sum(word.grains) filter (where word.of_load is null), 0),
                                   coalesce(sum(word.changed), 0),
                                   (select array_agg(line) from word cross join unnest(word.lines) line)
                            from word
                        $sql$ into grains, absent, to_change, lines
                            using this.load_id, this.object_time, overruling, is_unique;
                        if to_change > 0 then
                            if not is_alone then
                                raise exception using errcode = 'SD004';
                            end if;
                            execute $sql$
                                with overruled as (
                                    select confirmed.of_load, line.word, bit_or(line.bits) as bits
                                    from star.confirmed_newest confirmed
                                    cross join unnest(confirmed.words, confirmed.bits) line (word, bits)
                                    where confirmed.load_id = any ($3)
                                    group by confirmed.of_load, line.word
                                ), compared as (
                                    select arrived.*,
                                           fact.load_id is not null and (($2 > known.object_time
                                               or $2 = known.object_time
                                              and ($1 = fact.load_id and arrived.source_line >= fact.source_line
                                                   or stardrop.load_sorts_after($1, fact.load_id))) and not (overruled.of_load is not null)) as wins$,
                                           (fact.buyer_key, fact.product_key, fact.date_key, fact.as_of, fact.paid, fact.each, fact.extra)
                                           is distinct from (arrived.buyer_key, arrived.product_key, arrived.date_key, arrived.as_of, arrived.paid, arrived.each, arrived.extra) as differs$
                                    from (
                                        select
                                               row.id as id,
                                               case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end as buyer_key,
                                               case when row.product is null then -1 else coalesce(product_member.product_key, stardrop.raise_missing_member('star.dim_product')) end as product_key,
                                               coalesce(row.at::date, date '0001-01-01') as date_key,
                                               coalesce(row.at::timestamptz, '-infinity') as as_of,
                                               row.paid as paid,
                                               (row.paid / row.quantity)::numeric as each,
                                               row.extra as extra,
                                               row.source_line
                                        from (
                                            select distinct on (batch.id)
                                                   batch.id,
                                                   batch.buyer,
                                                   batch.product,
                                                   batch.at,
                                                   batch.paid,
                                                   batch.quantity,
                                                   batch.extra,
                                                   batch.source_line
                                            from batch
                                            join unnest($4) changed (line) on changed.line = batch.source_line
                                            order by batch.id, batch.source_line desc
                                        ) row
                                        left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
                                        left join star.dim_product product_member on product_member.product = row.product and (product_member.valid_from <= coalesce(row.at::timestamptz, '-infinity') or product_member.is_first)
                                             and (product_member.valid_to > coalesce(row.at::timestamptz, '-infinity') or product_member.valid_to is null)
                                    ) arrived
                                    join star.fact_newest fact on fact.id = arrived.id
                                    left join stardrop.load known on known.load_id = fact.load_id
                                    left join overruled
                                      on overruled.of_load = fact.load_id
                                     and overruled.word = fact.source_line >> 6 and overruled.bits >> (fact.source_line & 63)::integer & 1 = 1
                                ), changed as (
                                    update star.fact_newest fact set
                                        buyer_key = compared.buyer_key,
                                        product_key = compared.product_key,
                                        date_key = compared.date_key,
                                        as_of = compared.as_of,
                                        paid = compared.paid,
                                        each = compared.each,
                                        extra = compared.extra,
                                        load_id = $1,
                                        source_line = compared.source_line,
                                        updated_at = case when fact.first_load_id is distinct from $1 and true
                                            then now() else fact.updated_at end
                                    from compared
                                    where fact.id = compared.id
                                      and compared.wins$
                                      and compared.differs$
                                )
                                select count(*) filter (where compared.wins$ and compared.differs$)
                                from compared
                            $sql$ into written
                                using this.load_id, this.object_time, overruling, lines;
                            updated := updated + written;
                        end if;
                        exit when absent = 0;
                    end if;
                    -- Of a sorted file, the batch before this one has other grains.
                    if not is_unique or stardrop.has_to_wait(staged) then
                        perform stardrop.wait_for_turn();
                    end if;
                    execute $sql$
                        with incoming as (
                            select batch.id,
                                   batch.buyer,
                                   batch.product,
                                   batch.at,
                                   batch.paid,
                                   batch.quantity,
                                   batch.extra,
                                   batch.source_line
                            from batch
                            where $3
                            union all
                            (select distinct on (batch.id)
                                    batch.id,
                                    batch.buyer,
                                    batch.product,
                                    batch.at,
                                    batch.paid,
                                    batch.quantity,
                                    batch.extra,
                                    batch.source_line
                             from batch
                             where not $3
                             order by batch.id, batch.source_line desc)
                        )
                        insert into star.fact_newest
                            (id,
                             buyer_key,
                             product_key,
                             date_key,
                             as_of,
                             paid,
                             each,
                             extra,
                             load_id,
                             source_line,
                             first_load_id,
                             loaded_at)
                        select
                               row.id,
                               case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end,
                               case when row.product is null then -1 else coalesce(product_member.product_key, stardrop.raise_missing_member('star.dim_product')) end,
                               coalesce(row.at::date, date '0001-01-01'),
                               coalesce(row.at::timestamptz, '-infinity'),
                               row.paid,
                               (row.paid / row.quantity)::numeric,
                               row.extra,
                               $1, row.source_line, $1, now()
                        from incoming row
                        left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
                        left join star.dim_product product_member on product_member.product = row.product and (product_member.valid_from <= coalesce(row.at::timestamptz, '-infinity') or product_member.is_first)
                                     and (product_member.valid_to > coalesce(row.at::timestamptz, '-infinity') or product_member.valid_to is null)
                        where not exists (select from star.fact_newest fact where fact.id = row.id)
                    $sql$ using this.load_id, this.object_time, is_sorted;
                    get diagnostics written = row_count;
                    inserted := inserted + written;
                    exit when written = absent;
                    -- A batch with rows that others may wait for does not wait for the lock itself.
                    if not has_known and not pg_try_advisory_xact_lock_shared(stardrop.table_lock('fact_newest')) then
                        raise exception using errcode = 'SD004';
                    end if;
                    has_known := true;
                end loop;
                exit;
            exception when unique_violation or sqlstate 'SD004' then
                conflicts := conflicts + 1;
                if conflicts > 5 then
                    raise;
                end if;
                is_alone := has_known;
                has_known := true;
            end;
        end loop;
        occurrences := null;
        if staged > grains then
            execute $sql$
                with incoming as (
                    select batch.id,
                           batch.buyer,
                           batch.product,
                           batch.at,
                           batch.paid,
                           batch.quantity,
                           batch.extra,
                           batch.source_line
                    from batch
                    where false
                    union all
                    (select distinct on (batch.id)
                            batch.id,
                            batch.buyer,
                            batch.product,
                            batch.at,
                            batch.paid,
                            batch.quantity,
                            batch.extra,
                            batch.source_line
                     from batch
                     where not false
                     order by batch.id, batch.source_line desc)
                )
                select case when $4 > (select count(*) from incoming) then (
                                   select array[count(*), min(batch.source_line)]
                                   from batch
                                   join incoming on incoming.id = batch.id
                                   where (batch.buyer, batch.product, batch.at, batch.paid, batch.quantity, batch.extra) is distinct from (incoming.buyer, incoming.product, incoming.at, incoming.paid, incoming.quantity, incoming.extra)
                               ) end
$sql$ into occurrences
                using this.load_id, this.object_time, first_line, staged;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name', 'star.fact_newest', 'inserted', inserted, 'updated', updated,
        'unchanged', staged - inserted - updated, 'deleted', 0
    );
    findings := findings || stardrop.finding('repeated_grain', 'newest', 'id', occurrences);
    rows_inserted := inserted;
    rows_updated := updated;
    repeated := staged - grains;

