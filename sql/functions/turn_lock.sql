-- The number of the transaction lock of one batch of an attempt: the batch after it waits for it. `in_from_rows` is the
-- checkpoint at which the batch starts. The attempt after this one does not wait for a worker that hangs.
create or replace function stardrop.turn_lock(in_load_id bigint, in_attempt integer, in_from_rows bigint)
    returns bigint
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
    select (86::bigint << 48)
        | (hashtextextended(format('stardrop. %s %s %s', in_load_id, in_attempt, in_from_rows), 0) & ((1::bigint << 48) - 1))
$$;

comment on function stardrop.turn_lock is
    'The number of the transaction lock of one batch of an attempt.';
