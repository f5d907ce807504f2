-- Raises where the database has another contract of the dataset than the one that rows were made
-- for: a migration came between, and the rows would meet a trigger function of another shape.
create or replace function stardrop.check_contract(in_dataset text, in_contract text) returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if in_contract is distinct from stardrop.contract_fingerprint(in_dataset) then
        raise exception 'the database has another version of dataset `%`', in_dataset
            using errcode = 'SD001';
    end if;
end
$$;
