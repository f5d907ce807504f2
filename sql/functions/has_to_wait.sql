-- Whether a batch of `in_rows` rows that began while the batch before it was open (begin_batch_ahead) must wait for the end of
-- that one, before it inserts a row that another session may insert, too. It must while another load or insert runs: the two
-- loads could wait for each other. It must also if it is small. Otherwise only the batch before it can meet its rows, and that
-- one inserts them earlier, by the time that copying this one took.
create or replace function stardrop.has_to_wait(in_rows bigint) returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(current_setting('stardrop.turn_after', true), '') = '' then
        return false;
    end if;
    return in_rows < 10000 or exists (
        select
        from pg_locks star
        join stardrop.load l on l.load_id = current_setting('stardrop.load_id', true)::bigint
        where star.locktype = 'advisory'
          and star.database = (select d.oid from pg_database d where d.datname = current_database())
          and star.objsubid = 1
          and (star.classid::bigint << 32 | star.objid::bigint) = stardrop.star_lock()
          and star.pid not in (pg_backend_pid(), l.worker_pid, l.second_pid)
    );
end
$$;

comment on function stardrop.has_to_wait is
    'Whether a batch must wait for the one before it before it inserts what others may insert, too.';
