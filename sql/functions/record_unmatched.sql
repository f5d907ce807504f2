-- Records an object version whose key fits no dataset, so that a later contract can load it. If the
-- ledger has the version already, nothing changes, and its load is returned.
create or replace function stardrop.record_unmatched(
    in_bucket text,
    in_key text,
    in_version_id text,
    in_etag text,
    in_size_bytes bigint,
    in_object_time timestamptz,
    in_sequencer text,
    out load_id bigint,
    out state text
)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into stardrop.load
        (bucket, key, version_id, etag, size_bytes, object_time, sequencer, state, finished_at, notes)
    values
        (in_bucket, in_key, in_version_id, in_etag, in_size_bytes, in_object_time, in_sequencer,
         'unmatched', clock_timestamp(), 'no dataset''s `match` fits the key')
    on conflict on constraint load_object_version_key do nothing;
    select l.load_id, l.state into load_id, state
    from stardrop.find_load(in_bucket, in_key, in_version_id, in_etag, '') l;
end
$$;

comment on function stardrop.record_unmatched is
    'Records an object version whose key fits no dataset.';
