-- Whether an event is about bytes that the key had before and now has again. The event is newer than
-- the load of those bytes, and another version came between the two (A, B, A), or that load was skipped.
-- Loads of other parts of the same version do not come between.
create or replace function stardrop.is_revert(
    in_load stardrop.load,
    in_sequencer text,
    in_object_time timestamptz
) returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return stardrop.is_newer(in_sequencer, in_object_time, in_load.sequencer, in_load.object_time)
       and (in_load.state in ('superseded', 'missing')
            or exists (
                select from stardrop.load other
                where other.bucket = in_load.bucket
                  and other.key = in_load.key
                  and other.load_id <> in_load.load_id
                  and (other.part = in_load.part
                       or (other.version_id, other.etag) is distinct from (in_load.version_id, in_load.etag))
                  and other.state not in ('superseded', 'missing')
                  and stardrop.is_newer(other.sequencer, other.object_time,
                                        in_load.sequencer, in_load.object_time)
            ));
end
$$;

comment on function stardrop.is_revert is
    'Whether an event is about bytes that the key had before and now has again.';
