-- Begins a batch in the current transaction: from here on, rows that are inserted into staging belong
-- to the load. With `in_exclusive` it takes the star's lock exclusively, which a transaction must do
-- before it first writes to the star, if it writes more than once. `in_fingerprint` is that of the
-- contract for which the rows are made. False if the claim is lost.
-- Here and in the functions that end a batch, `(..) is true` keeps Postgres from the index `load_state`: it has many dead
-- entries while loads come and go, and the load is found by its number.
create or replace function stardrop.begin_batch(
    in_load_id bigint,
    in_attempt integer,
    in_from_rows bigint,
    in_exclusive boolean,
    in_fingerprint text
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    this stardrop.load;
begin
    if in_exclusive then
        perform pg_advisory_xact_lock(stardrop.star_lock());
    end if;
    select l.* into this
    from stardrop.load l
    where l.load_id = in_load_id
      and (l.state = 'loading') is true
      and l.attempt = in_attempt
      and l.checkpoint_rows = in_from_rows
      and l.worker_pid = pg_backend_pid();
    if not found then
        return false;
    end if;
    -- The batch after it may begin before this one ends, in the worker's second session.
    perform pg_advisory_xact_lock(stardrop.turn_lock(in_load_id, in_attempt, in_from_rows));
    -- Found here, the error saves sending the batch. The trigger checks again, under the star's lock,
    -- when no migration can run any more.
    perform stardrop.check_contract(this.dataset, in_fingerprint);
    perform set_config('stardrop.load_id', in_load_id::text, true);
    perform set_config('stardrop.contract', in_fingerprint, true);
    return true;
end
$$;

comment on function stardrop.begin_batch is
    'Begins a batch of a claimed load in the current transaction. False if the claim is lost.';
