-- Deletes a load's rejected rows past its checkpoint: they were saved with a failure. The load reads them again, or has
-- ended without them.
create or replace function stardrop.forget_rejects_of_failure(in_load stardrop.load) returns void
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    delete from stardrop.rejected_row r
    where r.load_id = in_load.load_id
      and r.source_line > in_load.checkpoint_line
$$;

comment on function stardrop.forget_rejects_of_failure is
    'Deletes a load''s rejected rows past its checkpoint, which were saved with a failure.';
