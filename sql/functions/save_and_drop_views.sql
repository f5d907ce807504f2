-- Drops the views that use a table, directly or through other views, and keeps what it takes to make
-- them again in this transaction: Postgres changes no column's type under a view. Runs as whoever
-- migrates, who has to be the views' owner or a superuser.
create or replace function stardrop.save_and_drop_views(in_table text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    aside record;
begin
    for aside in
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
        if aside.relkind <> 'v' then
            raise exception 'materialized view %.% uses %', aside.nspname, aside.relname, in_table
                using errcode = 'dependent_objects_still_exist',
                      hint = 'drop it before the migration, and make it again after';
        end if;
        insert into stardrop.saved_view
            (schema_name, view_name, definition, owner, privileges, options, comment)
        values (aside.nspname, aside.relname, pg_get_viewdef(aside.oid),
                pg_get_userbyid(aside.relowner), aside.relacl, aside.reloptions,
                obj_description(aside.oid, 'pg_class'));
        execute format('drop view %I.%I', aside.nspname, aside.relname);
    end loop;
end
$$;
