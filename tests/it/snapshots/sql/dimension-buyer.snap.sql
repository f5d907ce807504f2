    -- Dimension buyer: the newest value of each attribute.
    declare
        is_alone boolean := false;
        may_insert boolean := not stardrop.has_to_wait(staged);
        has_new boolean;
        absent bigint;
        written bigint;
        to_change bigint;
        changed bigint;
        newer_loads bigint[];
    begin
        inserted := 0;
        updated := 0;
        if staged > 1000 then
            execute $sql$
            select coalesce(bool_or(dim.buyer_key is not null and (dim.source_time = '-infinity' or (dim.town) is distinct from (member.town))), false),
                   coalesce(bool_or(dim.buyer_key is null), false)
            from (select batch.buyer, batch.town from batch limit 1000) member
            left join star.dim_buyer dim on dim.buyer = member.buyer
            where member.buyer is not null
        $sql$ into is_alone, has_new;
        end if;
        loop
            begin
                if is_alone or has_new and not may_insert then
                    perform stardrop.wait_for_turn();
                    may_insert := true;
                end if;
                if is_alone then
                    perform pg_advisory_xact_lock(stardrop.table_lock('dim_buyer'));
                    select array_agg(l.load_id) into newer_loads
                    from stardrop.load l
                    where l.dataset in ('shop')
                      and (l.object_time > this.object_time
                           or l.object_time = this.object_time and stardrop.load_sorts_after(l.load_id, this.load_id));
                else
                    perform pg_advisory_xact_lock_shared(stardrop.table_lock('dim_buyer'));
                end if;
                execute $sql$
                    with description as (
                                select batch.buyer, batch.town,
                                       min(batch.source_line) as first_line$, max(batch.source_line) as last_line$
                                from batch
                                where batch.buyer is not null
                                group by batch.buyer, batch.town
                            ), member as (
                                select distinct on (description.buyer)
                                       description.buyer,
                                       description.town,
                                       description.last_line$ as source_line
                                from description
                                order by description.buyer, description.last_line$ desc
                            ), repeated as (
                        select repeated.position, line.word, bit_or(line.bits) as bits
                        from star.repeated_buyer repeated
                        cross join unnest(repeated.words, repeated.bits) line (word, bits)
                        where repeated.load_id = any ($5)
                        group by repeated.position, line.word
                    ), known as (
                        select member.*, dim.buyer_key as known_key$,
                               dim.load_id is not null and (($2 > dim.source_time
                                       or $2 = dim.source_time
                                      and ($1 = dim.source_load_id and (dim.load_id <> $1 or member.source_line >= dim.source_line)
                                           or stardrop.load_sorts_after($1, dim.source_load_id)))) as wins$,
                               (dim.town) is distinct from (member.town) as differs$,
                               dim.source_time = '-infinity' as is_empty$,
                               dim.source_load_id = $1 as is_own$,
                               repeated.word is not null as is_repeated$
                        from member
                        left join star.dim_buyer dim on dim.buyer = member.buyer
                        left join repeated repeated
                          on repeated.position = 'source_load_id'
                         and repeated.word = dim.buyer_key >> 6 and repeated.bits >> (dim.buyer_key & 63)::integer & 1 = 1
                    ), compared as (
                        select known.*,
                               known.wins$ and (known.differs$ or known.is_empty$) and not known.is_repeated$ as changes$
                        from known
                    ), inserted as (
                        insert into star.dim_buyer
                            (buyer, town, load_id, source_line, source_load_id, source_time)
                        select compared.buyer, compared.town,
                               $1, compared.source_line, $1, $2
                        from compared
                        where compared.known_key$ is null and $6
                        order by compared.buyer
                        on conflict (buyer) do nothing
                        returning true
                    ), updated as (
                        update star.dim_buyer dim set
                            town = compared.town,
                            source_load_id = $1,
                            source_time = $2,
                            load_id = case when compared.changes$ and compared.differs$ then $1 else dim.load_id end,
                            source_line = case when compared.changes$ and compared.differs$ then compared.source_line else dim.source_line end
                        from compared
                        where dim.buyer_key = compared.known_key$
                          and (compared.changes$)
                          and $4
                    ), noted as (
                        insert into star.repeated_buyer (load_id, position, words, bits)
                        select $1,
                               'source_load_id',
                               array_agg(line.word order by line.word),
                               array_agg(line.bits order by line.word)
                        from (
                            select compared.known_key$ >> 6 as word, bit_or(1::bigint << (compared.known_key$ & 63)::integer) as bits
                            from compared
                            where compared.wins$ and not (compared.differs$ or compared.is_empty$ or compared.is_own$)
                            group by compared.known_key$ >> 6
                        ) line
                        having count(*) > 0
                    )
                    select count(*) filter (where compared.known_key$ is null),
                           (select count(*) from inserted),
                           count(*) filter (where compared.changes$),
                           count(*) filter (where $4 and (compared.changes$ and compared.differs$)),
                           count(*),
                           case when (select count(*) from description) > (select count(*) from member) then (
                                       select array[count(distinct (description.buyer)), min(description.first_line$)]
                                       from description
                                       join member on description.buyer = member.buyer
                                       where (description.town) is distinct from (member.town)
                                   ) end
                    from compared
                $sql$ into absent, written, to_change, changed, members, occurrences
                    using this.load_id,
                    this.object_time,
                    first_line,
                    is_alone,
                    newer_loads,
                    may_insert;
                if absent > 0 and not may_insert then
                    has_new := true;
                    raise exception using errcode = 'SD006';
                end if;
                -- Members that another batch has inserted meanwhile are compared, too.
                if not is_alone and (to_change > 0 or written < absent) then
                    is_alone := true;
                    raise exception using errcode = 'SD006';
                end if;
                inserted := inserted + written;
                updated := updated + changed;
                exit when written = absent;
            exception when sqlstate 'SD006' then
                -- What it needs is noted.
                null;
            end;
        end loop;
    end;
    findings := findings || stardrop.finding('several_descriptions', 'buyer', 'buyer', occurrences);
    tables := tables || jsonb_build_object(
        'table_name', 'star.dim_buyer', 'inserted', inserted, 'updated', updated,
        'unchanged', members - inserted - updated, 'deleted', 0
    );

    -- Dimension buyer: members that do not exist yet are inferred from their key.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select batch.buyer, batch.source_line
                    from batch
                    where batch.buyer is not null

                ) member
                where not exists (select from star.dim_buyer existing where existing.buyer = member.buyer)

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with referenced as (
                    select batch.buyer, batch.source_line
                    from batch
                    where batch.buyer is not null

                ), member as (
                    select distinct on (referenced.buyer) referenced.buyer, referenced.source_line
                    from referenced
                    order by referenced.buyer, referenced.source_line
                ), upserted as (
                    insert into star.dim_buyer
                        (buyer, load_id, source_line, source_load_id, source_time)
                    select member.buyer, $1, member.source_line, 0, '-infinity'
                    from member
                    where not exists (select from star.dim_buyer existing where existing.buyer = member.buyer)
                    order by member.buyer
                    on conflict (buyer) do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) filter (where is_new$),
                               count(*) filter (where is_changed$ and not is_new$)
                        from upserted

            $sql$ into inserted, updated using this.load_id;
        else
            inserted := 0;
            updated := 0;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_buyer',
        'inserted',
        inserted,
        'updated',
        0,
        'unchanged',
        0,
        'deleted',
        0
    );

