-- The schemas, and the owner's right to create them. The roles are committed before, so that somebody can grant them what is
-- missing.
do $database$
begin
    if not (pg_catalog.has_database_privilege('stardrop_owner', pg_catalog.current_database(), 'create')
        and pg_catalog.has_database_privilege('stardrop_owner', pg_catalog.current_database(), 'temporary'))
    then
        begin
            execute pg_catalog.format(
                'grant create, temporary on database %I to stardrop_owner',
                pg_catalog.current_database()
            );
        exception
            when insufficient_privilege then null;
        end;
        if not pg_catalog.has_database_privilege('stardrop_owner', pg_catalog.current_database(), 'create') then
            raise exception 'role stardrop_owner may not create schemas in this database: run as its owner: grant create, temporary on database % to stardrop_owner',
                pg_catalog.quote_ident(pg_catalog.current_database())
                using errcode = 'insufficient_privilege';
        end if;
    end if;
end
$database$;

create schema if not exists stardrop authorization stardrop_owner;
create schema if not exists staging authorization stardrop_owner;
create schema if not exists star authorization stardrop_owner;

-- A schema of that name may be there already, and belong to somebody else: it stays theirs, and stardrop creates
-- its own objects in it.
do $schemas$
declare
    found record;
begin
    for found in
        select n.oid, n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) as owner
        from pg_catalog.pg_namespace n
        where n.oid in ('stardrop'::regnamespace, 'staging'::regnamespace, 'star'::regnamespace)
          and n.nspowner <> 'stardrop_owner'::regrole
    loop
        continue when pg_catalog.has_schema_privilege('stardrop_owner', found.oid, 'create')
            and pg_catalog.has_schema_privilege('stardrop_owner', found.oid, 'usage with grant option');
        begin
            execute pg_catalog.format(
                'grant usage, create on schema %I to stardrop_owner with grant option', found.nspname
            );
        exception
            when insufficient_privilege then null;
        end;
        if not (pg_catalog.has_schema_privilege('stardrop_owner', found.oid, 'create')
            and pg_catalog.has_schema_privilege('stardrop_owner', found.oid, 'usage with grant option'))
        then
            raise exception 'schema % belongs to role %: run as that role: grant usage, create on schema % to stardrop_owner with grant option',
                found.nspname, found.owner, pg_catalog.quote_ident(found.nspname)
                using errcode = 'insufficient_privilege';
        end if;
    end loop;
end
$schemas$;
