create or replace function staging.replace_stock(in_load_id bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set jit = off
as $replace$
#variable_conflict use_variable
declare
    older bigint[] := stardrop.replaced_loads(in_load_id, 'stock');
    deleted bigint;
begin
    delete from star.fact_stock fact where fact.load_id = any (older);
    get diagnostics deleted = row_count;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_stock', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
end
$replace$;
revoke all on function staging.replace_stock(bigint) from public;
grant execute on function staging.replace_stock(bigint) to stardrop_loader;
