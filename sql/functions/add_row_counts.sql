-- Adds the row counts of one batch to those of its load.
create or replace function stardrop.add_row_counts(
    in_load_id bigint,
    in_counts jsonb,
    in_rows_read bigint,
    in_rows_rejected bigint,
    in_batches integer
) returns void
    language sql
    set search_path = pg_catalog, pg_temp
as $$
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

    insert into stardrop.load_table as t (load_id, table_name, inserted, updated, unchanged, deleted)
    select in_load_id, c.table_name, c.inserted, c.updated, c.unchanged, c.deleted
    from jsonb_to_recordset(coalesce(in_counts -> 'tables', '[]'::jsonb)) as c (
        table_name text, inserted bigint, updated bigint, unchanged bigint, deleted bigint
    )
    order by c.table_name collate "C"
    on conflict on constraint load_table_pkey do update
        set inserted = t.inserted + excluded.inserted,
            updated = t.updated + excluded.updated,
            unchanged = t.unchanged + excluded.unchanged,
            deleted = t.deleted + excluded.deleted;

    insert into stardrop.load_finding as f
        (load_id, code, name, column_names, occurrences, first_line)
    select in_load_id, c.code, c.name, c.column_names, sum(c.occurrences), min(c.first_line)
    from jsonb_to_recordset(coalesce(in_counts -> 'findings', '[]'::jsonb)) as c (
        code text, name text, column_names text, occurrences bigint, first_line bigint
    )
    group by c.code, c.name, c.column_names
    on conflict on constraint load_finding_pkey do update
        set occurrences = f.occurrences + excluded.occurrences,
            first_line = least(f.first_line, excluded.first_line);
$$;

comment on function stardrop.add_row_counts is
    'Adds the row counts of one batch to those of its load.';
