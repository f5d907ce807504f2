create or replace function staging.begin_stock() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $begin$
declare
    this stardrop.batch := stardrop.open_batch('stock');
begin
    perform set_config('stardrop.staging_load', this.load_id::text, true);
    return null;
end
$begin$;
revoke all on function staging.begin_stock() from public;
