    -- Dimension flat: when each member was observed, and how it looked then.
    execute $sql$
        with incoming as (
            select distinct on (batch.flat, observed_at)
                   batch.flat, $2 as observed_at, batch.rent, batch.source_line
            from batch
            where batch.flat is not null
            order by batch.flat, observed_at, batch.source_line desc
        ), observed as (
        insert into star.history_flat as history
            (flat, observed_at, rent, source_line, source_load_id, source_time)
        select incoming.flat, incoming.observed_at, incoming.rent, incoming.source_line, $1, $2
        from incoming
        left join star.history_flat existing on existing.flat = incoming.flat and existing.observed_at = incoming.observed_at
        where existing.source_load_id is null
           or existing.source_load_id <> $1
           or (existing.rent) is distinct from (incoming.rent)
        order by incoming.flat, incoming.observed_at
        on conflict (flat, observed_at) do update set
            rent = excluded.rent,
            source_line = excluded.source_line,
            source_load_id = excluded.source_load_id,
            source_time = excluded.source_time
        where excluded.source_time > history.source_time
           or excluded.source_time = history.source_time
          and (excluded.source_load_id = history.source_load_id
              and excluded.source_line >= history.source_line
               or stardrop.load_sorts_after(excluded.source_load_id, history.source_load_id))
        returning history.xmax = 0 as is_new$
        )
        select count(*) filter (where is_new$),
               count(*) filter (where not is_new$),
               (select count(*) from incoming),
               case when $4 > (select count(*) from incoming) then (
                   select array[count(distinct (batch.flat)), min(batch.source_line)]
                   from batch
                   join incoming on incoming.flat = batch.flat
                   where (batch.rent) is distinct from (incoming.rent)
                     and incoming.observed_at = $2
                     and batch.flat is not null
               ) end
        from observed
    $sql$ into inserted,
    updated,
    members,
    occurrences using this.load_id,
    this.object_time,
    first_line,
    staged;
    findings := findings || stardrop.finding('several_descriptions', 'flat', 'flat', occurrences);
    tables := tables || jsonb_build_object(
        'table_name', 'star.history_flat', 'inserted', inserted, 'updated', updated,
        'unchanged', members - inserted - updated, 'deleted', 0
    );

    updated := 0;

    -- Dimension flat: observations that start a version which is missing, and versions
    -- that no observation starts any more.
    execute $sql$
        with incoming as (
            select distinct batch.flat, $2 as observed_at
            from batch
            where batch.flat is not null
        ), affected as (
            select incoming.flat,
                   min(incoming.observed_at) as since$,
                   max(incoming.observed_at) as until$
            from incoming
            join star.history_flat history on history.flat = incoming.flat and history.observed_at = incoming.observed_at
            left join star.dim_flat version on version.flat = incoming.flat
             and version.valid_from <= incoming.observed_at
             and (version.next_from > incoming.observed_at or version.next_from is null)
            where version.valid_from is null
               or version.valid_from = '-infinity'
               or (version.rent) is distinct from (history.rent)
            group by incoming.flat
        ), affected_span as (
            select affected.*,
                   (select history.observed_at
                    from star.history_flat history
                    where history.flat = affected.flat and history.observed_at < affected.since$
                    order by history.observed_at desc
                    limit 1) as before$,
                   (select history.observed_at
                    from star.history_flat history
                    where history.flat = affected.flat and history.observed_at > affected.until$
                    order by history.observed_at
                    limit 1) as after$
            from affected
        ), compared as (
            select history_row$ as observation$, history_row$.flat, history_row$.observed_at,
                   history_row$.observed_at >= affected_span.since$ as is_affected$,
                   lag(history_row$.observed_at) over this_member is null
                       or (history_row$.rent) is distinct from (lag(history_row$.rent) over this_member)
                       or history_row$.reopens as starts_version$,
                   history_row$.source_load_id = $1 and history_row$.source_line >= $3 as is_from_this_batch$
            from affected_span
            join star.history_flat history_row$ on history_row$.flat = affected_span.flat
             and history_row$.observed_at between coalesce(affected_span.before$, affected_span.since$)
                                      and coalesce(affected_span.after$, affected_span.until$)
            window this_member as (partition by history_row$.flat order by history_row$.observed_at)
        )
        select array_agg(compared.observation$) filter (
                   where starts_version$
                     and (version.valid_from is null or (version.rent) is distinct from ((compared.observation$).rent))
               ),
               array_agg(compared.observation$) filter (
                   where not starts_version$ and version.valid_from is not null
               ),
               count(*) filter (where starts_version$ and version.valid_from is null and is_from_this_batch$)
        from compared
        left join star.dim_flat version on version.flat = compared.flat and version.valid_from = compared.observed_at
        where is_affected$
    $sql$ into flat_version_starts, flat_redundant_versions, inserted
        using this.load_id, this.object_time, first_line;

    if flat_version_starts is not null or flat_redundant_versions is not null then
        -- The row of an inferred member becomes its first version.
        execute $sql$
            update star.dim_flat dim
            set valid_from = version_start.observed_at,
            rent = version_start.rent,
            load_id = version_start.source_load_id,
                source_line = version_start.source_line,
                source_load_id = version_start.source_load_id, source_time = version_start.source_time
            from (
                select distinct on (flat) *
                from unnest($1)
                order by flat, observed_at
            ) version_start
            where dim.flat = version_start.flat and dim.valid_from = '-infinity'
        $sql$ using flat_version_starts;

        -- A version that looks like the one before it is deleted.
        execute $sql$
            with deleted as (
                delete from star.dim_flat dim_row$
                using unnest($1) redundant
                where dim_row$.flat = redundant.flat and dim_row$.valid_from = redundant.observed_at
                returning dim_row$ as version$
            )
            select array_agg(deleted.version$), count(*) from deleted
        $sql$ into flat_changed_versions, removed using flat_redundant_versions;

        -- Of two observations at one time the newer one counts.
        execute $sql$
            update star.dim_flat dim
            set rent = version_start.rent,
            load_id = version_start.source_load_id,
            source_line = version_start.source_line,
                source_load_id = version_start.source_load_id, source_time = version_start.source_time
            from unnest($1) version_start
            where dim.flat = version_start.flat and dim.valid_from = version_start.observed_at
              and (dim.rent) is distinct from (version_start.rent)
        $sql$ using flat_version_starts;
        get diagnostics updated = row_count;

        -- Each version ends where the next one starts.
        execute $sql$
            with member as (
                select flat from unnest($1)
                union
                select flat from unnest($2)
            ), existing as (
                select dim_row$ as version$, dim_row$.flat_key, dim_row$.flat, dim_row$.valid_from
                from star.dim_flat dim_row$
                join member using (flat)
            ), boundary as (
                select flat, valid_from from existing
                union
                select flat, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
                window this_member as (partition by flat order by valid_from)
            ), linked as (
                update star.dim_flat dim
                set valid_to = version_chain.valid_to,
                next_from = version_chain.valid_to,
                is_first = version_chain.is_first
                from version_chain
                join existing using (flat, valid_from)
                where dim.flat_key = existing.flat_key
                  and (dim.next_from, dim.is_first) is distinct from (version_chain.valid_to, version_chain.is_first)
                returning existing.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into flat_changed_versions using flat_version_starts,
        flat_redundant_versions,
        flat_changed_versions;

        -- Versions that are missing.
        execute $sql$
            with member as (
                select flat from unnest($1)
                union
                select flat from unnest($2)
            ), existing as (
                select dim_row$ as version$, dim_row$.flat_key, dim_row$.flat, dim_row$.valid_from
                from star.dim_flat dim_row$
                join member using (flat)
            ), boundary as (
                select flat, valid_from from existing
                union
                select flat, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
                window this_member as (partition by flat order by valid_from)
            )
            insert into star.dim_flat
                (flat,
                 rent,
                 valid_from,
                 valid_to,
                 is_first,
                 source_load_id,
                 source_time,
                 next_from,
                 load_id,
                 source_line)
            select version_start.flat,
                   version_start.rent,
                   version_chain.valid_from,
                   version_chain.valid_to,
                   version_chain.is_first,
                   version_start.source_load_id,
                   version_start.source_time,
                   version_chain.valid_to,
                   version_start.source_load_id,
                   version_start.source_line
            from version_chain
            join unnest($1) version_start on version_start.flat = version_chain.flat and version_start.observed_at = version_chain.valid_from
            where not exists (
                select from existing where existing.flat = version_chain.flat and existing.valid_from = version_chain.valid_from
            )
            order by version_start.flat, version_chain.valid_from
        $sql$ using flat_version_starts, flat_redundant_versions, flat_changed_versions;
        get diagnostics added = row_count;
        -- A version ends with its member.
        execute $sql$
        with member as (
            select flat from unnest($1)
            union
            select flat from unnest($2)
        ), change as (
            select presence.flat, l.object_time as at$,
                   case row_number() over (
                       partition by presence.flat, l.dataset, l.bucket, l.key
                       order by l.object_time, rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C",
                         coalesce(l.version_id, ''), coalesce(l.etag, ''), l.generation, l.load_id
                   ) % 2 when 1 then 1 else -1 end as step$
            from member
            join star.presence_flat presence on presence.flat = member.flat
            join stardrop.load l on l.load_id = presence.load_id
        ), moment as (
            select change.flat, change.at$,
                   sum(sum(change.step$)) over (partition by change.flat order by change.at$) as present$
            from change
            group by change.flat, change.at$
        ), span as (
            select moment.*,
                   lead(moment.at$) over (partition by moment.flat order by moment.at$) as until$
            from moment
        ), ending as (
            select version.flat_key,
                   least(version.next_from, min(
                       case when gap.at$ >= version.valid_from then gap.at$
                       else (
                           -- The version started while no extract had the member.
                           select min(l.object_time)
                           from star.extract_flat known
                           join stardrop.load l on l.load_id = known.load_id
                           where l.object_time > version.valid_from
                             and (l.object_time < gap.until$ or gap.until$ is null)
                             and exists (
                                 select
                                 from star.presence_flat presence
                                 join stardrop.load its on its.load_id = presence.load_id
                                 where presence.flat = gap.flat
                                   and its.dataset = l.dataset and its.bucket = l.bucket and its.key = l.key
                             )
                       ) end
                   )) as valid_to
            from member
            join star.dim_flat version on version.flat = member.flat
            left join span gap on gap.flat = version.flat
             and gap.present$ = 0
             and (gap.until$ > version.valid_from or gap.until$ is null)
            group by version.flat_key
        ), ended as (
            update star.dim_flat dim
            set valid_to = ending.valid_to
            from ending
            where dim.flat_key = ending.flat_key and dim.valid_to is distinct from ending.valid_to
            returning dim.valid_to, dim.next_from
        )
        select count(*) filter (where next_from is null and valid_to is not null) from ended
        $sql$ into gone using flat_version_starts, flat_redundant_versions;
    end if;

    -- Dimension flat: members that do not exist yet are inferred from their key.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select batch.flat, batch.source_line
                    from batch
                    where batch.flat is not null

                ) member
                where not exists (select from star.dim_flat existing where existing.flat = member.flat)

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with referenced as (
                    select batch.flat, batch.source_line
                    from batch
                    where batch.flat is not null

                ), member as (
                    select distinct on (referenced.flat) referenced.flat, referenced.source_line
                    from referenced
                    order by referenced.flat, referenced.source_line
                ), upserted as (
                    insert into star.dim_flat
                        (flat,
                         valid_from,
                         is_first,
                         load_id,
                         source_line,
                         source_load_id,
                         source_time)
                    select member.flat, '-infinity', true, $1, member.source_line, 0, '-infinity'
                    from member
                    where not exists (select from star.dim_flat existing where existing.flat = member.flat)
                    order by member.flat
                    on conflict do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) from upserted

            $sql$ into inferred using this.load_id;
        else
            inferred := 0;
        end if;
    end;

    added := added + inferred;

    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_flat',
        'inserted',
        added,
        'updated',
        updated,
        'unchanged',
        0,
        'deleted',
        removed
    );
    -- A row that starts a version and also changes other attributes counts once.
    inserted := least(inserted, staged);
    updated := least(updated, staged - inserted);
    rows_inserted := inserted;
    rows_updated := updated;
    -- Dimension flat: which members this extract has.
    if nullif(current_setting('stardrop.load_id', true), '') is not null then
        execute $sql$
            insert into star.seen_flat (load_id, flat)
            select distinct $1, batch.flat
            from batch
            where batch.flat is not null
            on conflict do nothing
        $sql$ using this.load_id;
    end if;

    findings := findings || stardrop.finding('unknown_member', 'flat', 'flat', unknown[1:2]);
