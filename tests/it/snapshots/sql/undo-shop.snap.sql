create or replace function staging.undo_shop(in_load_id bigint, in_replays boolean default false) returns jsonb
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
    unsure text[] := array['star.dim_origin', 'star.dim_place', 'star.dim_product']::text[];
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
    product_version_starts star.history_product[];
    product_redundant_versions star.history_product[];
    product_changed_versions star.dim_product[];
    product_taken star.history_product[];
begin
    with taken as (
        delete from star.fact_newest fact where fact.load_id = in_load_id
        returning fact.source_line
    ), confirmation as (
        select confirmed.load_id, confirmed_line.word, confirmed_line.bits
        from star.confirmed_newest confirmed
        cross join unnest(confirmed.words, confirmed.bits) confirmed_line (word, bits)
        where confirmed.of_load = in_load_id
    ), counted as (
        select distinct on (taken.source_line) confirmation.load_id
        from taken
        join confirmation
          on confirmation.word = taken.source_line >> 6 and confirmation.bits >> (taken.source_line & 63)::integer & 1 = 1
        join stardrop.load l on l.load_id = confirmation.load_id
        order by taken.source_line, l.object_time desc,
                 l.bucket desc,
                 l.key desc,
                 rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C" desc,
                 coalesce(l.version_id, '') desc,
                 coalesce(l.etag, '') desc,
                 l.part desc,
                 l.generation desc,
                 l.load_id desc
    )
    select (select count(*) from taken),
           confirmed_by || (select array_agg(distinct counted.load_id) from counted)
    into deleted, confirmed_by;
    delete from star.confirmed_newest confirmed
    where confirmed.load_id = in_load_id
       or confirmed.of_load = in_load_id;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_newest', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
    update star.fact_newest fact
    set first_load_id = fact.load_id,
        loaded_at = coalesce(fact.updated_at, fact.loaded_at),
        updated_at = null
    where fact.first_load_id = in_load_id;

    with taken as (
        delete from star.fact_oldest fact where fact.load_id = in_load_id
        returning fact.source_line
    ), confirmation as (
        select confirmed.load_id, confirmed_line.word, confirmed_line.bits
        from star.confirmed_oldest confirmed
        cross join unnest(confirmed.words, confirmed.bits) confirmed_line (word, bits)
        where confirmed.of_load = in_load_id
    ), counted as (
        select distinct on (taken.source_line) confirmation.load_id
        from taken
        join confirmation
          on confirmation.word = taken.source_line >> 6 and confirmation.bits >> (taken.source_line & 63)::integer & 1 = 1
        join stardrop.load l on l.load_id = confirmation.load_id
        order by taken.source_line, l.object_time,
                 l.bucket,
                 l.key,
                 rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C",
                 coalesce(l.version_id, ''),
                 coalesce(l.etag, ''),
                 l.part,
                 l.generation,
                 l.load_id
    )
    select (select count(*) from taken),
           confirmed_by || (select array_agg(distinct counted.load_id) from counted)
    into deleted, confirmed_by;
    delete from star.confirmed_oldest confirmed
    where confirmed.load_id = in_load_id
       or confirmed.of_load = in_load_id;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_oldest', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    with taken as (
        delete from star.fact_with_tombstones fact where fact.load_id = in_load_id
        returning fact.source_line
    ), confirmation as (
        select confirmed.load_id, confirmed_line.word, confirmed_line.bits
        from star.confirmed_with_tombstones confirmed
        cross join unnest(confirmed.words, confirmed.bits) confirmed_line (word, bits)
        where confirmed.of_load = in_load_id
    ), counted as (
        select distinct on (taken.source_line) confirmation.load_id
        from taken
        join confirmation
          on confirmation.word = taken.source_line >> 6 and confirmation.bits >> (taken.source_line & 63)::integer & 1 = 1
        join stardrop.load l on l.load_id = confirmation.load_id
        order by taken.source_line, l.object_time desc,
                 l.bucket desc,
                 l.key desc,
                 rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C" desc,
                 coalesce(l.version_id, '') desc,
                 coalesce(l.etag, '') desc,
                 l.part desc,
                 l.generation desc,
                 l.load_id desc
    )
    select (select count(*) from taken),
           confirmed_by || (select array_agg(distinct counted.load_id) from counted)
    into deleted, confirmed_by;
    delete from star.confirmed_with_tombstones confirmed
    where confirmed.load_id = in_load_id
       or confirmed.of_load = in_load_id;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_with_tombstones', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
    delete from star.tombstone_with_tombstones tombstone where tombstone.source_load_id = in_load_id;
    if found then
        unsure := unsure || 'star.fact_with_tombstones'::text;
    end if;

    -- Dimension buyer: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.buyer_key), '{}') into touched
    from star.dim_buyer member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.buyer_key <> -1;
    with repetition as (
        select l.*, line.word, line.bits
        from star.repeated_buyer repeated
        join stardrop.load l on l.load_id = repeated.load_id
        join stardrop.load undone on undone.load_id = in_load_id
        cross join unnest(repeated.words, repeated.bits) line (word, bits)
        where repeated.position = 'source_load_id'
          and l.load_id <> in_load_id
          and (l.object_time > undone.object_time
       or l.object_time = undone.object_time and stardrop.load_sorts_after(l.load_id, in_load_id))
    ), heir as (
        select distinct on (member.buyer_key) member.buyer_key as known_key, l.load_id, l.object_time
        from star.dim_buyer member
        join repetition l on l.word = member.buyer_key >> 6 and l.bits >> (member.buyer_key & 63)::integer & 1 = 1
        where member.source_load_id = in_load_id
        order by member.buyer_key, l.object_time,
                 l.bucket,
                 l.key,
                 rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C",
                 coalesce(l.version_id, ''),
                 coalesce(l.etag, ''),
                 l.part,
                 l.generation,
                 l.load_id
    )
    update star.dim_buyer member
    set source_load_id = heir.load_id, source_time = heir.object_time
    from heir
    where member.buyer_key = heir.known_key;
    update star.dim_buyer member
    set source_load_id = member.load_id,
        source_time = last_change.object_time
    from stardrop.load last_change
    where member.source_load_id = in_load_id
      and (member.town is not null)
      and last_change.load_id = member.load_id
      and last_change.load_id <> in_load_id
      and last_change.state <> 'undone';
    perform from star.dim_buyer member where member.source_load_id = in_load_id and member.load_id <> in_load_id;
    if found then
        unsure := unsure || 'star.dim_buyer'::text;
    end if;
    with reset as (
        update star.dim_buyer member
        set town = null, source_load_id = 0, source_time = '-infinity'
        where member.source_load_id = in_load_id
        returning member.buyer_key
    ), lost as (
        select reset.buyer_key >> 6 as word, bit_or(1::bigint << (reset.buyer_key & 63)::integer) as bits from reset group by reset.buyer_key >> 6
    ), forgotten as (
        update star.repeated_buyer repeated
        set bits = (
            select array_agg(line.bits & ~ coalesce(lost.bits, 0) order by line.place)
            from unnest(repeated.words, repeated.bits) with ordinality line (word, bits, place)
            left join lost on lost.word = line.word
        )
        where repeated.position = 'source_load_id'
          and exists (select from lost where lost.word = any (repeated.words))
    )
    select touched || array_agg(reset.buyer_key), cleared || array_agg(reset.buyer_key)
    into touched, cleared
    from reset;
    delete from star.repeated_buyer repeated where repeated.load_id = in_load_id;
    delete from star.dim_buyer dim
    where dim.buyer_key = any (touched)
      and dim.buyer_key <> -1
      and dim.source_time = '-infinity'
      and not exists (select from star.fact_newest fact where fact.buyer_key = dim.buyer_key)
      and not exists (select from star.fact_oldest fact where fact.buyer_key = dim.buyer_key)
      and not exists (select from star.fact_visit fact where fact.buyer_key = dim.buyer_key)
      and not exists (select from star.fact_with_tombstones fact where fact.buyer_key = dim.buyer_key);
    get diagnostics deleted = row_count;
    update star.dim_buyer dim
    set load_id = 0, source_line = 0
    where dim.buyer_key = any (touched)
      and dim.load_id <> 0
      and dim.source_time = '-infinity';
    select count(*) into left_without from star.dim_buyer dim where dim.buyer_key = any (cleared);
    report := report || jsonb_build_object('star.dim_buyer', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_buyer', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    -- Dimension origin: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.origin_key), '{}') into touched
    from star.dim_origin member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.origin_key <> -1;
    with reset as (
        update star.dim_origin member
        set town = null, source_load_id = 0, source_time = '-infinity'
        where member.source_load_id = in_load_id
        returning member.origin_key
    )
    select touched || array_agg(reset.origin_key), cleared || array_agg(reset.origin_key)
    into touched, cleared
    from reset;
    delete from star.dim_origin dim
    where dim.origin_key = any (touched)
      and dim.origin_key <> -1
      and dim.source_time = '-infinity';
    get diagnostics deleted = row_count;
    update star.dim_origin dim
    set load_id = 0, source_line = 0
    where dim.origin_key = any (touched)
      and dim.load_id <> 0
      and (dim.load_id = in_load_id or dim.source_time = '-infinity');
    select count(*) into left_without from star.dim_origin dim where dim.origin_key = any (cleared);
    report := report || jsonb_build_object('star.dim_origin', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_origin', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    -- Dimension place: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.place_key), '{}') into touched
    from star.dim_place member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.place_key <> -1;
    with repetition as (
        select l.*, line.word, line.bits
        from star.repeated_place repeated
        join stardrop.load l on l.load_id = repeated.load_id
        join stardrop.load undone on undone.load_id = in_load_id
        cross join unnest(repeated.words, repeated.bits) line (word, bits)
        where repeated.position = 'source_load_id'
          and l.load_id <> in_load_id
          and (l.object_time > undone.object_time
       or l.object_time = undone.object_time and stardrop.load_sorts_after(l.load_id, in_load_id))
    ), heir as (
        select distinct on (member.place_key) member.place_key as known_key, l.load_id, l.object_time
        from star.dim_place member
        join repetition l on l.word = member.place_key >> 6 and l.bits >> (member.place_key & 63)::integer & 1 = 1
        where member.source_load_id = in_load_id
        order by member.place_key, l.object_time,
                 l.bucket,
                 l.key,
                 rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C",
                 coalesce(l.version_id, ''),
                 coalesce(l.etag, ''),
                 l.part,
                 l.generation,
                 l.load_id
    )
    update star.dim_place member
    set source_load_id = heir.load_id, source_time = heir.object_time
    from heir
    where member.place_key = heir.known_key;
    with reset as (
        update star.dim_place member
        set town = null, source_load_id = 0, source_time = '-infinity'
        where member.source_load_id = in_load_id
        returning member.place_key
    ), lost as (
        select reset.place_key >> 6 as word, bit_or(1::bigint << (reset.place_key & 63)::integer) as bits from reset group by reset.place_key >> 6
    ), forgotten as (
        update star.repeated_place repeated
        set bits = (
            select array_agg(line.bits & ~ coalesce(lost.bits, 0) order by line.place)
            from unnest(repeated.words, repeated.bits) with ordinality line (word, bits, place)
            left join lost on lost.word = line.word
        )
        where repeated.position = 'source_load_id'
          and exists (select from lost where lost.word = any (repeated.words))
    )
    select touched || array_agg(reset.place_key), cleared || array_agg(reset.place_key)
    into touched, cleared
    from reset;
    with reset as (
        update star.dim_place member
        set source = null, source_source_load_id = 0, source_source_time = '-infinity'
        where member.source_source_load_id = in_load_id
        returning member.place_key
    )
    select touched || array_agg(reset.place_key), cleared || array_agg(reset.place_key)
    into touched, cleared
    from reset;
    delete from star.repeated_place repeated where repeated.load_id = in_load_id;
    delete from star.dim_place dim
    where dim.place_key = any (touched)
      and dim.place_key <> -1
      and dim.source_time = '-infinity'
      and dim.source_source_time = '-infinity';
    get diagnostics deleted = row_count;
    update star.dim_place dim
    set load_id = 0, source_line = 0
    where dim.place_key = any (touched)
      and dim.load_id <> 0
      and (dim.load_id = in_load_id or dim.source_time = '-infinity' and dim.source_source_time = '-infinity');
    select count(*) into left_without from star.dim_place dim where dim.place_key = any (cleared);
    report := report || jsonb_build_object('star.dim_place', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_place', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    -- Dimension product: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.product_key), '{}') into touched
    from star.dim_product member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.product_key <> -1;
    loop
        execute $sql$
            with deleted as (
                delete from star.history_product history_row$
                where history_row$.ctid = any (array(
                    select taken.ctid from star.history_product taken where taken.source_load_id = $1 limit 50000
                ))
                returning history_row$ as observation$
            )
            select array_agg(deleted.observation$) from deleted
        $sql$ into product_taken using in_load_id;
        exit when product_taken is null;
        execute $sql$
            select $2 || array_agg(version.product_key)
            from star.dim_product version
            join (select distinct product from unnest($1)) member on version.product = member.product
        $sql$ into touched using product_taken, touched;
        -- The first version of a member that nobody describes any more is that of an inferred one.
        execute $sql$
            with inferred as (
                update star.dim_product dim
                set valid_from = '-infinity', name = null
                from (select distinct product from unnest($1)) member
                where dim.product = member.product
                  and dim.is_first
                  and dim.valid_from <> '-infinity'
                  and not exists (select from star.history_product history where history.product = member.product)
                returning dim.product_key
            )
            select $2 || array_agg(inferred.product_key) from inferred
        $sql$ into cleared using product_taken, cleared;
    execute $sql$
        with affected_span as (
            select member.*, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$,
                   null::timestamptz as before$, null::timestamptz as after$
            from (
                select distinct product from unnest($4)
            ) member
        ), compared as (
            select history_row$ as observation$, history_row$.product, history_row$.observed_at,
                   history_row$.observed_at >= affected_span.since$ as is_affected$,
                   lag(history_row$.observed_at) over this_member is null
                       or (history_row$.name) is distinct from (lag(history_row$.name) over this_member) as starts_version$,
                   history_row$.source_load_id = $1 and history_row$.source_line >= $3 as is_from_this_batch$
            from affected_span
            join star.history_product history_row$ on history_row$.product = affected_span.product
             and history_row$.observed_at between coalesce(affected_span.before$, affected_span.since$)
                                      and coalesce(affected_span.after$, affected_span.until$)
            window this_member as (partition by history_row$.product order by history_row$.observed_at)
        )
        select array_agg(compared.observation$) filter (
                   where starts_version$
                     and (version.valid_from is null or (version.name) is distinct from ((compared.observation$).name))
               ),
               array_agg(compared.observation$) filter (
                   where not starts_version$ and version.valid_from is not null
               ),
               count(*) filter (where starts_version$ and version.valid_from is null and is_from_this_batch$)
        from compared
        left join star.dim_product version on version.product = compared.product and version.valid_from = compared.observed_at
        where is_affected$
    $sql$ into product_version_starts, product_redundant_versions, inserted
        using in_load_id, now(), 0::bigint, product_taken;
        product_redundant_versions := coalesce(product_redundant_versions, '{}') || product_taken;
        -- The row of an inferred member becomes its first version.
        execute $sql$
            update star.dim_product dim
            set valid_from = version_start.observed_at, name = version_start.name, load_id = version_start.source_load_id,
                source_line = version_start.source_line
            from (
                select distinct on (product) *
                from unnest($1)
                order by product, observed_at
            ) version_start
            where dim.product = version_start.product and dim.valid_from = '-infinity'
        $sql$ using product_version_starts;

        -- A version that looks like the one before it is deleted.
        execute $sql$
            with deleted as (
                delete from star.dim_product dim_row$
                using unnest($1) redundant
                where dim_row$.product = redundant.product and dim_row$.valid_from = redundant.observed_at
                returning dim_row$ as version$
            )
            select array_agg(deleted.version$), count(*) from deleted
        $sql$ into product_changed_versions, removed using product_redundant_versions;

        -- Of two observations at one time the newer one counts.
        execute $sql$
            update star.dim_product dim
            set name = version_start.name, load_id = version_start.source_load_id, source_line = version_start.source_line
            from unnest($1) version_start
            where dim.product = version_start.product and dim.valid_from = version_start.observed_at
              and (dim.name) is distinct from (version_start.name)
        $sql$ using product_version_starts;
        get diagnostics updated = row_count;

        -- Each version ends where the next one starts.
        execute $sql$
            with member as (
                select product from unnest($1)
                union
                select product from unnest($2)
            ), existing as (
                select dim_row$ as version$, dim_row$.product_key, dim_row$.product, dim_row$.valid_from
                from star.dim_product dim_row$
                join member using (product)
            ), boundary as (
                select product, valid_from from existing
                union
                select product, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
                window this_member as (partition by product order by valid_from)
            ), linked as (
                update star.dim_product dim
                set valid_to = version_chain.valid_to, is_first = version_chain.is_first
                from version_chain
                join existing using (product, valid_from)
                where dim.product_key = existing.product_key
                  and (dim.valid_to, dim.is_first) is distinct from (version_chain.valid_to, version_chain.is_first)
                returning existing.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into product_changed_versions using product_version_starts, product_redundant_versions, product_changed_versions;

        -- Versions that are missing.
        execute $sql$
            with member as (
                select product from unnest($1)
                union
                select product from unnest($2)
            ), existing as (
                select dim_row$ as version$, dim_row$.product_key, dim_row$.product, dim_row$.valid_from
                from star.dim_product dim_row$
                join member using (product)
            ), boundary as (
                select product, valid_from from existing
                union
                select product, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
                window this_member as (partition by product order by valid_from)
            )
            insert into star.dim_product
                (product, name, valid_from, valid_to, is_first, shelf, source_load_id, source_time, load_id, source_line)
            select version_start.product, version_start.name, version_chain.valid_from, version_chain.valid_to, version_chain.is_first,
                   sibling.shelf, coalesce(sibling.source_load_id, 0), coalesce(sibling.source_time, '-infinity'), version_start.source_load_id, version_start.source_line
            from version_chain
            join unnest($1) version_start on version_start.product = version_chain.product and version_start.observed_at = version_chain.valid_from
            left join lateral (
                select dim.* from star.dim_product dim where dim.product = version_start.product
                union all
                select deleted.* from unnest($3) deleted where deleted.product = version_start.product
                limit 1
            ) sibling on true
            where not exists (
                select from existing where existing.product = version_chain.product and existing.valid_from = version_chain.valid_from
            )
            order by version_start.product, version_chain.valid_from
        $sql$ using product_version_starts, product_redundant_versions, product_changed_versions;
        get diagnostics added = row_count;
        removed_versions := removed_versions + removed;
    -- Fact newest: rows whose product_key is no longer the version of their time.
    if product_changed_versions is not null then
        execute $sql$
            with lost_span as (
                select old_version.product_key, old_version.product, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$
                from unnest($1) old_version
                where not exists (
                    select from star.dim_product current_version where current_version.product_key = old_version.product_key
                )
                union all
                select old_version.product_key, old_version.product, current_version.valid_to, 'infinity'
                from unnest($1) old_version
                join star.dim_product current_version using (product_key)
                where current_version.valid_to < old_version.valid_to or current_version.valid_to is not null and old_version.valid_to is null
                union all
                select old_version.product_key, old_version.product, '-infinity', current_version.valid_from
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
    end loop;
    with reset as (
        update star.dim_product member
        set shelf = null, source_load_id = 0, source_time = '-infinity'
        where member.source_load_id = in_load_id
        returning member.product_key
    )
    select touched || array_agg(reset.product_key), cleared || array_agg(reset.product_key)
    into touched, cleared
    from reset;
    delete from star.dim_product dim
    where dim.product_key = any (touched)
      and dim.product_key <> -1
      and dim.source_time = '-infinity'
      and dim.valid_from = '-infinity'
      and not exists (select from star.fact_newest fact where fact.product_key = dim.product_key);
    get diagnostics deleted = row_count;
    update star.dim_product dim
    set load_id = 0, source_line = 0
    where dim.product_key = any (touched)
      and dim.load_id <> 0
      and (dim.load_id = in_load_id or dim.source_time = '-infinity' and dim.valid_from = '-infinity');
    select count(*) into left_without from star.dim_product dim where dim.product_key = any (cleared);
    report := report || jsonb_build_object('star.dim_product', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_product', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
    return report || jsonb_build_object('unsure', unsure, 'confirmed_by', confirmed_by);
end
$undo$;
