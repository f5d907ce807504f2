-- Puts a table of schema stardrop in the place of the one of the same name in schema star, and gives it the privileges
-- on that one. Called by migrations, after they have copied the rows.
create or replace function stardrop.replace_table(in_name text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    before regclass := format('%s.%I', 'star'::regnamespace, in_name)::regclass;
    after regclass := format('%s.%I', 'stardrop'::regnamespace, in_name)::regclass;
    granted record;
begin
    for granted in
        select r.privilege_type || coalesce(' (' || quote_ident(a.attname) || ')', '') as privilege,
               case r.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end as grantee,
               case when r.is_grantable then ' with grant option' else '' end as option
        from (
            select 0 as attnum, c.relacl as acl from pg_class c where c.oid = before
            union all
            select a.attnum, a.attacl from pg_attribute a where a.attrelid = before and not a.attisdropped
        ) o
        cross join lateral aclexplode(o.acl) r
        left join pg_attribute a on a.attrelid = before and a.attnum = o.attnum and o.attnum > 0
        where r.grantee <> r.grantor
    loop
        execute format('grant %s on %s to %s%s', granted.privilege, after, granted.grantee, granted.option);
    end loop;
    execute format('drop table %s', before);
    execute format('alter table %s set schema %s', after, 'star'::regnamespace);
end
$$;

comment on function stardrop.replace_table is
    'Puts a table of schema stardrop in the place of the one of the same name in schema star.';
