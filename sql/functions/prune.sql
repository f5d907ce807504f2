-- Prune: deletes rejected rows, and rows in staging tables that keep theirs, that are older than
-- `in_age`. Rows of a load that is loading or failed stay, because the load may continue and then must
-- account for them. Returns the numbers of deleted rows.
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
    staging_table regclass;
    pruned bigint;
begin
    delete from stardrop.rejected_row r
    using stardrop.load l
    where l.load_id = r.load_id
      and l.state not in ('loading', 'failed')
      and r.rejected_at < before;
    get diagnostics rejected_rows = row_count;

    staging_rows := 0;
    -- Staging tables that keep their rows are logged, the others are not.
    for staging_table in
        select c.oid
        from pg_class c
        join stardrop.dataset d on d.name = c.relname
        where c.relnamespace = 'staging'::regnamespace
          and c.relkind = 'r'
          and c.relowner = 'stardrop_owner'::regrole
          and c.relpersistence = 'p'
        order by c.relname
    loop
        execute format(
            'delete from %s kept
             using stardrop.load l
             where l.load_id = kept.load_id
               and l.state not in (''loading'', ''failed'')
               and l.finished_at < $1',
            staging_table
        ) using before;
        get diagnostics pruned = row_count;
        staging_rows := staging_rows + pruned;
    end loop;
end
$$;

comment on function stardrop.prune is
    'Deletes old rejected rows and old rows in staging tables that keep theirs.';
