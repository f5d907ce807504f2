-- Raises an error: a row's member is not in its dimension, although the batch's members were inserted
-- before. The join would lose the row, so the whole batch is refused.
create or replace function stardrop.raise_missing_member(in_table text) returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'a row of the batch has no member in %', in_table
        using errcode = 'internal_error';
end
$$;

comment on function stardrop.raise_missing_member is
    'Raises an error: a row of the batch has no member in its dimension.';
