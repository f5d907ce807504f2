-- The session lock that says "a worker works on this key": one version of a key at a time. A
-- number in a range of its own ('S' in the top byte), so that other users of advisory locks are not
-- met; two keys with the same hash merely wait for each other.
create or replace function stardrop.key_lock(in_bucket text, in_key text) returns bigint
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select (83::bigint << 48) | (hashtextextended(in_bucket || '/' || in_key, 0) & ((1::bigint << 48) - 1))
$$;
