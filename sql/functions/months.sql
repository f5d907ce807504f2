-- The tables of a fact that is split into months: from which day on, and before which day, in UTC.
create or replace function stardrop.months(
    in_fact regclass,
    out month_table regclass,
    out since date,
    out until date
) returns setof record
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
as $$
    select c.oid::regclass,
           case b.ends[1] when 'MINVALUE' then '-infinity' else b.ends[1] end::date,
           case b.ends[2] when 'MAXVALUE' then 'infinity' else b.ends[2] end::date
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral regexp_match(
        pg_get_expr(c.relpartbound, c.oid),
        '^FOR VALUES FROM \(''?([^'')]+)''?\) TO \(''?([^'')]+)''?\)$'
    ) b (ends)
    where i.inhparent = in_fact
      and b.ends is not null
$$;

comment on function stardrop.months is
    'The tables of a fact that is split into months.';
