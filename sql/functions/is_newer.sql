-- Whether an event of a key is newer than another one: by S3's sequencers if both have one, else by the
-- object's time. Sequencers are hexadecimal numbers of varying length, compared as texts that are
-- padded with zeros on the right (Amazon S3 User Guide, "Event message structure").
create or replace function stardrop.is_newer(
    in_sequencer text,
    in_time timestamptz,
    in_than_sequencer text,
    in_than_time timestamptz
) returns boolean
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    width integer;
begin
    if in_sequencer is null or in_than_sequencer is null then
        return in_time > in_than_time;
    end if;
    width := greatest(length(in_sequencer), length(in_than_sequencer));
    return rpad(lower(in_sequencer), width, '0') collate "C"
         > rpad(lower(in_than_sequencer), width, '0') collate "C";
end
$$;

comment on function stardrop.is_newer is
    'Whether an event of a key is newer than another one.';
