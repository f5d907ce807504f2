-- Called by the trigger functions: hands over what a batch did. For the loader it waits for the
-- checkpoint, added to what parts of the batch did before; a rollback to a savepoint takes it back
-- too. For everybody else it goes straight into the ledger.
create or replace function stardrop.close_batch(in_load_id bigint, in_counts jsonb) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    books record;
begin
    -- What the trigger functions generate adds up; a normalise.sql keeps its books itself.
    select c.inserted, c.updated, c.staged into books
    from jsonb_to_record(in_counts) as c (inserted bigint, updated bigint, staged bigint);
    if (books.inserted >= 0 and books.updated >= 0
        and books.inserted + books.updated <= books.staged) is not true
    then
        raise exception 'normalise.sql of dataset % counts % rows inserted and % updated, of % staged',
            (select l.dataset from stardrop.load l where l.load_id = in_load_id),
            coalesce(books.inserted::text, 'null'), coalesce(books.updated::text, 'null'), books.staged
            using errcode = 'SD002',
                  hint = 'each staged row is inserted, updated or unchanged: set rows_inserted and rows_updated to match';
    end if;

    if nullif(current_setting('stardrop.load_id', true), '') is not null then
        insert into stardrop.pending_counts as u (load_id, counts)
        values (in_load_id, in_counts)
        on conflict on constraint pending_counts_pkey do update
            set counts = stardrop.sum_counts(u.counts, excluded.counts);
        return;
    end if;
    perform stardrop.add_row_counts(in_load_id, in_counts, (in_counts ->> 'staged')::bigint, 0, 1);
end
$$;
