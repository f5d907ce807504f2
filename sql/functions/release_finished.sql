-- Releases a load's key once the load is finished, and returns what there is to report: its row counts, and its
-- findings as a JSON array. While this session still loads it, its key stays locked, and the result is empty: the
-- worker sends this statement together with the commit, which may fail.
create or replace function stardrop.release_finished(
    in_load_id bigint,
    out rows_read bigint,
    out rows_rejected bigint,
    out rows_inserted bigint,
    out rows_updated bigint,
    out rows_unchanged bigint,
    out batches bigint,
    out bytes bigint,
    out findings text
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    this stardrop.load;
begin
    select l.* into this from stardrop.load l where l.load_id = in_load_id;
    if this.state = 'loading' and this.worker_pid = pg_backend_pid() then
        return;
    end if;
    perform pg_advisory_unlock(stardrop.key_lock(this.bucket, this.key));
    rows_read := this.rows_read;
    rows_rejected := this.rows_rejected;
    rows_inserted := this.rows_inserted;
    rows_updated := this.rows_updated;
    rows_unchanged := this.rows_unchanged;
    batches := this.batches;
    bytes := coalesce(this.size_bytes, this.checkpoint_offset);
    select coalesce(jsonb_agg(to_jsonb(f) order by f.code desc, f.first_line, f.name, f.column_names), '[]')
    into findings
    from stardrop.load_finding f
    where f.load_id = in_load_id;
end
$$;

comment on function stardrop.release_finished is
    'Releases the key of a load that is finished, and returns its row counts and findings.';
