-- Whether a load sorts after another one with the same object time: by bucket, key, S3's sequencer
-- (padded, see is_newer), version, part, generation. It decides ties, so that the star does not depend on
-- which load arrived first.
create or replace function stardrop.load_sorts_after(in_load_id bigint, in_than bigint) returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select (a.bucket, a.key, rpad(lower(coalesce(a.sequencer, '')), 64, '0') collate "C",
            coalesce(a.version_id, ''), coalesce(a.etag, ''), a.part, a.generation, a.load_id)
         > (b.bucket, b.key, rpad(lower(coalesce(b.sequencer, '')), 64, '0') collate "C",
            coalesce(b.version_id, ''), coalesce(b.etag, ''), b.part, b.generation, b.load_id)
    from stardrop.load a, stardrop.load b
    where a.load_id = in_load_id
      and b.load_id = in_than
$$;

comment on function stardrop.load_sorts_after is
    'Whether a load sorts after another one with the same object time.';
