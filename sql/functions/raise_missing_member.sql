-- Raised when a row's member is not in its dimension after all members were inserted: the row must
-- not be lost in the join, so the batch is.
create or replace function stardrop.raise_missing_member(in_table text) returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'a row of the batch has no member in %', in_table
        using errcode = 'internal_error';
end
$$;
