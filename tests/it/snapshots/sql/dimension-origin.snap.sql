    -- Dimension origin: the oldest value of each attribute.
    declare
        is_alone boolean := false;
        may_insert boolean := not stardrop.has_to_wait(staged);
        has_new boolean;
        absent bigint;
        written bigint;
        to_change bigint;
        changed bigint;
    begin
        inserted := 0;
        updated := 0;
        if staged > 1000 then
            execute $sql$
            select coalesce(bool_or(dim.origin_key is not null and (dim.source_time = '-infinity' or (dim.town) is distinct from (member.town))), false),
                   coalesce(bool_or(dim.origin_key is null), false)
            from (select batch.source, batch.town from batch limit 1000) member
            left join star.dim_origin dim on dim.source = member.source
            where member.source is not null
        $sql$ into is_alone, has_new;
        end if;
        loop
            begin
                if is_alone or has_new and not may_insert then
                    perform stardrop.wait_for_turn();
                    may_insert := true;
                end if;
                if is_alone then
                    perform pg_advisory_xact_lock(stardrop.table_lock('dim_origin'));
                else
                    perform pg_advisory_xact_lock_shared(stardrop.table_lock('dim_origin'));
                end if;
                execute $sql$
                    with description as (
                                select batch.source, batch.town,
                                       min(batch.source_line) as first_line$, max(batch.source_line) as last_line$
                                from batch
                                where batch.source is not null
                                group by batch.source, batch.town
                            ), member as (
                                select distinct on (description.source)
                                       description.source,
                                       description.town,
                                       description.first_line$ as source_line
                                from description
                                order by description.source, description.first_line$
                            ), known as (
                        select member.*, dim.origin_key as known_key$,
                               dim.load_id is not null and ((dim.source_time = '-infinity'
                                       or $2 < dim.source_time
                                       or $2 = dim.source_time
                                      and ($1 = dim.source_load_id and dim.load_id = $1 and member.source_line < dim.source_line
                                   or stardrop.load_sorts_after(dim.source_load_id, $1)))) as wins$,
                               (dim.town) is distinct from (member.town) as differs$,
                               dim.source_time = '-infinity' as is_empty$,
                               dim.source_load_id = $1 as is_own$,
                               false as is_repeated$
                        from member
                        left join star.dim_origin dim on dim.source = member.source
                    ), compared as (
                        select known.*,
                               known.wins$ as changes$
                        from known
                    ), inserted as (
                        insert into star.dim_origin
                            (source, town, load_id, source_line, source_load_id, source_time)
                        select compared.source, compared.town,
                               $1, compared.source_line, $1, $2
                        from compared
                        where compared.known_key$ is null and $6
                        order by compared.source
                        on conflict (source) do nothing
                        returning true
                    ), updated as (
                        update star.dim_origin dim set
                            town = compared.town,
                            source_load_id = $1,
                            source_time = $2,
                            load_id = case when compared.changes$ and compared.differs$ then $1 else dim.load_id end,
                            source_line = case when compared.changes$ and compared.differs$ then compared.source_line else dim.source_line end
                        from compared
                        where dim.origin_key = compared.known_key$
                          and (compared.changes$)
                          and $4
                    )
                    select count(*) filter (where compared.known_key$ is null),
                           (select count(*) from inserted),
                           count(*) filter (where compared.changes$),
                           count(*) filter (where $4 and (compared.changes$ and compared.differs$)),
                           count(*),
                           case when (select count(*) from description) > (select count(*) from member) then (
                                       select array[count(distinct (description.source)), min(description.first_line$)]
                                       from description
                                       join member on description.source = member.source
                                       where (description.town) is distinct from (member.town)
                                   ) end
                    from compared
                $sql$ into absent, written, to_change, changed, members, occurrences
                    using this.load_id,
                    this.object_time,
                    first_line,
                    is_alone,
                    null::bigint[],
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
    findings := findings || stardrop.finding('several_descriptions', 'origin', 'source', occurrences);
    tables := tables || jsonb_build_object(
        'table_name', 'star.dim_origin', 'inserted', inserted, 'updated', updated,
        'unchanged', members - inserted - updated, 'deleted', 0
    );

