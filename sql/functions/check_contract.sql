-- Raises an error if rows were made for another version of the contract than the database has. That
-- happens when a migration runs in between, and the rows may not fit the new trigger function.
create or replace function stardrop.check_contract(in_dataset text, in_fingerprint text) returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if in_fingerprint is distinct from stardrop.contract_fingerprint(in_dataset) then
        raise exception 'the database has another version of dataset `%`', in_dataset
            using errcode = 'SD001';
    end if;
end
$$;

comment on function stardrop.check_contract is
    'Raises an error if rows were made for another version of the contract than the database has.';
