-- Releases a load's key without changing the load, so that another session can claim it at once.
create or replace function stardrop.release(in_load_id bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_unlock(stardrop.key_lock(l.bucket, l.key))
    from stardrop.load l
    where l.load_id = in_load_id;
end
$$;

comment on function stardrop.release is
    'Releases a load''s key without changing the load.';
