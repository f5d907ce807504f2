-- The number of the transaction lock on one table of the star. It orders batches that write different
-- rows which depend on each other: versions of a dimension and the facts that refer to them, tombstones
-- and the rows that they delete.
create or replace function stardrop.table_lock(in_table text) returns bigint
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select (85::bigint << 48) | (hashtextextended('stardrop.' || in_table, 0) & ((1::bigint << 48) - 1))
$$;

comment on function stardrop.table_lock is
    'The number of the transaction lock on one table of the star.';
