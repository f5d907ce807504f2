create or replace function staging.undo_stock(in_load_id bigint, in_replays boolean default false) returns jsonb
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
begin
    with taken as (
        delete from star.fact_stock fact where fact.load_id = in_load_id
        returning fact.source_line
    ), confirmation as (
        select confirmed.load_id, confirmed_line.word, confirmed_line.bits
        from star.confirmed_stock confirmed
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
    delete from star.confirmed_stock confirmed
    where confirmed.load_id = in_load_id
       or confirmed.of_load = in_load_id;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_stock', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    -- Dimension part: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.part_key), '{}') into touched
    from star.dim_part member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.part_key <> -1;
    with repetition as (
        select l.*, line.word, line.bits
        from star.repeated_part repeated
        join stardrop.load l on l.load_id = repeated.load_id
        join stardrop.load undone on undone.load_id = in_load_id
        cross join unnest(repeated.words, repeated.bits) line (word, bits)
        where repeated.position = 'source_load_id'
          and l.load_id <> in_load_id
          and (l.object_time > undone.object_time
       or l.object_time = undone.object_time and stardrop.load_sorts_after(l.load_id, in_load_id))
    ), heir as (
        select distinct on (member.part_key) member.part_key as known_key, l.load_id, l.object_time
        from star.dim_part member
        join repetition l on l.word = member.part_key >> 6 and l.bits >> (member.part_key & 63)::integer & 1 = 1
        where member.source_load_id = in_load_id
        order by member.part_key, l.object_time,
                 l.bucket,
                 l.key,
                 rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate "C",
                 coalesce(l.version_id, ''),
                 coalesce(l.etag, ''),
                 l.part,
                 l.generation,
                 l.load_id
    )
    update star.dim_part member
    set source_load_id = heir.load_id, source_time = heir.object_time
    from heir
    where member.part_key = heir.known_key;
    update star.dim_part member
    set source_load_id = member.load_id,
        source_time = last_change.object_time
    from stardrop.load last_change
    where member.source_load_id = in_load_id
      and (member.place is not null)
      and last_change.load_id = member.load_id
      and last_change.load_id <> in_load_id
      and last_change.state <> 'undone';
    perform from star.dim_part member where member.source_load_id = in_load_id and member.load_id <> in_load_id;
    if found then
        unsure := unsure || 'star.dim_part'::text;
    end if;
    with reset as (
        update star.dim_part member
        set place = null, source_load_id = 0, source_time = '-infinity'
        where member.source_load_id = in_load_id
        returning member.part_key
    ), lost as (
        select reset.part_key >> 6 as word, bit_or(1::bigint << (reset.part_key & 63)::integer) as bits from reset group by reset.part_key >> 6
    ), forgotten as (
        update star.repeated_part repeated
        set bits = (
            select array_agg(line.bits & ~ coalesce(lost.bits, 0) order by line.place)
            from unnest(repeated.words, repeated.bits) with ordinality line (word, bits, place)
            left join lost on lost.word = line.word
        )
        where repeated.position = 'source_load_id'
          and exists (select from lost where lost.word = any (repeated.words))
    )
    select touched || array_agg(reset.part_key), cleared || array_agg(reset.part_key)
    into touched, cleared
    from reset;
    delete from star.repeated_part repeated where repeated.load_id = in_load_id;

    -- Dimension part: the extracts of this key.
    is_new := not exists (select from star.extract_part known where known.load_id = in_load_id);
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
               or exists (select from star.extract_part known where known.load_id = l.load_id))
    ) neighbors
    where this.load_id = in_load_id;
    delete from star.seen_part seen where seen.load_id = in_load_id;
    if not is_new then
        insert into star.seen_part (load_id, part)
        select presence.load_id, presence.part
        from star.presence_part presence
        where presence.load_id = in_load_id;
        delete from star.presence_part presence where presence.load_id = in_load_id;
    execute $sql$
        with deleted as (
            delete from star.presence_part presence
            using star.seen_part seen
            where seen.load_id = $1 and presence.load_id = $2 and presence.part = seen.part
        )
        insert into star.presence_part (part, load_id)
        select seen.part, $2
        from star.seen_part seen
        where seen.load_id = $1
          and $2 is not null
          and not exists (select from star.presence_part presence where presence.load_id = $2 and presence.part = seen.part)
    $sql$ using in_load_id, next_extract;
        delete from star.extract_part known where known.load_id = in_load_id;
    execute $sql$
        with of_key as (
            select presence.part, count(*) % 2 = 1 as has_it$
            from star.seen_part seen
            join star.presence_part presence on presence.part = seen.part
            join stardrop.load l on l.load_id = presence.load_id
            where seen.load_id = $1
            group by presence.part, l.dataset, l.bucket, l.key
        ), wanted as (
            select seen.part, bool_or(of_key.has_it$) is false as is_deleted$
            from star.seen_part seen
            left join of_key on of_key.part = seen.part
            where seen.load_id = $1
            group by seen.part
        ), updated as (
            update star.dim_part dim
            set is_deleted = wanted.is_deleted$
            from wanted
            where dim.part = wanted.part and dim.is_deleted <> wanted.is_deleted$
            returning dim.part, dim.is_deleted
        )
        select count(distinct (updated.part)) filter (where is_deleted),
               count(distinct (updated.part)) filter (where not is_deleted)
        from updated
    $sql$ into gone, back using in_load_id;
        delete from star.seen_part seen where seen.load_id = in_load_id;
    end if;
    delete from star.dim_part dim
    where dim.part_key = any (touched)
      and dim.part_key <> -1
      and dim.source_time = '-infinity'
      and not exists (select from star.presence_part presence where presence.part = dim.part)
      and not exists (select from star.fact_stock fact where fact.part_key = dim.part_key);
    get diagnostics deleted = row_count;
    update star.dim_part dim
    set load_id = 0, source_line = 0
    where dim.part_key = any (touched)
      and dim.load_id <> 0
      and dim.source_time = '-infinity';
    select count(*) into left_without from star.dim_part dim where dim.part_key = any (cleared);
    report := report || jsonb_build_object('star.dim_part', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_part', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    delete from staging.stock kept where kept.load_id = in_load_id;
    return report || jsonb_build_object('unsure', unsure, 'confirmed_by', confirmed_by);
end
$undo$;
