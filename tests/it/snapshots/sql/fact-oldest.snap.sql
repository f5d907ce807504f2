    -- Fact oldest: one row per id, the oldest wins.
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
            select count(*) > 0, coalesce(bool_or((fact.paid) is distinct from (row.paid)), false)
            from (select batch.id, batch.buyer, batch.paid, batch.extra from batch limit 1000) row
            join star.fact_oldest fact on fact.id = row.id
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
                    perform pg_advisory_xact_lock(stardrop.table_lock('fact_oldest'));
                    select array_agg(distinct l.load_id) into overruling
                    from star.confirmed_oldest confirmed
                    join stardrop.load l on l.load_id = confirmed.load_id
                    where l.load_id = this.load_id
                       or l.object_time < this.object_time
                       or l.object_time = this.object_time and stardrop.load_sorts_after(this.load_id, l.load_id);
                elsif has_known then
                    perform pg_advisory_xact_lock_shared(stardrop.table_lock('fact_oldest'));
                end if;
                loop
                    if has_known then
                        execute $sql$
                            with incoming as (
                                select batch.id,
                                       batch.buyer,
                                       batch.paid,
                                       batch.extra,
                                       batch.source_line
                                from batch
                                where $4
                                union all
                                (select distinct on (batch.id)
                                        batch.id,
                                        batch.buyer,
                                        batch.paid,
                                        batch.extra,
                                        batch.source_line
                                 from batch
                                 where not $4
                                 order by batch.id, batch.source_line)
                            ), overruled as (
                                select confirmed.of_load, line.word, bit_or(line.bits) as bits
                                from star.confirmed_oldest confirmed
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
                                               fact.load_id is not null and (($2 < known.object_time
                                           or $2 = known.object_time
                                          and ($1 = fact.load_id and arrived.source_line < fact.source_line
                                               or stardrop.load_sorts_after(fact.load_id, $1))) and not (overruled.of_load is not null)) as wins$,
                                               (fact.buyer_key, fact.paid)
                                               is distinct from (arrived.buyer_key, arrived.paid) as differs$,
                                               overruled.of_load is not null as is_overruled$
                                        from (
                                            select
                                                   row.id as id,
                                                   case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end as buyer_key,
                                                   row.paid as paid,
                                                   row.source_line
                                            from incoming row
                                            left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
                                        ) arrived
                                        left join star.fact_oldest fact on fact.id = arrived.id
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
                                insert into star.confirmed_oldest (load_id, of_load, words, bits)
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
                                    from star.confirmed_oldest confirmed
                                    cross join unnest(confirmed.words, confirmed.bits) line (word, bits)
                                    where confirmed.load_id = any ($3)
                                    group by confirmed.of_load, line.word
                                ), compared as (
                                    select arrived.*,
                                           fact.load_id is not null and (($2 < known.object_time
                                               or $2 = known.object_time
                                              and ($1 = fact.load_id and arrived.source_line < fact.source_line
                                                   or stardrop.load_sorts_after(fact.load_id, $1))) and not (overruled.of_load is not null)) as wins$,
                                           (fact.buyer_key, fact.paid)
                                           is distinct from (arrived.buyer_key, arrived.paid) as differs$
                                    from (
                                        select
                                               row.id as id,
                                               case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end as buyer_key,
                                               row.paid as paid,
                                               row.source_line
                                        from (
                                            select distinct on (batch.id)
                                                   batch.id,
                                                   batch.buyer,
                                                   batch.paid,
                                                   batch.extra,
                                                   batch.source_line
                                            from batch
                                            join unnest($4) changed (line) on changed.line = batch.source_line
                                            order by batch.id, batch.source_line
                                        ) row
                                        left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
                                    ) arrived
                                    join star.fact_oldest fact on fact.id = arrived.id
                                    left join stardrop.load known on known.load_id = fact.load_id
                                    left join overruled
                                      on overruled.of_load = fact.load_id
                                     and overruled.word = fact.source_line >> 6 and overruled.bits >> (fact.source_line & 63)::integer & 1 = 1
                                ), changed as (
                                    update star.fact_oldest fact set
                                        buyer_key = compared.buyer_key,
                                        paid = compared.paid,
                                        load_id = $1,
                                        source_line = compared.source_line
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
                                   batch.paid,
                                   batch.extra,
                                   batch.source_line
                            from batch
                            where $3
                            union all
                            (select distinct on (batch.id)
                                    batch.id,
                                    batch.buyer,
                                    batch.paid,
                                    batch.extra,
                                    batch.source_line
                             from batch
                             where not $3
                             order by batch.id, batch.source_line)
                        )
                        insert into star.fact_oldest
                            (id, buyer_key, paid, load_id, source_line)
                        select
                               row.id,
                               case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end,
                               row.paid,
                               $1, row.source_line
                        from incoming row
                        left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
                        where not exists (select from star.fact_oldest fact where fact.id = row.id)
                    $sql$ using this.load_id, this.object_time, is_sorted;
                    get diagnostics written = row_count;
                    inserted := inserted + written;
                    exit when written = absent;
                    -- A batch with rows that others may wait for does not wait for the lock itself.
                    if not has_known and not pg_try_advisory_xact_lock_shared(stardrop.table_lock('fact_oldest')) then
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
                    select batch.id, batch.buyer, batch.paid, batch.extra, batch.source_line
                    from batch
                    where false
                    union all
                    (select distinct on (batch.id)
                            batch.id, batch.buyer, batch.paid, batch.extra, batch.source_line
                     from batch
                     where not false
                     order by batch.id, batch.source_line)
                )
                select case when $4 > (select count(*) from incoming) then (
                                   select array[count(*), min(batch.source_line)]
                                   from batch
                                   join incoming on incoming.id = batch.id
                                   where (batch.buyer, batch.paid, batch.extra) is distinct from (incoming.buyer, incoming.paid, incoming.extra)
                               ) end
$sql$ into occurrences
                using this.load_id, this.object_time, first_line, staged;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name', 'star.fact_oldest', 'inserted', inserted, 'updated', updated,
        'unchanged', staged - inserted - updated, 'deleted', 0
    );
    findings := findings || stardrop.finding('repeated_grain', 'oldest', 'id', occurrences);

