-- Whether a newer version of a load's key is loaded, or of its part of it. Then a full extract only says which
-- members it has, and what they were like: its facts are those of an older version.
create or replace function stardrop.has_newer_version(in_load_id bigint) returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from stardrop.load this
        join stardrop.load newer
          on newer.bucket = this.bucket and newer.key = this.key and newer.load_id <> this.load_id
        where this.load_id = in_load_id
          and newer.state in ('loaded', 'duplicate')
          and stardrop.covers_part(newer, this.dataset, this.part)
          and stardrop.is_newer(newer.sequencer, newer.object_time, this.sequencer, this.object_time)
    )
$$;

comment on function stardrop.has_newer_version is
    'Whether a newer version of a load''s key, or of its part of it, is loaded.';
