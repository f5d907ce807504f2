-- Lets this session write batches of a load, too, which the worker's first session `in_worker_pid` has claimed. False if
-- the claim is lost.
create or replace function stardrop.join_load(in_load_id bigint, in_attempt integer, in_worker_pid integer)
    returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update stardrop.load l
    set second_pid = pg_backend_pid()
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.worker_pid = in_worker_pid;
    if not found then
        return false;
    end if;
    -- As with the claim: without its session the claim is lost anyway.
    perform set_config('synchronous_commit', 'off', true);
    return true;
end
$$;

comment on function stardrop.join_load is
    'Lets this session write batches of a claimed load, too. False if the claim is lost.';
