-- Adds up the row counts of two parts of one batch.
create or replace function stardrop.sum_counts(in_so_far jsonb, in_more jsonb) returns jsonb
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select case when in_so_far is null then in_more else (
        select jsonb_object_agg(key, sum)
        from (
            select c.key, sum(c.value::bigint) as sum
            from (select * from jsonb_each_text(in_so_far - '{tables,findings}'::text[])
                  union all
                  select * from jsonb_each_text(in_more - '{tables,findings}'::text[])) c
            group by c.key
        ) sums
    ) || jsonb_build_object('tables', (
        select jsonb_agg(jsonb_build_object(
            'table_name', t.table_name, 'inserted', t.inserted, 'updated', t.updated,
            'unchanged', t.unchanged, 'deleted', t.deleted
        ))
        from (
            select r.table_name, sum(r.inserted) as inserted, sum(r.updated) as updated,
                   sum(r.unchanged) as unchanged, sum(r.deleted) as deleted
            from jsonb_to_recordset((in_so_far -> 'tables') || (in_more -> 'tables')) as r (
                table_name text, inserted bigint, updated bigint, unchanged bigint, deleted bigint
            )
            group by r.table_name
        ) t
    ), 'findings',
        coalesce(in_so_far -> 'findings', '[]'::jsonb) || coalesce(in_more -> 'findings', '[]'::jsonb)
    ) end
$$;

comment on function stardrop.sum_counts is
    'Adds up the row counts of two parts of one batch.';
