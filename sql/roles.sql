-- The three roles of a stardrop database. Roles belong to the whole server, so another
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
                when insufficient_privilege then
                    raise exception 'login % may not create role %: run as an administrator: alter role % createrole',
                        current_user, role_name, pg_catalog.quote_ident(current_user)
                        using errcode = 'insufficient_privilege';
            end;
        end if;
    end loop;

    -- The role that migrates works as the owner, so it must be a member; a superuser need not. From
    -- Postgres 16 on the role that creates another may administer it, but cannot set role to it yet.
    if not pg_catalog.pg_has_role(
        current_user,
        'stardrop_owner',
        case when pg_catalog.current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end
    ) then
        begin
            execute pg_catalog.format('grant stardrop_owner to %I', current_user);
        exception
            when insufficient_privilege then
                raise exception 'login % is not a member of role stardrop_owner: run as an administrator: grant stardrop_owner to % with admin option',
                    current_user, pg_catalog.quote_ident(current_user)
                    using errcode = 'insufficient_privilege';
        end;
    end if;
end
$roles$;
