-- The privileges of each role. A new function is executable by everybody, so that is revoked first.
revoke all on all functions in schema stardrop from public;

grant usage on schema stardrop to stardrop_loader;
grant usage on schema staging to stardrop_loader;
grant execute on function
    stardrop.begin_batch,
    stardrop.checkpoint,
    stardrop.claim,
    stardrop.contract_fingerprint,
    stardrop.fail,
    stardrop.findings,
    stardrop.finish,
    stardrop.mark_skipped,
    stardrop.newest_loads,
    stardrop.record_unmatched,
    stardrop.reject_rows,
    stardrop.release,
    stardrop.save_hash,
    stardrop.totals
to stardrop_loader;

grant usage on schema stardrop to stardrop_reader;
grant usage on schema star to stardrop_reader;
grant execute on function stardrop.findings, stardrop.newest_loads to stardrop_reader;
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

-- A schema that was there already keeps its owner and its comment.
do $comments$
declare
    described record;
begin
    for described in
        select n.nspname, d.comment
        from pg_namespace n
        join (values
            ('stardrop'::regnamespace, 'The ledger of stardrop: loads, rejected rows, applied contracts.'),
            ('staging'::regnamespace,
             'Typed rows as received: insert rows here, and triggers load them into the star.'),
            ('star'::regnamespace, 'Dimensions and facts. Only the triggers on staging write to them.')
        ) d (schema_id, comment) on d.schema_id = n.oid
        where n.nspowner = 'stardrop_owner'::regrole
    loop
        execute format('comment on schema %I is %L', described.nspname, described.comment);
    end loop;
end
$comments$;
