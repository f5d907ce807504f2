-- The newest load of each key, to compare with the bucket. A load is `idle` if it is not finished and
-- no worker holds its key.
create or replace function stardrop.newest_loads(in_bucket text, in_keys text[])
    returns table (key text, load_id bigint, etag text, state text, idle boolean)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select distinct on (l.key)
           l.key, l.load_id, l.etag, l.state,
           l.state = 'loading' and not exists (
               select from pg_locks held
               where held.locktype = 'advisory'
                 and held.database = (select d.oid from pg_database d where d.datname = current_database())
                 and (held.classid::bigint << 32 | held.objid::bigint) = stardrop.key_lock(l.bucket, l.key)
           )
    from stardrop.load l
    where l.bucket = in_bucket
      and l.key = any (in_keys)
      and l.state <> 'superseded'
    order by l.key, l.object_time desc, l.load_id desc
$$;

comment on function stardrop.newest_loads is
    'The newest load of each key, to compare with the bucket.';
