-- Whether the rows of a load give way to another load of the same key, where the dataset replaces:
-- all do but those of a newer version that is still being loaded, for it goes on at its checkpoint
-- and does not bring them again. Null where the two are not two loads of one key.
create or replace function stardrop.is_replaced_by(in_load_id bigint, in_to bigint) returns boolean
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
      and other.load_id = in_to
$$;
