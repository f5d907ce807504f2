-- Begins to load the rejected rows of a finished load again, in the current transaction. Until its end
-- the load is in state `loading`, and rows that are inserted into staging belong to it. Nobody sees
-- this before the commit, and if the worker dies the load is unchanged. `in_attempt` is the attempt
-- that the caller read.
--
-- outcome   begun       rows can be inserted, with any number of COPYs: no other batch runs
--           busy        another worker holds the load's key
--           outdated    the load has changed since the caller read it
--           superseded  overwrite is replace, and a newer version of the key has replaced the load
create or replace function stardrop.begin_reject_reload(
    in_load_id bigint,
    in_attempt integer,
    in_fingerprint text,
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
    -- The same order of locks as in the loader: the key, the star, the load's row.
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
      and stardrop.covers_part(newer, this.dataset, this.part)
      and stardrop.is_newer(newer.sequencer, newer.object_time, this.sequencer, this.object_time);
    if found then
        outcome := 'superseded';
        return;
    end if;
    perform stardrop.check_contract(this.dataset, in_fingerprint);
    update stardrop.load l
    set state = 'loading',
        finished_at = null,
        attempt = l.attempt + 1,
        worker_pid = pg_backend_pid(),
        second_pid = null
    where l.load_id = in_load_id
    returning l.attempt into attempt;
    perform set_config('stardrop.load_id', in_load_id::text, true);
    perform set_config('stardrop.contract', in_fingerprint, true);
    outcome := 'begun';
end
$$;

comment on function stardrop.begin_reject_reload is
    'Begins to load the rejected rows of a finished load again, in the current transaction.';
