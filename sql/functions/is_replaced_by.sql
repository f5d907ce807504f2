-- Whether another load of the same key replaces the rows of a load, for `overwrite = "replace"`. It does,
-- unless the load is of a newer version and not finished: that load continues at its checkpoint and
-- does not read these rows again. Null if the two are not loads of one key.
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
$$;

comment on function stardrop.is_replaced_by is
    'Whether another load of the same key replaces the rows of a load.';
