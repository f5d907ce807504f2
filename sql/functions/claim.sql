-- Claim: finds or creates the load of an object version, or of a part of it, and, if it is not finished, claims
-- it for this session. Only one version of a key is loaded at a time.
--
-- outcome   claimed   this session holds the load: continue at the checkpoint
--           done      nothing to load, `state` says why
--           busy      another worker holds the key, and its lease lasts until `lease_until`
--           stale     another worker holds the key although its lease has ended: terminate `worker_pid`,
--                     then claim again
--
-- has_duplicate_candidate    another object of the same size is loaded: compare the hashes of their
--                            bytes, or their etags
-- has_candidate_without_md5  the etag of one of these is not a hash of its bytes
--
-- object_time, version_id    those of the load's first event: another one may say the time more or less exactly
--
-- in_overwrite  that of the contract, or `extract` for full extracts, which replace older versions too
--
-- replaces  rows of older versions of the key must be deleted in the transaction that loads the new ones
create or replace function stardrop.claim(
    in_dataset text,
    in_bucket text,
    in_key text,
    in_version_id text,
    in_etag text,
    in_size_bytes bigint,
    in_object_time timestamptz,
    in_sequencer text,
    in_overwrite text,
    in_skip_same_content boolean,
    in_lease interval,
    in_worker_started timestamptz,
    in_part text default '',
    out outcome text,
    out load_id bigint,
    out state text,
    out loaded_as text,
    out attempt integer,
    out checkpoint_rows bigint,
    out checkpoint_line bigint,
    out checkpoint_offset bigint,
    out rows_rejected bigint,
    out object_time timestamptz,
    out version_id text,
    out replaces boolean,
    out worker_pid integer,
    out worker_started timestamptz,
    out lease_until timestamptz,
    out lease_left_seconds double precision,
    out attempts_without_progress integer,
    out hash_state bytea,
    out hash_offset bigint,
    out has_duplicate_candidate boolean,
    out has_candidate_without_md5 boolean
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    lock_key bigint := stardrop.key_lock(in_bucket, in_key);
    this stardrop.load;
    holder stardrop.load;
    skip record;
begin
    -- Most repeated events end here, without a lock.
    this := stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, in_part);
    if this.load_id is not null
       and this.state not in ('loading', 'unmatched')
       and not stardrop.is_revert(this, in_sequencer, in_object_time) then
        outcome := 'done';
        load_id := this.load_id;
        state := this.state;
        loaded_as := this.dataset;
        return;
    end if;

    -- The lock lasts as long as the session, so it is released whenever a worker dies.
    if not pg_try_advisory_lock(lock_key) then
        select l.* into holder
        from stardrop.load l
        where l.bucket = in_bucket
          and l.key = in_key
          and l.state = 'loading'
          and l.lease_until is not null
        order by l.lease_until desc
        limit 1;
        outcome := case when holder.lease_until <= clock_timestamp() then 'stale' else 'busy' end;
        load_id := coalesce(holder.load_id, 0);
        worker_pid := holder.worker_pid;
        worker_started := holder.worker_started;
        lease_until := holder.lease_until;
        lease_left_seconds := extract(epoch from holder.lease_until - clock_timestamp());
        return;
    end if;

    -- From here on no other session changes the key's loads. What was read before the lock is read again.
    loop
        this := stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, in_part);
        -- A worker that has lost the session with the lock may still be committing a batch in its second session.
        select l.* into this from stardrop.load l where l.load_id = this.load_id for update;
        if this.load_id is null
           or this.state not in ('loading', 'unmatched')
              and stardrop.is_revert(this, in_sequencer, in_object_time) then
            insert into stardrop.load
                (dataset, bucket, key, version_id, etag, part, generation, size_bytes, object_time,
                 sequencer)
            values
                (in_dataset, in_bucket, in_key, in_version_id, in_etag, in_part,
                 coalesce(this.generation + 1, 0), in_size_bytes, in_object_time, in_sequencer)
            -- The session that had the lock before may have released it, below, before its commit.
            on conflict on constraint load_object_version_key do nothing
            returning * into this;
            continue when not found;
        end if;
        if this.state = 'unmatched' then
            -- No dataset fitted the key at the time of its event. One does now.
            update stardrop.load l
            set dataset = in_dataset,
                state = 'loading',
                finished_at = null,
                notes = null
            where l.load_id = this.load_id
            returning * into this;
        end if;
        exit when this.state <> 'loading';

        skip := stardrop.skip_reason(
            this, in_overwrite, in_skip_same_content and this.checkpoint_rows = 0
        );
        exit when skip.state is null;
        update stardrop.load l
        set state = skip.state,
            duplicate_of = skip.duplicate_of,
            notes = skip.notes,
            lease_until = null,
            finished_at = clock_timestamp()
        where l.load_id = this.load_id
        returning * into this;
        perform stardrop.forget_rejects_of_failure(this);
        -- A key that has its earlier bytes again: their earlier load is finished here, and the loop
        -- creates one for this event.
        exit when not stardrop.is_revert(this, in_sequencer, in_object_time);
    end loop;

    load_id := this.load_id;
    state := this.state;
    loaded_as := this.dataset;
    if this.dataset <> in_dataset then
        perform pg_advisory_unlock(lock_key);
        outcome := 'done';
        return;
    end if;
    if this.state <> 'loading' then
        perform pg_advisory_unlock(lock_key);
        outcome := 'done';
        return;
    end if;

    update stardrop.load l
    set attempt = l.attempt + 1,
        attempts_without_progress = l.attempts_without_progress + 1,
        worker_pid = pg_backend_pid(),
        second_pid = null,
        worker_started = in_worker_started,
        lease_until = clock_timestamp() + in_lease
    where l.load_id = this.load_id
    returning * into this;

    perform stardrop.forget_rejects_of_failure(this);

    -- Only the commits of batches need to survive a crash of the server: without its session the claim is lost anyway.
    perform set_config('synchronous_commit', 'off', true);

    outcome := 'claimed';
    attempt := this.attempt;
    hash_state := this.hash_state;
    hash_offset := this.hash_offset;
    select count(*) > 0, coalesce(bool_or(not t.etag_is_md5), false) into has_duplicate_candidate, has_candidate_without_md5
    from stardrop.load t
    where in_skip_same_content
      and not this.forced
      and this.checkpoint_rows = 0
      and this.content_hash is null
      and t.dataset = this.dataset
      and t.part = this.part
      and t.size_bytes = this.size_bytes
      and t.state = 'loaded'
      and t.load_id <> this.load_id
      and t.content_hash is not null;
    attempts_without_progress := this.attempts_without_progress - 1;
    checkpoint_rows := this.checkpoint_rows;
    checkpoint_line := this.checkpoint_line;
    checkpoint_offset := this.checkpoint_offset;
    rows_rejected := this.rows_rejected;
    object_time := this.object_time;
    version_id := this.version_id;
    lease_until := this.lease_until;
    replaces := in_overwrite in ('replace', 'extract') and not stardrop.has_newer_version(this.load_id) and exists (
        select from stardrop.load older
        where older.bucket = in_bucket
          and older.key = in_key
          and older.load_id <> this.load_id
          and older.rows_staged > 0
          and stardrop.is_replaced_by(older.load_id, this.load_id)
          and older.state <> 'undone'
    );
end
$$;

comment on function stardrop.claim is
    'Finds or creates the load of an object version and claims it for this session.';
