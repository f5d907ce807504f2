-- The number of the session lock that a worker takes on an object's key, so that one version of a key
-- is loaded at a time. Its top byte is 'S', to stay apart from the advisory locks of other programs.
-- Two keys with the same hash only wait for each other. The namespace is a part of what is hashed, so that another
-- Stardrop in the same database does not wait.
create or replace function stardrop.key_lock(in_bucket text, in_key text) returns bigint
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (83::bigint << 48) | (hashtextextended('stardrop.' || in_bucket || '/' || in_key, 0) & ((1::bigint << 48) - 1));
end
$$;

comment on function stardrop.key_lock is
    'The number of the session lock on an object''s key.';
