-- Makes the view `stardrop.lineage` over these tables of facts: from any row of theirs, by its key or
-- by load and line, to the object that it came from. Without tables it holds on to no column.
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
        select coalesce(string_agg(format('%L, fact.%I', a.attname, a.attname), ', ' order by k.place), '')
        into row_key
        from pg_index i
        cross join lateral unnest(i.indkey::smallint[]) with ordinality k (attnum, place)
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
        'From any row of a fact, by its key or by load and line, to bucket, key, version and line.';
end
$$;
