create or replace function staging.open_visits() returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set client_min_messages = warning
as $open$
begin
    drop table if exists pg_temp.visits_in;
    create temporary table visits_in (like staging.visits including constraints) on commit delete rows;
    create trigger _100_normalise
        after insert on pg_temp.visits_in
        referencing new table as batch
        for each statement execute function staging.normalise_visits();
    grant insert on pg_temp.visits_in to stardrop_loader;
end
$open$;
revoke all on function staging.open_visits() from public;
grant execute on function staging.open_visits() to stardrop_loader;
