-- Creates the view `stardrop.lineage` over the given fact tables, which leads from a row, found by its
-- key or by load and line, to its object. With an empty list the view depends on no column of a fact. A view that is right
-- already is not replaced: that would wait for those who read it.
create or replace function stardrop.create_lineage_view(in_facts text[]) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    fact text;
    row_key text;
    parts text[];
    definition text;
    described record;
begin
    foreach fact in array in_facts loop
        select coalesce(string_agg(format('%L, fact.%I', a.attname, a.attname), ', ' order by k.ordinal), '')
        into row_key
        from pg_index i
        cross join lateral unnest(i.indkey::smallint[]) with ordinality k (attnum, ordinal)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = fact::regclass
          and i.indisprimary;
        parts := parts || format(
            'select %L::text as table_name, jsonb_build_object(%s) as row_key,
                    fact.load_id, fact.source_line
             from %s fact',
            fact, row_key, fact::regclass
        );
    end loop;
    definition := format(
        'select f.table_name, f.row_key, f.load_id, f.source_line,
                l.dataset, l.bucket, l.key, l.version_id, l.etag, l.object_time, l.part
         from (%s) f
         join stardrop.load l on l.load_id = f.load_id',
        coalesce(
            array_to_string(parts, ' union all '),
            'select null::text as table_name, null::jsonb as row_key,
                    null::bigint as load_id, null::bigint as source_line
             where false'
        )
    );
    -- Postgres spells both definitions the same way.
    execute 'create temporary view wanted_lineage as ' || definition;
    if not exists (
        select from pg_class c
        where c.oid = to_regclass('stardrop.lineage')
          and c.reloptions is null
          and pg_get_viewdef(c.oid) = pg_get_viewdef(to_regclass('pg_temp.wanted_lineage'))
    ) then
        execute 'create or replace view stardrop.lineage as ' || definition;
    end if;
    drop view pg_temp.wanted_lineage;
    for described in
        select w.name, w.comment
        from (values
            (null,
             'The object and line of each row of each fact. Filter by row_key, or by load_id and source_line.'),
            ('table_name', 'The fact table, such as star.fact_sales.'),
            ('row_key', 'The row''s primary key as JSON; {} for a fact without a grain.'),
            ('load_id', 'The load that last changed the row.'),
            ('source_line', 'The line of that load''s object with the row.'),
            ('dataset', 'The dataset of the load.'),
            ('bucket', 'The object''s bucket.'),
            ('key', 'The object''s key.'),
            ('version_id', 'The object''s version; null in buckets without versions.'),
            ('etag', 'The object''s etag.'),
            ('object_time', 'When the object was written.'),
            ('part', 'The sheet or the entry of the object; empty for a whole object.')
        ) w (name, comment)
        left join pg_attribute a on a.attrelid = 'stardrop.lineage'::regclass and a.attname = w.name
        where w.comment is distinct from (
            select d.description
            from pg_description d
            where d.objoid = 'stardrop.lineage'::regclass and d.classoid = 'pg_class'::regclass
              and d.objsubid = coalesce(a.attnum, 0)
        )
    loop
        if described.name is null then
            execute format('comment on view stardrop.lineage is %L', described.comment);
        else
            execute format('comment on column stardrop.lineage.%I is %L', described.name, described.comment);
        end if;
    end loop;
end
$$;

comment on function stardrop.create_lineage_view is
    'Creates the view stardrop.lineage over the given fact tables.';
