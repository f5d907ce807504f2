-- Begins to load the rejected rows of a load alone, in the current transaction: for its length the
-- load is loading again, and rows that enter staging belong to it. Until the commit nobody sees that;
-- a worker that dies leaves everything as it was. `in_attempt` is where the caller found the load.
--
-- outcome   begun       the rows may come, in any number of COPYs: nobody else writes to the star
--           busy        another worker holds the load's key
--           outdated    the load has changed since the caller read it
--           superseded  the dataset replaces, and a newer version of the key has replaced the load
create or replace function stardrop.begin_reject_reload(
    in_load_id bigint,
    in_attempt integer,
    in_contract text,
    in_overwrite text,
    out outcome text,
    out attempt integer
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    this stardrop.load;
begin
    select l.* into this from stardrop.load l where l.load_id = in_load_id;
    -- The order is that of the loader: first the key, then the star, then the load's row.
    if not pg_try_advisory_xact_lock(stardrop.key_lock(this.bucket, this.key)) then
        outcome := 'busy';
        return;
    end if;
    perform pg_advisory_xact_lock(stardrop.star_lock());
    select l.* into this from stardrop.load l where l.load_id = in_load_id for update;
    if this.state is distinct from 'loaded' or this.attempt <> in_attempt then
        outcome := 'outdated';
        return;
    end if;
    perform
    from stardrop.load newer
    where in_overwrite = 'replace'
      and newer.bucket = this.bucket
      and newer.key = this.key
      and newer.load_id <> this.load_id
      and newer.state in ('loaded', 'duplicate')
      and stardrop.is_newer(newer.sequencer, newer.object_time, this.sequencer, this.object_time);
    if found then
        outcome := 'superseded';
        return;
    end if;
    perform stardrop.check_contract(this.dataset, in_contract);
    update stardrop.load l
    set state = 'loading',
        finished_at = null,
        attempt = l.attempt + 1,
        worker_pid = pg_backend_pid()
    where l.load_id = in_load_id
    returning l.attempt into attempt;
    perform set_config('stardrop.load_id', in_load_id::text, true);
    perform set_config('stardrop.contract', in_contract, true);
    outcome := 'begun';
end
$$;
