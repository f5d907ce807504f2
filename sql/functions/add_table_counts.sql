-- Adds what one batch did to each table, and its findings, to those of its load.
create or replace function stardrop.add_table_counts(in_load_id bigint, in_counts jsonb) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
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

    if coalesce(in_counts -> 'findings', '[]'::jsonb) = '[]'::jsonb then
        return;
    end if;
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
end
$$;

comment on function stardrop.add_table_counts is
    'Adds what one batch did to each table, and its findings, to those of its load.';
