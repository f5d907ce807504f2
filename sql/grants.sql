-- The privileges of each role. A new function is executable by everybody, so that is revoked first.
revoke all on all functions in schema stardrop from public;

grant usage on schema stardrop, staging to stardrop_loader;
grant execute on function
    stardrop.begin_batch,
    stardrop.checkpoint,
    stardrop.claim,
    stardrop.contract_fingerprint,
    stardrop.fail,
    stardrop.finish,
    stardrop.mark_skipped,
    stardrop.newest_loads,
    stardrop.record_unmatched,
    stardrop.reject_rows,
    stardrop.release,
    stardrop.save_hash,
    stardrop.totals
to stardrop_loader;

grant usage on schema stardrop, star to stardrop_reader;
grant execute on function stardrop.newest_loads to stardrop_reader;
-- Only on tables and views of stardrop: users grant privileges on their own.
do $grants$
declare
    relation_name text;
begin
    for relation_name in
        select c.oid::regclass::text
        from pg_class c
        where c.relnamespace in ('stardrop'::regnamespace, 'star'::regnamespace)
          and c.relkind in ('r', 'p', 'v', 'm')
          and c.relowner = 'stardrop_owner'::regrole
        order by 1
    loop
        execute format('grant select on %s to stardrop_reader', relation_name);
    end loop;
end
$grants$;
