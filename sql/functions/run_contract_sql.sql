-- Runs SQL from a contract, as the owner, who cannot become another role here, and within the
-- migration's transaction, which it cannot end. `in_query` must be a single query. An error that the
-- SQL causes is raised with `in_place`, its place in the contract, and without values of rows.
create or replace function stardrop.run_contract_sql(
    in_place text,
    in_sql text,
    in_query text default null,
    in_path text default 'public'
) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    query refcursor;
    message text;
begin
    -- As in a session of its own: the one that migrates finds nothing but what is qualified.
    perform set_config('search_path', in_path, true);
    if in_query is not null then
        begin
            open query for execute in_query;
            close query;
        exception
            when invalid_cursor_definition then
                raise exception 'sql must be a single query';
        end;
    end if;
    execute in_sql;
exception
    when others then
        -- Errors that can pass by themselves, such as a lost connection, are not the contract's.
        if sqlstate ~ '^(08|40|53|55P03|57|58)' then
            raise;
        end if;
        message := sqlerrm;
        if sqlstate ~ '^22' then
            message := regexp_replace(message, '".*"', '"…"');
        end if;
        raise exception '%: %', in_place, message using errcode = 'SD002';
end
$$;

comment on function stardrop.run_contract_sql is
    'Runs SQL from a contract within a migration.';
