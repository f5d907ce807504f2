-- Note hash: how far an object has been hashed before it is loaded. With its whole hash, whether the
-- same bytes are in the star already. The state of the load now, null where the claim was lost.
create or replace function stardrop.save_hash(
    in_load_id bigint,
    in_attempt integer,
    in_overwrite text,
    in_hash_state bytea,
    in_hash_offset bigint,
    in_content_hash bytea,
    in_lease interval
) returns text
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    this stardrop.load;
    verdict record;
begin
    update stardrop.load l
    set content_hash = in_content_hash,
        hash_state = in_hash_state,
        hash_offset = in_hash_offset,
        attempts_without_progress = 0,
        lease_until = clock_timestamp() + in_lease
    where l.load_id = in_load_id
      and l.state = 'loading'
      and l.attempt = in_attempt
      and l.checkpoint_rows = 0
      and l.worker_pid = pg_backend_pid()
    returning * into this;
    if this.content_hash is not null then
        select * into verdict from stardrop.skip_reason(this, in_overwrite, true);
        if verdict.state is not null then
            update stardrop.load l
            set state = verdict.state,
                duplicate_of = verdict.duplicate_of,
                notes = verdict.notes,
                hash_state = null,
                lease_until = null,
                finished_at = clock_timestamp()
            where l.load_id = in_load_id
            returning * into this;
        end if;
    end if;
    return this.state;
end
$$;
