-- Runs SQL that a contract brings along, as the owner, who can become nobody else meanwhile, and
-- within the transaction of the migration, which it cannot end. `in_query` has to be one query and
-- nothing else. What Postgres has against it is the contract's mistake: it is told with its place,
-- and without values.
create or replace function stardrop.run_contract_sql(
    in_place text,
    in_sql text,
    in_query text default null,
    in_path text default current_setting('search_path')
) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    query refcursor;
    said text;
begin
    -- Tables are found as by whoever migrates.
    perform set_config('search_path', in_path, true);
    if in_query is not null then
        begin
            open query for execute in_query;
            close query;
        exception
            when invalid_cursor_definition then
                raise exception 'sql is to be one query, and nothing beside it';
        end;
    end if;
    execute in_sql;
exception
    when others then
        -- What may pass is not its mistake.
        if sqlstate ~ '^(08|40|53|55P03|57|58)' then
            raise;
        end if;
        said := sqlerrm;
        if sqlstate ~ '^22' then
            said := regexp_replace(said, '".*"', '"…"');
        end if;
        raise exception '%: %', in_place, said using errcode = 'SD002';
end
$$;
