-- The privileges of each role. A statement that changes nothing would still write to the catalogs, and make every session
-- read them again: only what is missing is granted.
do $grants$
declare
    statement text;
begin
    for statement in
        with wanted (kind, object, acl, privilege, role) as (
            select 'schema', n.oid::regnamespace::text, coalesce(n.nspacl, acldefault('n', n.nspowner)),
                   'USAGE', w.role
            from (values
                ('stardrop'::regnamespace, 'stardrop_loader'::regrole),
                ('staging'::regnamespace, 'stardrop_loader'::regrole),
                ('stardrop'::regnamespace, 'stardrop_reader'::regrole),
                ('star'::regnamespace, 'stardrop_reader'::regrole)
            ) w (schema_id, role)
            join pg_namespace n on n.oid = w.schema_id
            union all
            select 'function', p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)),
                   'EXECUTE', w.role
            from (values
                ('stardrop_loader'::regrole, array[
                    'stardrop.begin_batch',
                    'stardrop.begin_batch_ahead',
                    'stardrop.checkpoint',
                    'stardrop.claim',
                    'stardrop.contract_fingerprint',
                    'stardrop.fail',
                    'stardrop.findings',
                    'stardrop.finish',
                    'stardrop.join_load',
                    'stardrop.mark_skipped',
                    'stardrop.newest_loads',
                    'stardrop.record_enrichment',
                    'stardrop.record_unmatched',
                    'stardrop.register_parts',
                    'stardrop.reject_rows',
                    'stardrop.release',
                    'stardrop.release_finished',
                    'stardrop.require_held',
                    'stardrop.save_hash',
                    'stardrop.totals',
                    'stardrop.with_trigger_time'
                ]::regproc[]),
                ('stardrop_reader'::regrole, array[
                    'stardrop.findings',
                    'stardrop.newest_loads'
                ]::regproc[])
            ) w (role, functions)
            join pg_proc p on p.oid = any (w.functions)
            union all
            -- Only on tables and views of stardrop: users grant privileges on their own.
            select 'table', c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner)),
                   'SELECT', 'stardrop_reader'::regrole
            from pg_class c
            where c.relnamespace in ('stardrop'::regnamespace, 'star'::regnamespace)
              and c.relkind in ('r', 'p', 'v', 'm')
              and c.relowner = 'stardrop_owner'::regrole
        )
        -- A new function is executable by everybody.
        select format('revoke all on function %s from public', p.oid::regprocedure)
        from pg_proc p
        where p.pronamespace = 'stardrop'::regnamespace
          and p.prokind <> 'p'
          and exists (
              select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0
          )
        union all
        select format('grant %s on %s %s to %s', w.privilege, w.kind, w.object, w.role)
        from wanted w
        where not exists (
            select from aclexplode(w.acl) a where a.grantee = w.role and a.privilege_type = w.privilege
        )
        order by 1
    loop
        execute statement;
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
          and obj_description(n.oid, 'pg_namespace') is distinct from d.comment
    loop
        execute format('comment on schema %I is %L', described.nspname, described.comment);
    end loop;
end
$comments$;
