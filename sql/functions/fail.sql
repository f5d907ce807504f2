-- Fail: the file is at fault. Nobody loads it again unasked. False where the claim was lost.
create or replace function stardrop.fail(
    in_load_id bigint,
    in_attempt integer,
    in_stage text,
    in_sqlstate text,
    in_text text
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update stardrop.load l
    set state = 'failed',
        finished_at = clock_timestamp(),
        lease_until = null,
        failure_stage = in_stage,
        failure_sqlstate = in_sqlstate,
        failure_text = in_text
    where l.load_id = in_load_id
      and l.state = 'loading'
      and l.attempt = in_attempt
      and l.worker_pid = pg_backend_pid();
    return found;
end
$$;
