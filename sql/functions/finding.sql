-- A finding of a batch as a JSON array, to be added to the others: empty if no row has it.
-- `in_occurrences` holds the number of occurrences and the first line, or is null.
create or replace function stardrop.finding(
    in_code text,
    in_name text,
    in_column_names text,
    in_occurrences bigint[]
) returns jsonb
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select case when f.occurrences[1] > 0 then jsonb_build_array(jsonb_build_object(
        'code', in_code, 'name', in_name, 'column_names', in_column_names,
        'occurrences', f.occurrences[1], 'first_line', f.occurrences[2]
    )) else '[]'::jsonb end
    -- A slice keeps the bounds of its array.
    from (select array(select unnest(in_occurrences)) as occurrences) f
$$;

comment on function stardrop.finding is
    'A finding of a batch as a JSON array: empty if no row has it.';
