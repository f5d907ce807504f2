-- The number of the transaction lock that all writers of the star share; it is outside the range of the
-- locks on keys. It is even, and the next one is the lock of migrations. Each Stardrop of a database has its own.
create or replace function stardrop.star_lock() returns bigint
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select (84::bigint << 48) | (hashtextextended('stardrop.', 0) & ((1::bigint << 48) - 2))
$$;

comment on function stardrop.star_lock is
    'The number of the transaction lock that all writers of the star share.';
