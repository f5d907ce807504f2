-- Whether the batch before this one may still be open.
create or replace function stardrop.is_ahead() returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(current_setting('stardrop.turn_after', true), '') <> ''
$$;

comment on function stardrop.is_ahead is
    'Whether the batch before this one may still be open.';
