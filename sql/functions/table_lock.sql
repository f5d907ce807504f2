-- The key of the transaction lock of one table of the star, for what cannot be ordered by locking
-- rows: versions of a dimension against the facts that find them, delete markers against rows.
create or replace function stardrop.table_lock(in_table text) returns bigint
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select (85::bigint << 48) | (hashtextextended(in_table, 0) & ((1::bigint << 48) - 1))
$$;
