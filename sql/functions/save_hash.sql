-- Saves how far an object has been hashed before it is loaded. With the hash of the whole object it also
-- checks whether the same bytes are loaded already, and then marks the load as a duplicate. Returns the
-- load's state, null if the claim is lost.
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
    skip record;
begin
    update stardrop.load l
    set content_hash = in_content_hash,
        hash_state = in_hash_state,
        hash_offset = in_hash_offset,
        attempts_without_progress = 0,
        lease_until = clock_timestamp() + in_lease
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.checkpoint_rows = 0
      and l.worker_pid = pg_backend_pid()
    returning * into this;
    if this.content_hash is not null then
        select * into skip from stardrop.skip_reason(this, in_overwrite, true);
        if skip.state is not null then
            update stardrop.load l
            set state = skip.state,
                duplicate_of = skip.duplicate_of,
                notes = skip.notes,
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

comment on function stardrop.save_hash is
    'Saves how far an object has been hashed; with the whole hash, skips a duplicate.';
