-- The latest load of an object version or of a part of it; a row of nulls if there is none.
create or replace function stardrop.find_load(
    in_bucket text,
    in_key text,
    in_version_id text,
    in_etag text,
    in_part text
) returns stardrop.load
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    this stardrop.load;
begin
    select l.* into this
    from stardrop.load l
    where l.bucket = in_bucket
      and l.key = in_key
      and l.version_id is not distinct from in_version_id
      and l.etag is not distinct from in_etag
      and l.part = in_part
    order by l.generation desc
    limit 1;
    return this;
end
$$;

comment on function stardrop.find_load is
    'The latest load of an object version or of a part of it; a row of nulls if there is none.';
