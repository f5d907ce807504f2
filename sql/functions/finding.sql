-- A finding of a batch as a JSON array, to be added to the others: empty if no row has it.
-- `in_occurrences` holds the number of occurrences and the first line, or is null.
create or replace function stardrop.finding(
    in_code text,
    in_name text,
    in_column_names text,
    in_occurrences bigint[]
) returns jsonb
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- A slice keeps the bounds of its array.
    first integer := array_lower(in_occurrences, 1);
begin
    if (in_occurrences[first] > 0) is not true then
        return '[]'::jsonb;
    end if;
    return jsonb_build_array(jsonb_build_object(
        'code', in_code, 'name', in_name, 'column_names', in_column_names,
        'occurrences', in_occurrences[first], 'first_line', in_occurrences[first + 1]
    ));
end
$$;

comment on function stardrop.finding is
    'A finding of a batch as a JSON array: empty if no row has it.';
