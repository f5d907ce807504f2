create or replace function staging.undo_visits(in_load_id bigint, in_replays boolean default false) returns jsonb
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set jit = off
    set timezone = 'UTC'
as $undo$
#variable_conflict use_variable
declare
    deleted bigint;
    confirmed_by bigint[] := array[]::bigint[];
    unsure text[] := array[]::text[];
    report jsonb := '{}'::jsonb;
    touched bigint[];
    cleared bigint[];
    removed_versions bigint;
    left_without bigint;
begin
    delete from star.fact_visit fact where fact.load_id = in_load_id;
    get diagnostics deleted = row_count;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_visit', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    -- Dimension buyer: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.buyer_key), '{}') into touched
    from star.dim_buyer member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.buyer_key <> -1;
    delete from star.dim_buyer dim
    where dim.buyer_key = any (touched)
      and dim.buyer_key <> -1
      and dim.source_time = '-infinity'
      and not exists (select from star.fact_newest fact where fact.buyer_key = dim.buyer_key)
      and not exists (select from star.fact_oldest fact where fact.buyer_key = dim.buyer_key)
      and not exists (select from star.fact_visit fact where fact.buyer_key = dim.buyer_key)
      and not exists (select from star.fact_with_tombstones fact where fact.buyer_key = dim.buyer_key);
    get diagnostics deleted = row_count;
    update star.dim_buyer dim
    set load_id = 0, source_line = 0
    where dim.buyer_key = any (touched)
      and dim.load_id <> 0
      and dim.source_time = '-infinity';
    select count(*) into left_without from star.dim_buyer dim where dim.buyer_key = any (cleared);
    report := report || jsonb_build_object('star.dim_buyer', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_buyer', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);

    -- Dimension till: what this load has said of its members.
    cleared := '{}';
    removed_versions := 0;
    select coalesce(array_agg(member.till_key), '{}') into touched
    from star.dim_till member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.till_key <> -1;
    delete from star.dim_till dim
    where dim.till_key = any (touched)
      and dim.till_key <> -1
      and not exists (select from star.fact_visit fact where fact.till_key = dim.till_key);
    get diagnostics deleted = row_count;
    update star.dim_till dim
    set load_id = 0, source_line = 0
    where dim.till_key = any (touched)
      and dim.load_id <> 0
      and (dim.load_id = in_load_id or true);
    select count(*) into left_without from star.dim_till dim where dim.till_key = any (cleared);
    report := report || jsonb_build_object('star.dim_till', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.dim_till', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
    return report || jsonb_build_object('unsure', unsure, 'confirmed_by', confirmed_by);
end
$undo$;
