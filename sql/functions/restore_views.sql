-- Makes the views again that `save_and_drop_views` dropped, with their owners, rights and comments.
create or replace function stardrop.restore_views() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    aside record;
    granted record;
begin
    for aside in select * from stardrop.saved_view a order by a.saved_order desc loop
        execute format(
            'create view %I.%I %s as %s', aside.schema_name, aside.view_name,
            'with (' || array_to_string(aside.options, ', ') || ')', aside.definition
        );
        execute format('alter view %I.%I owner to %I', aside.schema_name, aside.view_name, aside.owner);
        execute format('comment on view %I.%I is %L', aside.schema_name, aside.view_name, aside.comment);
        for granted in
            select r.privilege_type,
                   case r.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end as grantee
            from aclexplode(aside.privileges) r
            where r.grantee <> r.grantor
        loop
            execute format(
                'grant %s on %I.%I to %s',
                granted.privilege_type, aside.schema_name, aside.view_name, granted.grantee
            );
        end loop;
    end loop;
    delete from stardrop.saved_view;
end
$$;
