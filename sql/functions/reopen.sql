-- Reopen: somebody asks by hand that a load which failed, or was skipped as a duplicate, be loaded
-- after all. It goes on at its checkpoint. False where the load is in another state.
create or replace function stardrop.reopen(in_load_id bigint) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update stardrop.load l
    set state = 'loading',
        forced = true,
        duplicate_of = null,
        finished_at = null,
        notes = null,
        failure_stage = null,
        failure_sqlstate = null,
        failure_text = null
    where l.load_id = in_load_id
      and l.state in ('failed', 'duplicate');
    return found;
end
$$;
