-- Reopen: a user asks for a load that failed, was skipped as a duplicate or as an older version, or was undone to be
-- loaded after all. A load continues at its checkpoint; an undone one starts from the beginning, with its row
-- counts reset. The time of its start is that of the attempt that loads its first batch. False if the load is in another
-- state.
create or replace function stardrop.reopen(in_load_id bigint) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update stardrop.load l
    set checkpoint_rows = 0,
        checkpoint_line = 0,
        checkpoint_offset = 0,
        rows_staged = 0,
        rows_inserted = 0,
        rows_updated = 0,
        rows_unchanged = 0,
        rows_repeated = 0,
        batches = 0
    where l.load_id = in_load_id
      and l.state = 'undone';
    if found then
        delete from stardrop.load_table t where t.load_id = in_load_id;
        delete from stardrop.load_finding f where f.load_id = in_load_id;
    end if;
    update stardrop.load l
    set state = 'loading',
        started_at = case when l.batches = 0 then clock_timestamp() else l.started_at end,
        forced = true,
        duplicate_of = null,
        finished_at = null,
        notes = null,
        rows_read = l.checkpoint_rows,
        rows_rejected = l.checkpoint_rows - l.rows_staged,
        failure_stage = null,
        failure_sqlstate = null,
        failure_text = null
    where l.load_id = in_load_id
      and l.state in ('failed', 'duplicate', 'superseded', 'undone');
    return found;
end
$$;

comment on function stardrop.reopen is
    'Allows a load that failed, was skipped or was undone to be loaded again.';
