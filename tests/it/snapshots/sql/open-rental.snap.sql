create or replace function staging.open_rental() returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set client_min_messages = warning
as $open$
begin
    drop table if exists pg_temp.rental_in;
    create temporary table rental_in (like staging.rental including constraints) on commit delete rows;
    create trigger _100_normalise
        after insert on pg_temp.rental_in
        referencing new table as batch
        for each statement execute function staging.normalise_rental();
    grant insert on pg_temp.rental_in to stardrop_loader;
end
$open$;
revoke all on function staging.open_rental() from public;
grant execute on function staging.open_rental() to stardrop_loader;
