-- Whether another load of the same key replaces the rows of a load, for `overwrite = "replace"`. Of an object
-- with parts, it replaces those of its own part, and those of parts that its version no longer has. It does,
-- unless the load is of a newer version and not finished: that load continues at its checkpoint and
-- does not read these rows again. Null if the two are not such loads of one key.
create or replace function stardrop.is_replaced_by(in_load_id bigint, in_by bigint) returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select this.state <> 'loading'
        or not stardrop.is_newer(this.sequencer, this.object_time, other.sequencer, other.object_time)
    from stardrop.load this
    join stardrop.load other
      on other.bucket = this.bucket and other.key = this.key and other.load_id <> this.load_id
    where this.load_id = in_load_id
      and other.load_id = in_by
      and stardrop.covers_part(other, this.dataset, this.part)
$$;

comment on function stardrop.is_replaced_by is
    'Whether another load of the same key replaces the rows of a load.';
