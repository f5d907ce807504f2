-- Checkpoint: the last statement of a batch, in the batch's transaction. It moves the load's checkpoint
-- if the load is still where this worker found it, and adds the batch's row counts. Otherwise it
-- returns false, and the worker must roll back. `in_steps` has the seconds that steps took since the last checkpoint.
create or replace function stardrop.checkpoint(
    in_load_id bigint,
    in_attempt integer,
    in_from_rows bigint,
    in_to_rows bigint,
    in_to_line bigint,
    in_to_offset bigint,
    in_rows_rejected bigint,
    in_lease interval,
    in_hash_state bytea default null,
    in_steps jsonb default null
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    counts jsonb;
begin
    perform stardrop.wait_for_turn();
    select u.counts into counts
    from stardrop.pending_counts u
    where u.load_id = in_load_id;
    update stardrop.load l
    set checkpoint_rows = in_to_rows,
        checkpoint_line = in_to_line,
        checkpoint_offset = in_to_offset,
        attempts_without_progress = 0,
        hash_state = in_hash_state,
        hash_offset = in_to_offset,
        steps = case
            when in_steps is null or l.steps is null then coalesce(in_steps, l.steps)
            else (
                select jsonb_object_agg(s.step, s.seconds::numeric + coalesce((l.steps ->> s.step)::numeric, 0))
                from jsonb_each_text(in_steps) s (step, seconds)
            )
        end,
        rows_read = l.rows_read + in_to_rows - in_from_rows,
        rows_rejected = l.rows_rejected + in_rows_rejected,
        rows_staged = l.rows_staged + coalesce((counts ->> 'staged')::bigint, 0),
        rows_inserted = l.rows_inserted + coalesce((counts ->> 'inserted')::bigint, 0),
        rows_updated = l.rows_updated + coalesce((counts ->> 'updated')::bigint, 0),
        rows_unchanged = l.rows_unchanged + coalesce((counts ->> 'unchanged')::bigint, 0),
        rows_repeated = l.rows_repeated + coalesce((counts ->> 'repeated')::bigint, 0),
        batches = l.batches + 1,
        lease_until = clock_timestamp() + in_lease
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.checkpoint_rows = in_from_rows
      and pg_backend_pid() in (l.worker_pid, l.second_pid);
    if not found then
        return false;
    end if;
    -- While they are there, the transaction cannot commit.
    delete from stardrop.pending_counts u
    where u.load_id = in_load_id;
    perform stardrop.add_table_counts(in_load_id, counts);
    return true;
end
$$;

comment on function stardrop.checkpoint is
    'Ends a batch: moves the load''s checkpoint and adds the batch''s row counts. False if the claim is lost.';
