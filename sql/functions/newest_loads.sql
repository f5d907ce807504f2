-- The newest load of each key, to compare with the bucket; of an object with parts, the one that needs most: a
-- part that is not finished, else one that failed. A load is `idle` if it is not finished and no worker holds its
-- key. `datasets` have loads of the same object version.
create or replace function stardrop.newest_loads(in_bucket text, in_keys text[])
    returns table (key text, load_id bigint, etag text, state text, idle boolean, datasets text[])
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    with latest as (
        select distinct on (l.key, l.part)
               l.key, l.part, l.dataset, l.load_id, l.version_id, l.etag, l.object_time, l.state,
               l.state = 'loading' and not exists (
                   select from pg_locks held
                   where held.locktype = 'advisory'
                     and held.database = (select d.oid from pg_database d where d.datname = current_database())
                     and (held.classid::bigint << 32 | held.objid::bigint) = stardrop.key_lock(l.bucket, l.key)
               ) as idle
        from stardrop.load l
        where l.bucket = in_bucket
          and l.key = any (in_keys)
          and l.state <> 'superseded'
        order by l.key, l.part, l.object_time desc, l.load_id desc
    ),
    newest as (
        select distinct on (l.key) l.key, l.version_id, l.etag
        from latest l
        order by l.key, l.object_time desc, l.load_id desc
    )
    select distinct on (l.key)
           l.key, l.load_id, l.etag, l.state, l.idle,
           array_agg(l.dataset) filter (where l.dataset is not null) over (partition by l.key)
    from latest l
    join newest n
      on n.key = l.key
     and (n.version_id, n.etag) is not distinct from (l.version_id, l.etag)
    order by l.key, array_position(array['loading', 'failed', 'missing', 'unmatched'], l.state),
             l.object_time desc, l.load_id desc
$$;

comment on function stardrop.newest_loads is
    'The newest load of each key, to compare with the bucket.';
