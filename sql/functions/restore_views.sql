-- Creates the views again that `save_and_drop_views` dropped, with their owners, privileges and comments.
create or replace function stardrop.restore_views() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    saved record;
    granted record;
begin
    for saved in select * from stardrop.saved_view v order by v.saved_order desc loop
        execute format(
            'create view %I.%I %s as %s', saved.schema_name, saved.view_name,
            'with (' || array_to_string(saved.options, ', ') || ')', saved.definition
        );
        execute format('alter view %I.%I owner to %I', saved.schema_name, saved.view_name, saved.owner);
        execute format('comment on view %I.%I is %L', saved.schema_name, saved.view_name, saved.comment);
        for granted in
            select r.privilege_type,
                   case r.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end as grantee
            from aclexplode(saved.privileges) r
            where r.grantee <> r.grantor
        loop
            execute format(
                'grant %s on %I.%I to %s',
                granted.privilege_type, saved.schema_name, saved.view_name, granted.grantee
            );
        end loop;
    end loop;
    delete from stardrop.saved_view;
end
$$;

comment on function stardrop.restore_views is
    'Creates the views again that save_and_drop_views dropped.';
