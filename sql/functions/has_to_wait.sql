-- Whether a batch of so many rows must wait for the end of the one before it, where that was still open when it began,
-- before it inserts a row that others may insert, too. While no other load or insert runs, nobody can wait for this batch
-- but the one before it, which is ahead of it in the order in which batches insert, by the time of a COPY: if that is short,
-- the batch waits, too.
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
