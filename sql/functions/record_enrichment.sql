-- Records the files in which a load looks values up: a list of objects. What earlier attempts have committed
-- rows by stays in the list. False if the claim is lost.
create or replace function stardrop.record_enrichment(
    in_load_id bigint,
    in_attempt integer,
    in_enrichment jsonb
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update stardrop.load l
    set enrichment = case
        when l.checkpoint_rows = 0 or l.enrichment is null then in_enrichment
        else (
            select l.enrichment || coalesce(jsonb_agg(e.file order by e.position), '[]')
            from jsonb_array_elements(in_enrichment) with ordinality e (file, position)
            where not l.enrichment @> jsonb_build_array(e.file)
        )
    end
    where l.load_id = in_load_id
      and l.state = 'loading'
      and l.attempt = in_attempt
      and l.worker_pid = pg_backend_pid();
    return found;
end
$$;

comment on function stardrop.record_enrichment is
    'Records the files in which a load looks values up. False if the claim is lost.';
