-- The row counts of a load so far.
create or replace function stardrop.totals(
    in_load_id bigint,
    out rows_read bigint,
    out rows_rejected bigint,
    out rows_inserted bigint,
    out rows_updated bigint,
    out rows_unchanged bigint,
    out batches bigint,
    out bytes bigint
)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select l.rows_read, l.rows_rejected, l.rows_inserted, l.rows_updated, l.rows_unchanged, l.batches,
           coalesce(l.size_bytes, l.checkpoint_offset)
    from stardrop.load l
    where l.load_id = in_load_id
$$;

comment on function stardrop.totals is
    'The row counts of a load so far.';
