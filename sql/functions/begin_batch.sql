-- Opens a batch in the current transaction: from here on, rows that enter staging belong to the
-- load. A transaction that touches the star more than once takes its lock exclusively, before its
-- first touch. `in_contract` is the fingerprint of the contract that the rows are made for. False
-- where the claim was lost.
create or replace function stardrop.begin_batch(
    in_load_id bigint,
    in_attempt integer,
    in_from_rows bigint,
    in_exclusive boolean,
    in_contract text
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
      and l.state = 'loading'
      and l.attempt = in_attempt
      and l.checkpoint_rows = in_from_rows
      and l.worker_pid = pg_backend_pid();
    if not found then
        return false;
    end if;
    -- Before a batch is sent in vain; the trigger asks again, when no migration can come between.
    perform stardrop.check_contract(this.dataset, in_contract);
    perform set_config('stardrop.load_id', in_load_id::text, true);
    perform set_config('stardrop.contract', in_contract, true);
    return true;
end
$$;
