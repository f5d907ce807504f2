create or replace function staging.replace_rental(in_load_id bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set jit = off
    set random_page_cost = 1.1
    set enable_seqscan = off
as $replace$
#variable_conflict use_variable
declare
    older bigint[] := stardrop.replaced_loads(in_load_id, 'rental');
    deleted bigint;
begin
end
$replace$;
revoke all on function staging.replace_rental(bigint) from public;
grant execute on function staging.replace_rental(bigint) to stardrop_loader;
