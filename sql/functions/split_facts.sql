-- The facts that are split into months.
create or replace function stardrop.split_facts(
    out fact text,
    out fact_table regclass
) returns setof record
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select substr(c.relname, length('fact_') + 1), c.oid::regclass
    from stardrop.star_object o
    join pg_class c on c.oid = to_regclass(o.table_name)
    where o.kind = 'table'
      and c.relnamespace = 'star'::regnamespace
      and c.relname like 'fact\_%'
      and c.relkind = 'p'
      and c.relowner = 'stardrop_owner'::regrole
$$;

comment on function stardrop.split_facts is
    'The facts that are split into months.';
