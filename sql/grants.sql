-- What each role may do. Functions are closed to everybody first: creating one opens it.
revoke all on all functions in schema stardrop from public;

grant usage on schema stardrop, staging to stardrop_loader;
grant execute on function
    stardrop.contract_fingerprint,
    stardrop.claim,
    stardrop.release,
    stardrop.begin_batch,
    stardrop.checkpoint,
    stardrop.reject_rows,
    stardrop.totals,
    stardrop.save_hash,
    stardrop.newest_loads,
    stardrop.mark_skipped,
    stardrop.finish,
    stardrop.fail
to stardrop_loader;

grant usage on schema stardrop, star to stardrop_reader;
grant execute on function stardrop.newest_loads to stardrop_reader;
-- Tables and views of ours only: what users made there is theirs to grant.
do $grants$
declare
    ours text;
begin
    for ours in
        select c.oid::regclass::text
        from pg_class c
        where c.relnamespace in ('stardrop'::regnamespace, 'star'::regnamespace)
          and c.relkind in ('r', 'p', 'v', 'm')
          and c.relowner = 'stardrop_owner'::regrole
        order by 1
    loop
        execute format('grant select on %s to stardrop_reader', ours);
    end loop;
end
$grants$;
