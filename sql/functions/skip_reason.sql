-- Why a load need not start or continue; null if it must. The caller holds the lock of its key.
--
-- superseded   a newer version of the key is loaded, and it is not a full extract (`in_overwrite` is extract); or
--              any version is, and overwrite is ignore. Of an object with parts: the same part of it, or any part
--              if it does not have this one any more
-- duplicate    the same bytes are loaded under another key or version, which is still the newest of its
--              key, and no load of the dataset has changed the star between the two. Of an object with parts,
--              all of them are loaded
create or replace function stardrop.skip_reason(
    in_load stardrop.load,
    in_overwrite text,
    in_skip_same_content boolean,
    out state text,
    out duplicate_of bigint,
    out notes text
)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    other bigint;
begin
    select l.load_id into other
    from stardrop.load l
    where l.bucket = in_load.bucket
      and l.key = in_load.key
      and l.load_id <> in_load.load_id
      and l.state in ('loaded', 'duplicate')
      -- What an older full extract has of members counts.
      and in_overwrite <> 'extract'
      and stardrop.covers_part(l, in_load.dataset, in_load.part)
      -- A user's replay is loaded anyway: an older file changes no newer row, and has no facts where they are
      -- replaced.
      and not (in_load.forced and in_overwrite in ('merge', 'replace'))
      and (in_overwrite = 'ignore'
           or stardrop.is_newer(l.sequencer, l.object_time, in_load.sequencer, in_load.object_time))
    order by l.load_id
    limit 1;
    if found then
        state := 'superseded';
        notes := format(
            case when in_overwrite = 'ignore' then 'load %s has the key already, and overwrite is ignore'
                 else 'load %s has a newer version of the key' end,
            other
        );
        return;
    end if;

    if in_skip_same_content and not in_load.forced then
        select l.load_id into other
        from stardrop.load l
        where l.dataset = in_load.dataset
          and l.part = in_load.part
          and l.size_bytes = in_load.size_bytes
          and (l.etag = in_load.etag or l.content_hash = in_load.content_hash)
          and l.state = 'loaded'
          and l.load_id <> in_load.load_id
          and not exists (
              select from stardrop.load newer
              where newer.bucket = l.bucket
                and newer.key = l.key
                and newer.load_id not in (l.load_id, in_load.load_id)
                and newer.state not in ('superseded', 'missing')
                and stardrop.covers_part(newer, l.dataset, l.part)
                and stardrop.is_newer(newer.sequencer, newer.object_time, l.sequencer, l.object_time)
          )
          and not exists (
              select from stardrop.load intervening
              where intervening.dataset = in_load.dataset
                and intervening.load_id not in (l.load_id, in_load.load_id)
                and intervening.state in ('loading', 'loaded', 'failed')
                and intervening.rows_staged > 0
                and not stardrop.is_other_part(intervening, l)
                and intervening.object_time >= l.object_time
                and intervening.object_time <= in_load.object_time
          )
          and not exists (
              select from stardrop.load other_part
              where other_part.bucket = l.bucket
                and other_part.key = l.key
                and other_part.dataset = l.dataset
                and other_part.state not in ('loaded', 'duplicate')
                and stardrop.is_other_part(other_part, l)
          )
        order by l.load_id
        limit 1;
        if found then
            state := 'duplicate';
            duplicate_of := other;
            notes := format('load %s has the same bytes', other);
        end if;
    end if;
end
$$;

comment on function stardrop.skip_reason is
    'Why a load need not start or continue; null if it must.';
