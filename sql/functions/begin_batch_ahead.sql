-- Begins a batch in the current transaction while the batch before it, which starts at the checkpoint `in_after_rows`, is
-- still open in the worker's other session. It reads no table: nobody may have to wait for this transaction, which
-- itself waits for the other one. What begin_batch checks, the trigger functions and the checkpoint check, too.
create or replace function stardrop.begin_batch_ahead(
    in_load_id bigint,
    in_attempt integer,
    in_from_rows bigint,
    in_after_rows bigint,
    in_lease interval,
    in_fingerprint text
) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(stardrop.turn_lock(in_load_id, in_attempt, in_from_rows));
    perform set_config('stardrop.turn_after', stardrop.turn_lock(in_load_id, in_attempt, in_after_rows)::text, true);
    -- The batch before it may take as long as the worker may take for a batch.
    perform set_config('lock_timeout', format('%sms', ceil(extract(epoch from in_lease) * 1000)), true);
    perform set_config('stardrop.load_id', in_load_id::text, true);
    perform set_config('stardrop.contract', in_fingerprint, true);
end
$$;

comment on function stardrop.begin_batch_ahead is
    'Begins a batch of a claimed load while the batch before it is still open.';
