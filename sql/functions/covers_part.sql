-- Whether the object version of a load says what is in a part of its key for this dataset: the load is of that
-- part, or the version does not have the part any more. The parts of a version are all in the ledger before
-- the first of them is loaded (register_parts). Always true for whole objects.
create or replace function stardrop.covers_part(in_load stardrop.load, in_dataset text, in_part text) returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select in_load.part = in_part
        or in_load.dataset = in_dataset
           and not exists (
               select from stardrop.load own
               where own.bucket = in_load.bucket
                 and own.key = in_load.key
                 and own.part = in_part
                 and own.version_id is not distinct from in_load.version_id
                 and own.etag is not distinct from in_load.etag
           )
$$;

comment on function stardrop.covers_part is
    'Whether the object version of a load says what is in a part of its key for this dataset.';
