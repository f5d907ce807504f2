-- The three roles of a stardrop database. They are of the whole server, so another database may
-- have brought them already; two migrations at once must not trip over each other either.
do $roles$
declare
    wanted text;
begin
    foreach wanted in array array['stardrop_owner', 'stardrop_loader', 'stardrop_reader'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
            begin
                execute pg_catalog.format('create role %I nologin', wanted);
            exception
                when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;

    -- Whoever migrates works as the owner; a superuser does so without being a member. From 16 on
    -- who has created a role may administer it, but not yet work as it.
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
