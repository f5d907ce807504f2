-- Adds the row counts of one batch to those of its load.
create or replace function stardrop.add_row_counts(
    in_load_id bigint,
    in_counts jsonb,
    in_rows_read bigint,
    in_rows_rejected bigint,
    in_batches integer
) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update stardrop.load l
    set rows_read = l.rows_read + in_rows_read,
        rows_rejected = l.rows_rejected + in_rows_rejected,
        rows_staged = l.rows_staged + coalesce((in_counts ->> 'staged')::bigint, 0),
        rows_inserted = l.rows_inserted + coalesce((in_counts ->> 'inserted')::bigint, 0),
        rows_updated = l.rows_updated + coalesce((in_counts ->> 'updated')::bigint, 0),
        rows_unchanged = l.rows_unchanged + coalesce((in_counts ->> 'unchanged')::bigint, 0),
        rows_repeated = l.rows_repeated + coalesce((in_counts ->> 'repeated')::bigint, 0),
        batches = l.batches + in_batches
    where l.load_id = in_load_id;

    perform stardrop.add_table_counts(in_load_id, in_counts);
end
$$;

comment on function stardrop.add_row_counts is
    'Adds the row counts of one batch to those of its load.';
