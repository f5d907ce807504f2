-- Creates the view `stardrop.lineage` over the given fact tables, which leads from a row, found by its
-- key or by load and line, to its object. With an empty list the view depends on no column of a fact.
create or replace function stardrop.create_lineage_view(in_facts text[]) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    fact text;
    row_key text;
    parts text[];
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
    execute format(
        'create or replace view stardrop.lineage as
         select f.table_name, f.row_key, f.load_id, f.source_line,
                l.dataset, l.bucket, l.key, l.version_id, l.etag, l.object_time
         from (%s) f
         join stardrop.load l on l.load_id = f.load_id',
        coalesce(
            array_to_string(parts, ' union all '),
            'select null::text as table_name, null::jsonb as row_key,
                    null::bigint as load_id, null::bigint as source_line
             where false'
        )
    );
    comment on view stardrop.lineage is
        'The object and line of each row of each fact. Filter by row_key, or by load_id and source_line.';
    comment on column stardrop.lineage.table_name is 'The fact table, such as star.fact_sales.';
    comment on column stardrop.lineage.row_key is
        'The row''s primary key as JSON; {} for a fact without a grain.';
    comment on column stardrop.lineage.load_id is 'The load that last changed the row.';
    comment on column stardrop.lineage.source_line is 'The line of that load''s object with the row.';
    comment on column stardrop.lineage.dataset is 'The dataset of the load.';
    comment on column stardrop.lineage.bucket is 'The object''s bucket.';
    comment on column stardrop.lineage.key is 'The object''s key.';
    comment on column stardrop.lineage.version_id is
        'The object''s version; null in buckets without versions.';
    comment on column stardrop.lineage.etag is 'The object''s etag.';
    comment on column stardrop.lineage.object_time is 'When the object was written.';
end
$$;

comment on function stardrop.create_lineage_view is
    'Creates the view stardrop.lineage over the given fact tables.';
