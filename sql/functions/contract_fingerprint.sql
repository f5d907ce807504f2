-- The fingerprint of the contract to which the database was migrated; null without a contract.
create or replace function stardrop.contract_fingerprint(in_dataset text) returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select d.fingerprint from stardrop.dataset d where d.name = in_dataset);
end
$$;

comment on function stardrop.contract_fingerprint is
    'The fingerprint of the contract to which the database was migrated; null without a contract.';
