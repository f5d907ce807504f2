-- Whether two loads read different parts of the same object version.
create or replace function stardrop.is_other_part(in_load stardrop.load, in_other stardrop.load) returns boolean
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select in_load.part <> in_other.part
       and (in_load.bucket, in_load.key, in_load.version_id, in_load.etag)
           is not distinct from (in_other.bucket, in_other.key, in_other.version_id, in_other.etag)
$$;

comment on function stardrop.is_other_part is
    'Whether two loads read different parts of the same object version.';
