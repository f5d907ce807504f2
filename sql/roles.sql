-- The three roles of a stardrop database, and its schemas. Roles belong to the whole server, so another
-- database may have created them, or another migration may create them at the same time.
do $roles$
declare
    role_name text;
begin
    foreach role_name in array array['stardrop_owner', 'stardrop_loader', 'stardrop_reader'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            begin
                execute pg_catalog.format('create role %I nologin', role_name);
            exception
                when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;

    -- The role that migrates works as the owner, so it must be a member; a superuser need not. From
    -- Postgres 16 on the role that creates another may administer it, but cannot set role to it yet.
    if not pg_catalog.pg_has_role(
        current_user,
        'stardrop_owner',
        case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end
    ) then
        execute pg_catalog.format('grant stardrop_owner to %I', current_user);
    end if;

    execute pg_catalog.format(
        'grant create, temporary on database %I to stardrop_owner',
        pg_catalog.current_database()
    );
end
$roles$;

create schema if not exists stardrop authorization stardrop_owner;
create schema if not exists staging authorization stardrop_owner;
create schema if not exists star authorization stardrop_owner;
