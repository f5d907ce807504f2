-- Drops the views that use a table, directly or through other views, and saves what `restore_views` needs
-- to create them again in this transaction, because Postgres cannot change the type of a column that a
-- view uses. Runs as the role that migrates, which must own the views or be a superuser.
create or replace function stardrop.save_and_drop_views(in_table text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    dependent record;
begin
    for dependent in
        with recursive uses (view, depth) as (
            select r.ev_class, 1
            from pg_depend d
            join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
            where d.refclassid = 'pg_class'::regclass
              and d.refobjid = in_table::regclass
              and r.ev_class <> d.refobjid
            union
            select r.ev_class, u.depth + 1
            from uses u
            join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = u.view
            join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
            where r.ev_class <> u.view
        )
        select c.oid, c.relkind, n.nspname, c.relname, c.relowner, c.relacl, c.reloptions
        from (select view, max(depth) as depth from uses group by view) u
        join pg_class c on c.oid = u.view
        join pg_namespace n on n.oid = c.relnamespace
        order by u.depth desc, n.nspname, c.relname
    loop
        if dependent.relkind <> 'v' then
            raise exception 'materialized view %.% uses %: run: drop materialized view %.%; then migrate, and create it again',
                dependent.nspname, dependent.relname, in_table,
                quote_ident(dependent.nspname), quote_ident(dependent.relname)
                using errcode = 'dependent_objects_still_exist';
        end if;
        if not pg_has_role(current_user, dependent.relowner, 'usage') then
            raise exception 'view %.% of role % uses %, and login % may not drop it and create it again: run as that role: drop view %.%; then migrate, and create the view again',
                dependent.nspname, dependent.relname, pg_get_userbyid(dependent.relowner), in_table, current_user,
                quote_ident(dependent.nspname), quote_ident(dependent.relname)
                using errcode = 'insufficient_privilege';
        end if;
        insert into stardrop.saved_view
            (schema_name, view_name, definition, owner, privileges, options, comment)
        values (dependent.nspname, dependent.relname, pg_get_viewdef(dependent.oid),
                pg_get_userbyid(dependent.relowner), dependent.relacl, dependent.reloptions,
                obj_description(dependent.oid, 'pg_class'));
        execute format('drop view %I.%I', dependent.nspname, dependent.relname);
    end loop;
end
$$;

comment on function stardrop.save_and_drop_views is
    'Drops the views that use a table, and saves them for restore_views.';
