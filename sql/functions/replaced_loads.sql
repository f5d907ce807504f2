-- Called by the functions staging.replace_<dataset>: the other loads of the key whose rows the given
-- load replaces. Empty unless this session holds the load, of this dataset.
create or replace function stardrop.replaced_loads(in_load_id bigint, in_dataset text) returns bigint[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    loads bigint[];
begin
    select array_agg(older.load_id order by older.load_id) into loads
    from stardrop.load this
    join stardrop.load older
      on older.bucket = this.bucket and older.key = this.key and older.load_id <> this.load_id
    where this.load_id = in_load_id
      and this.dataset = in_dataset
      and this.state = 'loading'
      and this.worker_pid = pg_backend_pid()
      and stardrop.is_replaced_by(older.load_id, this.load_id);
    return coalesce(loads, '{}');
end
$$;

comment on function stardrop.replaced_loads is
    'The loads of a key whose rows the given load replaces.';
