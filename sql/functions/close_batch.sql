-- Called by the trigger functions: hands over what a batch did. To the loader by a setting of the
-- transaction, to what parts of the batch did before, which a rollback undoes; for everybody else straight into the ledger.
create or replace function stardrop.close_batch(in_load_id bigint, in_counts jsonb) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if nullif(current_setting('stardrop.load_id', true), '') is not null then
        perform set_config(
            'stardrop.counts',
            stardrop.add_counts(
                nullif(current_setting('stardrop.counts', true), '')::jsonb, in_counts
            )::text,
            true
        );
        return;
    end if;
    perform stardrop.book(in_load_id, in_counts, (in_counts ->> 'staged')::bigint, 0, 1);
end
$$;
