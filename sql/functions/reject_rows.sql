-- Saves rejected rows with their reasons. `in_raws` are the bytes of the rows in the file. False if the
-- claim is lost.
create or replace function stardrop.reject_rows(
    in_load_id bigint,
    in_attempt integer,
    in_lines bigint[],
    in_columns text[],
    in_codes text[],
    in_reasons text[],
    in_raws bytea[]
) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from stardrop.load l
    where l.load_id = in_load_id
      and l.attempt = in_attempt
      and (l.state = 'loading') is true
      and pg_backend_pid() in (l.worker_pid, l.second_pid);
    if not found then
        return false;
    end if;
    insert into stardrop.rejected_row
        (load_id, source_line, column_name, code, reason, raw, raw_bytes)
    select in_load_id, r.line, r.column_name, r.code, r.reason, t.raw,
           case when t.raw is null then r.raw end
    from unnest(in_lines, in_columns, in_codes, in_reasons, in_raws)
        as r (line, column_name, code, reason, raw)
    cross join lateral (select stardrop.text_or_null(r.raw) as raw) t;
    return true;
end
$$;

comment on function stardrop.reject_rows is
    'Saves rejected rows with their reasons. False if the claim is lost.';
