-- Called by the trigger functions at the start of a batch: returns the load of its rows. The loader has
-- set it with begin_batch. For everybody else who inserts into staging it creates a load, one for each
-- transaction and dataset.
create or replace function stardrop.open_batch(in_dataset text) returns stardrop.batch
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    claimed_load text := nullif(current_setting('stardrop.load_id', true), '');
    this stardrop.batch;
begin
    if nullif(current_setting('stardrop.trigger_began', true), '') is null then
        perform set_config('stardrop.trigger_began', clock_timestamp()::text, true);
    end if;

    -- A batch must read what others have committed before its statements: with an older snapshot it
    -- would miss members that another load has just inserted.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'rows can be inserted into staging.% only in a read committed transaction', in_dataset
            using errcode = 'invalid_transaction_state',
                  hint = 'begin the transaction with: isolation level read committed';
    end if;

    -- Shared: any number of transactions with a single COPY run at the same time. A transaction with
    -- several COPYs takes the lock exclusively, before its first one.
    perform pg_advisory_xact_lock_shared(stardrop.star_lock());

    if claimed_load is not null then
        select l.load_id, l.object_time into this
        from stardrop.load l
        where l.load_id = claimed_load::bigint
          and (l.dataset = in_dataset and l.state = 'loading') is true
          and pg_backend_pid() in (l.worker_pid, l.second_pid);
        if not found then
            raise exception 'this session does not hold load % of dataset %', claimed_load, in_dataset
                using errcode = 'SD005';
        end if;
        -- Migrations hold the star's lock exclusively, so the contract cannot change before the commit.
        perform stardrop.check_contract(in_dataset, current_setting('stardrop.contract', true));
        return this;
    end if;

    insert into stardrop.load
        (dataset, bucket, key, version_id, object_time, state, finished_at, attempt)
    values
        (in_dataset, 'sql', format('%s@staging.%s', session_user, in_dataset),
         pg_current_xact_id()::text, clock_timestamp(), 'loaded', clock_timestamp(), 1)
    on conflict on constraint load_object_version_key do update
        set finished_at = clock_timestamp()
    returning load_id, object_time into this;
    return this;
end
$$;

comment on function stardrop.open_batch is
    'Called by the trigger functions: returns the load of a batch''s rows.';
