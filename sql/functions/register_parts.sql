-- Creates the loads of all parts of an object version that a dataset takes, before the first of them is claimed: so
-- a version that has lost a part is known to have lost it, and a part whose turn never came is found by reconcile.
-- A load of the version that is not yet of any part becomes the load of the first one: the key fitted no dataset
-- when its event came; or its parts could not be found, and it stands for them as `in_unknown`.
--
-- whole   the load of the version as a whole that has rows in this dataset: a contract that names parts now must not load
--         them once more; null if there is none
-- parts   in_parts; if that is empty, because the object cannot be read any more, the parts that the ledger has
create or replace function stardrop.register_parts(
    in_dataset text,
    in_bucket text,
    in_key text,
    in_version_id text,
    in_etag text,
    in_size_bytes bigint,
    in_object_time timestamptz,
    in_sequencer text,
    in_parts text[],
    in_unknown text,
    out whole bigint,
    out parts text[]
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    object stardrop.load := stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, '');
    waiting stardrop.load;
begin
    parts := in_parts;
    if object.dataset = in_dataset and object.state in ('loading', 'loaded', 'failed') and object.rows_staged > 0 then
        whole := object.load_id;
        return;
    end if;
    if cardinality(in_parts) = 0 then
        select coalesce(array_agg(distinct l.part), '{}') into parts
        from stardrop.load l
        where l.bucket = in_bucket
          and l.key = in_key
          and l.version_id is not distinct from in_version_id
          and l.etag is not distinct from in_etag
          and l.dataset = in_dataset
          and l.part not in ('', in_unknown);
        return;
    end if;
    if not in_unknown = any (in_parts) then
        waiting := stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, in_unknown);
        if waiting.dataset is distinct from in_dataset or waiting.state not in ('loading', 'failed')
           or waiting.rows_staged > 0 then
            waiting := null;
        end if;
    end if;
    if waiting.load_id is null and object.state = 'unmatched' then
        waiting := object;
    end if;
    update stardrop.load l
    set dataset = in_dataset,
        part = in_parts[1],
        state = 'loading',
        finished_at = null,
        notes = null,
        failure_stage = null,
        failure_sqlstate = null,
        failure_text = null
    where l.load_id = waiting.load_id
      and stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, in_parts[1]) is null;
    insert into stardrop.load
        (dataset, bucket, key, version_id, etag, part, size_bytes, object_time, sequencer)
    select in_dataset, in_bucket, in_key, in_version_id, in_etag, p.part, in_size_bytes, in_object_time, in_sequencer
    from unnest(in_parts) with ordinality p (part, place)
    where stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, p.part) is null
    order by p.place
    -- Another session may do the same at this moment.
    on conflict on constraint load_object_version_key do nothing;
end
$$;

comment on function stardrop.register_parts is
    'Creates the loads of all parts of an object version that a dataset takes.';
