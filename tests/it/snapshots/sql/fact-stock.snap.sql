    -- Fact stock: rows that repeat a grain of their file and differ are refused.
    perform stardrop.wait_for_turn();
    execute $sql$
        with overruled as (
            select confirmed.of_load, line.word, bit_or(line.bits) as bits
            from star.confirmed_stock confirmed
            cross join unnest(confirmed.words, confirmed.bits) line (word, bits)
            where confirmed.load_id = any (array[$1])
            group by confirmed.of_load, line.word
        ), earliest as (
            select distinct on (batch.part)
                   batch.part, batch.day, batch.count, batch.extra, batch.source_line
            from batch
            
            order by batch.part, batch.source_line
        ), repeated as (
            select batch.source_line
            from batch
            join earliest on earliest.part = batch.part
            where (batch.day, batch.count, batch.extra) is distinct from (earliest.day, earliest.count, earliest.extra)
            union
            select row.source_line
            from batch row
            left join star.dim_part part_member on part_member.part = row.part
            join star.fact_stock loaded on loaded.part = row.part
            left join overruled
              on overruled.of_load = loaded.load_id
             and overruled.word = loaded.source_line >> 6 and overruled.bits >> (loaded.source_line & 63)::integer & 1 = 1
            where (loaded.load_id = $1 or overruled.of_load is not null)
              and (case when row.part is null then -1 else coalesce(part_member.part_key, stardrop.raise_missing_member('star.dim_part')) end, coalesce(row.day, date '0001-01-01'), row.count, row.extra) is distinct from (loaded.part_key, loaded.date_key, loaded.count, loaded.extra)
            order by source_line
            limit 10000
        )
        select string_agg(repeated.source_line::text, ', ' order by repeated.source_line)
        from repeated
    $sql$ into repeated_lines using this.load_id;
    if repeated_lines is not null then
        raise exception using errcode = 'SD003',
        message = 'the grain (part) is that of an earlier row of the file, and the rows differ (policy repeated_grain)',
        detail = repeated_lines;
    end if;

    -- Fact stock: one row per part, the newest wins.
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
        replaced bigint[];
        unreplaced bigint[];
    begin
        select array_agg(l.load_id) filter (where l.is_replaced),
               array_agg(l.load_id) filter (where not l.is_replaced)
        into replaced, unreplaced
        from (
            select other.load_id, stardrop.is_replaced_by(other.load_id, this.load_id) as is_replaced
            from stardrop.load own
            join stardrop.load other on other.bucket = own.bucket and other.key = own.key
            where own.load_id = this.load_id
        ) l;
        execute $sql$
            select count(*) > 0, coalesce(bool_or((fact.count, fact.extra) is distinct from (row.count, row.extra)), false)
            from (select batch.part, batch.day, batch.count, batch.extra from batch limit 1000) row
            join star.fact_stock fact on fact.part = row.part
        $sql$ into has_known, is_alone;
        -- Files are often in the order of their grains: then each has one row, and none need be sorted.
        if staged >= 10000 then
            for pass in 1..2 loop
                execute $sql$
            select coalesce(bool_and(row.is_after), true), coalesce(bool_and(row.is_before), true)
            from (
                select batch.part > lag(batch.part) over () as is_after,
                       batch.part < lag(batch.part) over () as is_before
                from (select batch.part from batch limit $1) batch
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
                    perform pg_advisory_xact_lock(stardrop.table_lock('fact_stock'));
                    select array_agg(l.load_id) into overruling
                    from stardrop.load l
                    where l.dataset = 'stock'
                      and (l.object_time > this.object_time
                           or l.object_time = this.object_time and stardrop.load_sorts_after(l.load_id, this.load_id))
                      and (l.load_id = any (replaced)) is not true;
                elsif has_known then
                    perform pg_advisory_xact_lock_shared(stardrop.table_lock('fact_stock'));
                end if;
                loop
                    if has_known then
                        execute $sql$
                            with incoming as (
                                select batch.part,
                                       batch.day,
                                       batch.count,
                                       batch.extra,
                                       batch.source_line
                                from batch
                                where $4
                                union all
                                (select distinct on (batch.part)
                                        batch.part,
                                        batch.day,
                                        batch.count,
                                        batch.extra,
                                        batch.source_line
                                 from batch
                                 where not $4
                                 order by batch.part, batch.source_line desc)
                            ), overruled as (
                                select confirmed.of_load, line.word, bit_or(line.bits) as bits
                                from star.confirmed_stock confirmed
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
                                               fact.load_id is not null and (case when fact.load_id = any ($5) then not (overruled.of_load is not null)
                                                when fact.load_id = any ($6) then false
                                                else ($2 > known.object_time
                                           or $2 = known.object_time
                                          and ($1 = fact.load_id and arrived.source_line >= fact.source_line
                                               or stardrop.load_sorts_after($1, fact.load_id))) and not (overruled.of_load is not null) end) as wins$,
                                               (fact.part_key, fact.date_key, fact.count, fact.extra)
                                               is distinct from (arrived.part_key, arrived.date_key, arrived.count, arrived.extra) as differs$,
                                               overruled.of_load is not null as is_overruled$
                                        from (
                                            select
                                                   row.part as part,
                                                   case when row.part is null then -1 else coalesce(part_member.part_key, stardrop.raise_missing_member('star.dim_part')) end as part_key,
                                                   coalesce(row.day, date '0001-01-01') as date_key,
                                                   row.count as count,
                                                   row.extra as extra,
                                                   row.source_line
                                            from incoming row
                                            left join star.dim_part part_member on part_member.part = row.part
                                        ) arrived
                                        left join star.fact_stock fact on fact.part = arrived.part
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
                                insert into star.confirmed_stock (load_id, of_load, words, bits)
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
                            using this.load_id,
                            this.object_time,
                            overruling,
                            is_unique,
                            replaced,
                            unreplaced;
                        if to_change > 0 then
                            if not is_alone then
                                raise exception using errcode = 'SD004';
                            end if;
                            execute $sql$
                                with overruled as (
                                    select confirmed.of_load, line.word, bit_or(line.bits) as bits
                                    from star.confirmed_stock confirmed
                                    cross join unnest(confirmed.words, confirmed.bits) line (word, bits)
                                    where confirmed.load_id = any ($3)
                                    group by confirmed.of_load, line.word
                                ), compared as (
                                    select arrived.*,
                                           fact.load_id is not null and (case when fact.load_id = any ($5) then not (overruled.of_load is not null)
                                                    when fact.load_id = any ($6) then false
                                                    else ($2 > known.object_time
                                               or $2 = known.object_time
                                              and ($1 = fact.load_id and arrived.source_line >= fact.source_line
                                                   or stardrop.load_sorts_after($1, fact.load_id))) and not (overruled.of_load is not null) end) as wins$,
                                           (fact.part_key, fact.date_key, fact.count, fact.extra)
                                           is distinct from (arrived.part_key, arrived.date_key, arrived.count, arrived.extra) as differs$
                                    from (
                                        select
                                               row.part as part,
                                               case when row.part is null then -1 else coalesce(part_member.part_key, stardrop.raise_missing_member('star.dim_part')) end as part_key,
                                               coalesce(row.day, date '0001-01-01') as date_key,
                                               row.count as count,
                                               row.extra as extra,
                                               row.source_line
                                        from (
                                            select distinct on (batch.part)
                                                   batch.part,
                                                   batch.day,
                                                   batch.count,
                                                   batch.extra,
                                                   batch.source_line
                                            from batch
                                            join unnest($4) changed (line) on changed.line = batch.source_line
                                            order by batch.part, batch.source_line desc
                                        ) row
                                        left join star.dim_part part_member on part_member.part = row.part
                                    ) arrived
                                    join star.fact_stock fact on fact.part = arrived.part
                                    left join stardrop.load known on known.load_id = fact.load_id
                                    left join overruled
                                      on overruled.of_load = fact.load_id
                                     and overruled.word = fact.source_line >> 6 and overruled.bits >> (fact.source_line & 63)::integer & 1 = 1
                                ), changed as (
                                    update star.fact_stock fact set
                                        part_key = compared.part_key,
                                        date_key = compared.date_key,
                                        count = compared.count,
                                        extra = compared.extra,
                                        load_id = $1,
                                        source_line = compared.source_line
                                    from compared
                                    where fact.part = compared.part
                                      and compared.wins$
                                      and compared.differs$
                                )
                                select count(*) filter (where compared.wins$ and compared.differs$)
                                from compared
                            $sql$ into written
                                using this.load_id,
                                this.object_time,
                                overruling,
                                lines,
                                replaced,
                                unreplaced;
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
                            select batch.part,
                                   batch.day,
                                   batch.count,
                                   batch.extra,
                                   batch.source_line
                            from batch
                            where $3
                            union all
                            (select distinct on (batch.part)
                                    batch.part,
                                    batch.day,
                                    batch.count,
                                    batch.extra,
                                    batch.source_line
                             from batch
                             where not $3
                             order by batch.part, batch.source_line desc)
                        )
                        insert into star.fact_stock
                            (part, part_key, date_key, count, extra, load_id, source_line)
                        select
                               row.part,
                               case when row.part is null then -1 else coalesce(part_member.part_key, stardrop.raise_missing_member('star.dim_part')) end,
                               coalesce(row.day, date '0001-01-01'),
                               row.count,
                               row.extra,
                               $1, row.source_line
                        from incoming row
                        left join star.dim_part part_member on part_member.part = row.part
                        where not exists (select from star.fact_stock fact where fact.part = row.part)
                    $sql$ using this.load_id, this.object_time, is_sorted;
                    get diagnostics written = row_count;
                    inserted := inserted + written;
                    exit when written = absent;
                    -- A batch with rows that others may wait for does not wait for the lock itself.
                    if not has_known and not pg_try_advisory_xact_lock_shared(stardrop.table_lock('fact_stock')) then
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
                    select batch.part, batch.day, batch.count, batch.extra, batch.source_line
                    from batch
                    where false
                    union all
                    (select distinct on (batch.part)
                            batch.part, batch.day, batch.count, batch.extra, batch.source_line
                     from batch
                     where not false
                     order by batch.part, batch.source_line desc)
                )
                select case when $4 > (select count(*) from incoming) then (
                                   select array[count(*), min(batch.source_line)]
                                   from batch
                                   join incoming on incoming.part = batch.part
                                   where (batch.day, batch.count, batch.extra) is distinct from (incoming.day, incoming.count, incoming.extra)
                               ) end
$sql$ into occurrences
                using this.load_id, this.object_time, first_line, staged;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name', 'star.fact_stock', 'inserted', inserted, 'updated', updated,
        'unchanged', staged - inserted - updated, 'deleted', 0
    );
    findings := findings || stardrop.finding('repeated_grain', 'stock', 'part', occurrences);
    rows_inserted := inserted;
    rows_updated := updated;
    repeated := staged - grains;
    end if;

    findings := findings || stardrop.finding('unknown_member', 'date', 'day', unknown[1:2]);
