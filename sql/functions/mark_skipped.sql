-- Marks a claimed load as skipped, because its object does not exist any more (`missing`) or was
-- overwritten since its event (`superseded`). False if the claim is lost.
create or replace function stardrop.mark_skipped(
    in_load_id bigint,
    in_attempt integer,
    in_state text,
    in_notes text
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if in_state not in ('missing', 'superseded') then
        raise exception 'a load cannot be skipped as `%`', in_state
            using errcode = 'invalid_parameter_value';
    end if;
    update stardrop.load l
    set state = in_state,
        finished_at = clock_timestamp(),
        lease_until = null,
        notes = in_notes
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.worker_pid = pg_backend_pid();
    return found;
end
$$;

comment on function stardrop.mark_skipped is
    'Marks a claimed load as skipped: missing or superseded. False if the claim is lost.';
