-- Undo: takes a load back from the star, all of it or nothing. No other batch runs meanwhile.
--
-- outcome   undone       done; `stardrop.load_table` has the number of deleted rows, `report` the tables in which any
--                        other load may have had the values that are taken back, and for each dimension the number of
--                        versions that are deleted, and of rows that stay without values
--           no_rows      the load is in a state in which none of its rows are in the star
--           busy         another worker holds the load's key
--           no_contract  the load's dataset has no contract in this database
--           not_found    there is no load with this id
--
-- in_replays  the load is loaded again right away, and the other loads that it shares members with are not
create or replace function stardrop.undo(
    in_load_id bigint,
    in_replays boolean default false,
    out outcome text,
    out state text,
    out dataset text,
    out report jsonb
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    this stardrop.load;
    undo regprocedure;
begin
    select l.* into this from stardrop.load l where l.load_id = in_load_id;
    if not found then
        outcome := 'not_found';
        return;
    end if;
    dataset := this.dataset;
    -- The same order of locks as in the loader: the key, then the star.
    if not pg_try_advisory_xact_lock(stardrop.key_lock(this.bucket, this.key)) then
        outcome := 'busy';
        state := this.state;
        return;
    end if;
    perform pg_advisory_xact_lock(stardrop.star_lock());
    select l.* into this from stardrop.load l where l.load_id = in_load_id for update;
    state := this.state;
    if this.state not in ('loaded', 'failed', 'loading') then
        outcome := 'no_rows';
        return;
    end if;
    undo := to_regprocedure(format('staging.%I(bigint,boolean)', 'undo_' || this.dataset));
    if undo is null then
        outcome := 'no_contract';
        return;
    end if;
    execute format('select %s($1, $2)', undo::regproc) into report using in_load_id, in_replays;
    update stardrop.load l
    set state = 'undone',
        finished_at = coalesce(l.finished_at, clock_timestamp()),
        lease_until = null,
        failure_stage = null,
        failure_sqlstate = null,
        failure_text = null,
        notes = concat_ws(
            '; ', l.notes, l.failure_text,
            format('undone by %s at %s', session_user, date_trunc('second', clock_timestamp()))
        )
    where l.load_id = in_load_id;
    outcome := 'undone';
end
$$;

comment on function stardrop.undo is
    'Takes a load back from the star.';
