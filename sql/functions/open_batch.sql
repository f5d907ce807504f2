-- Called by the trigger functions: whose rows are these? The loader has said so with begin_batch;
-- whoever else inserts into staging gets a load of their own, one per transaction and dataset.
create or replace function stardrop.open_batch(in_dataset text) returns stardrop.batch
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    said text := nullif(current_setting('stardrop.load_id', true), '');
    this stardrop.batch;
begin
    -- What a batch reads before it writes must be what others have committed by then: a snapshot
    -- that is older than the statement would miss members that another load has just brought.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'rows can enter staging.% in read committed transactions only', in_dataset
            using errcode = 'invalid_transaction_state',
                  hint = 'begin the transaction with: isolation level read committed';
    end if;

    -- Shared: any number of single-COPY transactions work side by side. A transaction with
    -- several COPYs takes it exclusively, before its first.
    perform pg_advisory_xact_lock_shared(stardrop.star_lock());

    if said is not null then
        select l.load_id, l.object_time into this
        from stardrop.load l
        where l.load_id = said::bigint
          and l.dataset = in_dataset
          and l.state = 'loading'
          and l.worker_pid = pg_backend_pid();
        if not found then
            raise exception 'load % is not being loaded into % by this session', said, in_dataset
                using errcode = 'invalid_transaction_state';
        end if;
        -- Migrations hold the star's lock exclusively: what is true here stays true to the commit.
        perform stardrop.check_contract(in_dataset, current_setting('stardrop.contract', true));
        return this;
    end if;

    insert into stardrop.load
        (dataset, bucket, key, version_id, object_time, state, finished_at, attempt)
    values
        (in_dataset, 'sql', session_user || '@staging.' || in_dataset,
         pg_current_xact_id()::text, clock_timestamp(), 'loaded', clock_timestamp(), 1)
    on conflict on constraint load_object_version_key do update
        set finished_at = clock_timestamp()
    returning load_id, object_time into this;
    return this;
end
$$;
