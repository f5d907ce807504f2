-- Prune: deletes rejected rows, and rows of staging tables that keep theirs, that are older than that.
-- Those of a load that is under way or failed stay: it may be taken up again, and then has to
-- account for them. Returns how many went.
create or replace function stardrop.prune(
    in_age interval,
    out rejected_rows bigint,
    out staging_rows bigint
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    before timestamptz := clock_timestamp() - in_age;
    keeper regclass;
    pruned bigint;
begin
    delete from stardrop.rejected_row r
    using stardrop.load l
    where l.load_id = r.load_id
      and l.state not in ('loading', 'failed')
      and r.rejected_at < before;
    get diagnostics rejected_rows = row_count;

    staging_rows := 0;
    -- A staging table that keeps its rows is the one that is logged.
    for keeper in
        select c.oid
        from pg_class c
        join stardrop.dataset d on d.name = c.relname
        where c.relnamespace = 'staging'::regnamespace
          and c.relkind = 'r'
          and c.relpersistence = 'p'
        order by c.relname
    loop
        execute format(
            'delete from %s kept
             using stardrop.load l
             where l.load_id = kept.load_id
               and l.state not in (''loading'', ''failed'')
               and l.finished_at < $1',
            keeper
        ) using before;
        get diagnostics pruned = row_count;
        staging_rows := staging_rows + pruned;
    end loop;
end
$$;
