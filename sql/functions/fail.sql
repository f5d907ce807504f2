-- Fail: marks a load as failed because of its file. It is not loaded again until `reopen`. If the load
-- is over its reject budget, its counts include the last batch, which is not saved; `reopen` resets
-- them. False if the claim is lost.
create or replace function stardrop.fail(
    in_load_id bigint,
    in_attempt integer,
    in_stage text,
    in_sqlstate text,
    in_text text,
    in_rows_read bigint,
    in_rows_rejected bigint
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
        rows_read = coalesce(in_rows_read, l.rows_read),
        rows_rejected = coalesce(in_rows_rejected, l.rows_rejected),
        failure_stage = in_stage,
        failure_sqlstate = in_sqlstate,
        failure_text = in_text
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.worker_pid = pg_backend_pid();
    return found;
end
$$;

comment on function stardrop.fail is
    'Marks a load as failed because of its file. False if the claim is lost.';
