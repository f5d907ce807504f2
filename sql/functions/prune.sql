-- Prune: deletes rejected rows that are older than that. Those of a load that is under way or failed
-- stay: it may be taken up again, and then has to account for them. Returns how many went.
create or replace function stardrop.prune(in_age interval) returns bigint
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    pruned bigint;
begin
    delete from stardrop.rejected_row r
    using stardrop.load l
    where l.load_id = r.load_id
      and l.state not in ('loading', 'failed')
      and r.rejected_at < clock_timestamp() - in_age;
    get diagnostics pruned = row_count;
    return pruned;
end
$$;
