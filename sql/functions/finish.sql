-- Finish: marks a load as loaded completely. False if the claim is lost.
create or replace function stardrop.finish(
    in_load_id bigint,
    in_attempt integer,
    in_rows bigint,
    in_notes text,
    in_content_hash bytea default null,
    in_etag_is_md5 boolean default null
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- Every row that is counted as rejected must be saved.
    perform
    from stardrop.load l
    where l.load_id = in_load_id
      and l.rows_rejected <> (
          select count(*) from stardrop.rejected_row r where r.load_id = in_load_id
      );
    if found then
        raise exception 'load %: the number of saved rejected rows differs from its rows_rejected', in_load_id
            using errcode = 'invalid_transaction_state';
    end if;
    update stardrop.load l
    set state = 'loaded',
        finished_at = clock_timestamp(),
        lease_until = null,
        notes = in_notes,
        content_hash = coalesce(in_content_hash, l.content_hash),
        etag_is_md5 = in_etag_is_md5,
        hash_state = null
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.checkpoint_rows = in_rows
      and pg_backend_pid() in (l.worker_pid, l.second_pid);
    return found;
end
$$;

comment on function stardrop.finish is
    'Marks a load as loaded completely. False if the claim is lost.';
