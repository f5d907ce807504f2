-- Raises an error if the claim is lost. Then the statements that the worker has already sent after this one change
-- nothing, and the commit among them is a rollback.
create or replace function stardrop.require_held(in_held boolean) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if in_held is not true then
        raise exception 'another worker has claimed the load since' using errcode = 'SD005';
    end if;
end
$$;

comment on function stardrop.require_held is
    'Raises an error if the claim is lost.';
