-- Finishes what begin_reject_reload has begun, in the same transaction. Rows that were loaded are
-- deleted from the rejected rows; those in `in_lines` stay rejected, for the given reasons. The load is
-- in state `loaded` again, with the row counts of one more batch.
--
-- outcome   changed   commit
--           same      no row was loaded, and all are rejected for the same reasons: roll back
--           lost      the claim is lost: roll back
create or replace function stardrop.finish_reject_reload(
    in_load_id bigint,
    in_attempt integer,
    in_lines bigint[],
    in_columns text[],
    in_codes text[],
    in_reasons text[],
    out outcome text
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    counts jsonb;
    staged bigint;
    accepted bigint;
    changed_reasons bigint;
begin
    perform
    from stardrop.load l
    where l.load_id = in_load_id
      and l.state = 'loading'
      and l.attempt = in_attempt
      and l.worker_pid = pg_backend_pid();
    if not found then
        outcome := 'lost';
        return;
    end if;
    update stardrop.rejected_row r
    set column_name = still.column_name,
        code = still.code,
        reason = still.reason
    from unnest(in_lines, in_columns, in_codes, in_reasons) as still (line, column_name, code, reason)
    where r.load_id = in_load_id
      and r.source_line = still.line
      and (r.column_name, r.code, r.reason)
          is distinct from (still.column_name, still.code, still.reason);
    get diagnostics changed_reasons = row_count;
    delete from stardrop.rejected_row r
    where r.load_id = in_load_id
      and not exists (select from unnest(in_lines) as still (line) where still.line = r.source_line);
    get diagnostics accepted = row_count;

    delete from stardrop.pending_counts u
    where u.load_id = in_load_id
    returning u.counts into counts;
    staged := coalesce((counts ->> 'staged')::bigint, 0);
    if staged <> accepted then
        raise exception 'load %: % rejected rows were loaded, but % were removed from rejected_row',
            in_load_id, staged, accepted
            using errcode = 'invalid_transaction_state';
    end if;
    perform stardrop.add_row_counts(
        in_load_id, coalesce(counts, '{}'::jsonb), 0, -accepted, least(accepted, 1)::integer
    );
    update stardrop.load l
    set state = 'loaded',
        finished_at = clock_timestamp()
    where l.load_id = in_load_id;
    outcome := case when accepted + changed_reasons > 0 then 'changed' else 'same' end;
end
$$;

comment on function stardrop.finish_reject_reload is
    'Finishes loading the rejected rows of a load again, in the same transaction.';
