-- Rows that a loader brought are committed with a checkpoint or not at all.
create or replace function stardrop.must_be_booked() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform from stardrop.unbooked u where u.load_id = new.load_id;
    if found then
        raise exception 'rows of load % would be committed without a checkpoint', new.load_id
            using errcode = 'invalid_transaction_state';
    end if;
    return null;
end
$$;

drop trigger if exists _100_must_be_booked on stardrop.unbooked;
create constraint trigger _100_must_be_booked
    after insert on stardrop.unbooked
    deferrable initially deferred
    for each row execute function stardrop.must_be_booked();
