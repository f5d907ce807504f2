-- What was lost of the rows of a load that were loaded.
create or replace function stardrop.findings(in_load_id bigint) returns setof stardrop.load_finding
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select f.*
    from stardrop.load_finding f
    where f.load_id = in_load_id
    order by f.code desc, f.first_line, f.name, f.column_names
$$;

comment on function stardrop.findings is
    'What was lost of the rows of a load that were loaded.';
