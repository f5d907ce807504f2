create or replace function staging.undo_rental(in_load_id bigint, in_replays boolean default false) returns jsonb
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set jit = off
    set timezone = 'UTC'
as $undo$
#variable_conflict use_variable
declare
    deleted bigint;
    confirmed_by bigint[] := array[]::bigint[];
    unsure text[] := array[]::text[];
    report jsonb := '{}'::jsonb;
    touched bigint[];
    cleared bigint[];
    removed_versions bigint;
    left_without bigint;
    extract_time timestamptz;
    up_to_this bigint[];
    next_extract bigint;
    is_new boolean;
    gone bigint := 0;
    back bigint := 0;
    inserted bigint := 0;
    updated bigint := 0;
    added bigint := 0;
    removed bigint := 0;
    flat_version_starts star.history_flat[];
    flat_redundant_versions star.history_flat[];
    flat_changed_versions star.dim_flat[];
    flat_taken star.history_flat[];
begin
    -- Dimension flat: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.flat_key), '{}') into touched
    from star.dim_flat member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.flat_key <> -1;
    loop
        execute $sql$
            with deleted as (
                delete from star.history_flat history_row$
                where history_row$.ctid = any (array(
                    select taken.ctid from star.history_flat taken where taken.source_load_id = $1 limit 50000
                ))
                returning history_row$ as observation$
            )
            select array_agg(deleted.observation$) from deleted
        $sql$ into flat_taken using in_load_id;
        exit when flat_taken is null;
        execute $sql$
            select $2 || array_agg(version.flat_key)
            from star.dim_flat version
            join (select distinct flat from unnest($1)) member on version.flat = member.flat
        $sql$ into touched using flat_taken, touched;
        -- The first version of a member that nobody describes any more is that of an inferred one.
        execute $sql$
            with inferred as (
                update star.dim_flat dim
                set valid_from = '-infinity', rent = null, source_load_id = 0, source_time = '-infinity'
                from (select distinct flat from unnest($1)) member
                where dim.flat = member.flat
                  and dim.is_first
                  and dim.valid_from <> '-infinity'
                  and not exists (select from star.history_flat history where history.flat = member.flat)
                returning dim.flat_key
            )
            select $2 || array_agg(inferred.flat_key) from inferred
        $sql$ into cleared using flat_taken, cleared;
    execute $sql$
        with affected_span as (
            select member.*, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$,
                   null::timestamptz as before$, null::timestamptz as after$
            from (
                select distinct flat from unnest($4)
            ) member
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
        using in_load_id, now(), 0::bigint, flat_taken;
        flat_redundant_versions := coalesce(flat_redundant_versions, '{}') || flat_taken;
        -- The row of an inferred member becomes its first version.
        execute $sql$
            update star.dim_flat dim
            set valid_from = version_start.observed_at, rent = version_start.rent, load_id = version_start.source_load_id,
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
            set rent = version_start.rent, load_id = version_start.source_load_id, source_line = version_start.source_line,
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
                set valid_to = version_chain.valid_to, next_from = version_chain.valid_to, is_first = version_chain.is_first
                from version_chain
                join existing using (flat, valid_from)
                where dim.flat_key = existing.flat_key
                  and (dim.next_from, dim.is_first) is distinct from (version_chain.valid_to, version_chain.is_first)
                returning existing.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into flat_changed_versions using flat_version_starts, flat_redundant_versions, flat_changed_versions;

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
                (flat, rent, valid_from, valid_to, is_first, source_load_id, source_time, next_from, load_id, source_line)
            select version_start.flat, version_start.rent, version_chain.valid_from, version_chain.valid_to, version_chain.is_first,
                   version_start.source_load_id, version_start.source_time, version_chain.valid_to, version_start.source_load_id, version_start.source_line
            from version_chain
            join unnest($1) version_start on version_start.flat = version_chain.flat and version_start.observed_at = version_chain.valid_from
            where not exists (
                select from existing where existing.flat = version_chain.flat and existing.valid_from = version_chain.valid_from
            )
            order by version_start.flat, version_chain.valid_from
        $sql$ using flat_version_starts, flat_redundant_versions, flat_changed_versions;
        get diagnostics added = row_count;
        removed_versions := removed_versions + removed;
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
    end loop;

    -- Dimension flat: the extracts of this key.
    is_new := not exists (select from star.extract_flat known where known.load_id = in_load_id);
    select this.object_time,
           neighbors.loads[:array_position(neighbors.loads, in_load_id)],
           neighbors.loads[array_position(neighbors.loads, in_load_id) + 1]
    into extract_time, up_to_this, next_extract
    from stardrop.load this
    cross join lateral (
        select array_agg(l.load_id order by l.object_time, rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C",
                         coalesce(l.version_id, ''), coalesce(l.etag, ''), l.generation, l.load_id) as loads
        from stardrop.load l
        where l.dataset = this.dataset
          and l.bucket = this.bucket
          and l.key = this.key
          and (l.load_id = in_load_id
               or exists (select from star.extract_flat known where known.load_id = l.load_id))
    ) neighbors
    where this.load_id = in_load_id;
    delete from star.seen_flat seen where seen.load_id = in_load_id;
    if not is_new then
        insert into star.seen_flat (load_id, flat)
        select presence.load_id, presence.flat
        from star.presence_flat presence
        where presence.load_id = in_load_id;
        delete from star.presence_flat presence where presence.load_id = in_load_id;
    execute $sql$
        with deleted as (
            delete from star.presence_flat presence
            using star.seen_flat seen
            where seen.load_id = $1 and presence.load_id = $2 and presence.flat = seen.flat
        )
        insert into star.presence_flat (flat, load_id)
        select seen.flat, $2
        from star.seen_flat seen
        where seen.load_id = $1
          and $2 is not null
          and not exists (select from star.presence_flat presence where presence.load_id = $2 and presence.flat = seen.flat)
    $sql$ using in_load_id, next_extract;
        delete from star.extract_flat known where known.load_id = in_load_id;
        -- Members that this extract was the first not to have.
        insert into star.seen_flat (load_id, flat)
        select distinct in_load_id, version.flat
        from star.dim_flat version
        where version.valid_to = extract_time
        on conflict do nothing;
    added := 0;
    execute $sql$
        with member as (
            select flat from star.seen_flat where load_id = $1
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
        ), ordered as (
            select moment.*,
                   lag(moment.present$) over (partition by moment.flat order by moment.at$) as before$
            from moment
        ), wanted as (
            select history_row$.flat, history_row$.observed_at, ordered.at$ is not null as reopens$
            from member
            join star.history_flat history_row$ on history_row$.flat = member.flat
            left join ordered on ordered.flat = history_row$.flat
             and ordered.at$ = history_row$.observed_at
             and ordered.before$ = 0
             and ordered.present$ > 0
        )
        update star.history_flat history
        set reopens = wanted.reopens$
        from wanted
        where history.flat = wanted.flat
          and history.observed_at = wanted.observed_at
          and history.reopens <> wanted.reopens$
    $sql$ using in_load_id;
    execute $sql$
        with affected_span as (
            select member.*, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$,
                   null::timestamptz as before$, null::timestamptz as after$
            from (
                select flat from star.seen_flat where load_id = $1
            ) member
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
        using in_load_id, extract_time, 0::bigint;
    if flat_version_starts is not null or flat_redundant_versions is not null then
        -- The row of an inferred member becomes its first version.
        execute $sql$
            update star.dim_flat dim
            set valid_from = version_start.observed_at, rent = version_start.rent, load_id = version_start.source_load_id,
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
            set rent = version_start.rent, load_id = version_start.source_load_id, source_line = version_start.source_line,
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
                set valid_to = version_chain.valid_to, next_from = version_chain.valid_to, is_first = version_chain.is_first
                from version_chain
                join existing using (flat, valid_from)
                where dim.flat_key = existing.flat_key
                  and (dim.next_from, dim.is_first) is distinct from (version_chain.valid_to, version_chain.is_first)
                returning existing.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into flat_changed_versions using flat_version_starts, flat_redundant_versions, flat_changed_versions;

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
                (flat, rent, valid_from, valid_to, is_first, source_load_id, source_time, next_from, load_id, source_line)
            select version_start.flat, version_start.rent, version_chain.valid_from, version_chain.valid_to, version_chain.is_first,
                   version_start.source_load_id, version_start.source_time, version_chain.valid_to, version_start.source_load_id, version_start.source_line
            from version_chain
            join unnest($1) version_start on version_start.flat = version_chain.flat and version_start.observed_at = version_chain.valid_from
            where not exists (
                select from existing where existing.flat = version_chain.flat and existing.valid_from = version_chain.valid_from
            )
            order by version_start.flat, version_chain.valid_from
        $sql$ using flat_version_starts, flat_redundant_versions, flat_changed_versions;
        get diagnostics added = row_count;
    end if;
        -- A version ends with its member.
        execute $sql$
        with member as (
            select flat from star.seen_flat where load_id = $1
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
        $sql$ into gone using in_load_id;
        delete from star.seen_flat seen where seen.load_id = in_load_id;
    end if;
    delete from star.dim_flat dim
    where dim.flat_key = any (touched)
      and dim.flat_key <> -1
      and dim.valid_from = '-infinity'
      and not exists (select from star.presence_flat presence where presence.flat = dim.flat);
    get diagnostics deleted = row_count;
    update star.dim_flat dim
    set load_id = 0, source_line = 0
    where dim.flat_key = any (touched)
      and dim.load_id <> 0
      and (dim.load_id = in_load_id or dim.valid_from = '-infinity');
    select count(*) into left_without from star.dim_flat dim where dim.flat_key = any (cleared);
    report := report || jsonb_build_object('star.dim_flat', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_flat', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
    return report || jsonb_build_object('unsure', unsure, 'confirmed_by', confirmed_by);
end
$undo$;
