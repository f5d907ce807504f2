-- Waits until the batch before this one is committed or rolled back, where it was still open when this one began (see
-- begin_batch_ahead). Nobody may wait for a batch that waits for its turn, or they could wait for each other: a batch calls
-- this before it takes a lock alone, and, if has_to_wait says so, before it inserts a row that others may insert, too.
create or replace function stardrop.wait_for_turn() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    before text := coalesce(current_setting('stardrop.turn_after', true), '');
begin
    if before <> '' then
        perform pg_advisory_xact_lock_shared(before::bigint);
        perform set_config('stardrop.turn_after', '', true);
    end if;
end
$$;

comment on function stardrop.wait_for_turn is
    'Waits until the batch before this one is committed or rolled back.';
