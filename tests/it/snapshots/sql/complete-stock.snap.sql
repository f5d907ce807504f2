create or replace function staging.complete_stock(in_load_id bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set jit = off
    set work_mem = '64MB'
    set timezone = 'UTC'
as $complete$
#variable_conflict use_variable
declare
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
    perform
    from stardrop.load l
    where l.load_id = in_load_id
      and l.dataset = 'stock'
      and l.state = 'loading'
      and l.worker_pid = pg_backend_pid();
    if not found then
        raise exception 'this session does not hold load % of dataset stock', in_load_id
            using errcode = 'invalid_transaction_state';
    end if;
    -- No other batch runs: members of other files are locked in no order.
    perform pg_advisory_xact_lock(stardrop.star_lock());

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
    -- From here on the members that are seen are those of which the extract says something else than the
    -- one before. Rejected rows that are reloaded can only add members.
    execute $sql$
        with before as (
            select part
            from star.presence_part
            where load_id = any ($2)
            group by part
            having count(*) % 2 = 1
        ), unchanged as (
            delete from star.seen_part seen
            using before
            where seen.load_id = $1 and seen.part = before.part
        )
        insert into star.seen_part (load_id, part)
        select $1, before.part
        from before
        where $3
          and not exists (select from star.seen_part seen where seen.load_id = $1 and seen.part = before.part)
    $sql$ using in_load_id, up_to_this, is_new;
    insert into star.extract_part (load_id) values (in_load_id) on conflict do nothing;
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
    $sql$ using in_load_id, in_load_id;
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
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_part', 'inserted', added, 'updated', back, 'unchanged', 0, 'deleted', gone
        ))
    ), 0, 0, 0);
end
$complete$;
revoke all on function staging.complete_stock(bigint) from public;
grant execute on function staging.complete_stock(bigint) to stardrop_loader;
