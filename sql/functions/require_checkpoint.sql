-- Raises an error at the commit of a loader's rows without a checkpoint.
create or replace function stardrop.require_checkpoint() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform from stardrop.pending_counts u where u.load_id = new.load_id;
    if found then
        raise exception 'rows of load % would be committed without a checkpoint', new.load_id
            using errcode = 'invalid_transaction_state';
    end if;
    return null;
end
$$;

comment on function stardrop.require_checkpoint is
    'Trigger function: raises an error at the commit of a loader''s rows without a checkpoint.';

drop trigger if exists _100_require_checkpoint on stardrop.pending_counts;
create constraint trigger _100_require_checkpoint
    after insert on stardrop.pending_counts
    deferrable initially deferred
    for each row execute function stardrop.require_checkpoint();
