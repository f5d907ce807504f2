-- Called by the trigger functions at the end of a batch, with its row counts. For the loader they wait
-- in `pending_counts` for the checkpoint, added to those of other parts of the batch. For everybody
-- else they go straight into the ledger. A rollback, also to a savepoint, undoes either.
create or replace function stardrop.close_batch(in_load_id bigint, in_counts jsonb) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    counts record;
begin
    -- Generated trigger functions count correctly; a normalise.sql sets the counts itself.
    select c.inserted, c.updated, c.staged into counts
    from jsonb_to_record(in_counts) as c (inserted bigint, updated bigint, staged bigint);
    if (counts.inserted >= 0 and counts.updated >= 0
        and counts.inserted + counts.updated <= counts.staged) is not true
    then
        raise exception 'normalise.sql of dataset % counts % rows inserted and % updated, of % staged',
            (select l.dataset from stardrop.load l where l.load_id = in_load_id),
            coalesce(counts.inserted::text, 'null'), coalesce(counts.updated::text, 'null'), counts.staged
            using errcode = 'SD002',
                  hint = 'each staged row is inserted, updated or unchanged: set rows_inserted and rows_updated to match';
    end if;

    if nullif(current_setting('stardrop.load_id', true), '') is not null then
        perform stardrop.wait_for_turn();
        insert into stardrop.pending_counts as u (load_id, counts)
        values (in_load_id, in_counts)
        on conflict on constraint pending_counts_pkey do update
            set counts = stardrop.sum_counts(u.counts, excluded.counts);
        return;
    end if;
    perform stardrop.add_row_counts(in_load_id, in_counts, (in_counts ->> 'staged')::bigint, 0, 1);
end
$$;

comment on function stardrop.close_batch is
    'Called by the trigger functions: records the row counts of a batch.';
