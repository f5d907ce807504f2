-- The fingerprint of the contract that this database was migrated to; null where there is none.
create or replace function stardrop.contract_fingerprint(in_dataset text) returns text
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select d.fingerprint from stardrop.dataset d where d.name = in_dataset
$$;
