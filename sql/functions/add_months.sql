-- Adds the months that facts do not have yet: `in_months` has an array of first days for each fact. Called by the
-- trigger functions before they lock a row of the star.
--
-- Nobody who reads or writes the fact waits, because a table is created by itself and then attached. Batches that need
-- the same new month do: the second waits for the commit of the first, and then has the month.
create or replace function stardrop.add_months(in_months jsonb) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO'
as $$
declare
    facts regclass[];
    locked regclass;
    missing record;
    base text;
    month_table text;
    same_name integer;
begin
    select array_agg(distinct m.fact) into facts from stardrop.missing_months(in_months) m;
    if facts is null then
        return;
    end if;
    perform stardrop.wait_for_turn();
    -- A new table with foreign keys locks those that it refers to. Batches write these in this order.
    for locked in
        select d.oid
        from pg_class d
        where d.oid in (select k.confrelid from pg_constraint k where k.conrelid = any (facts) and k.contype = 'f')
        order by d.relname <> 'dim_date', d.relname collate "C"
    loop
        execute format('lock table %s in share row exclusive mode', locked);
    end loop;
    -- Only the facts themselves: an autovacuum of one of their months may take long.
    for locked in select f.fact from unnest(facts) f (fact) order by f.fact::text collate "C" loop
        execute format('lock table only %s in share update exclusive mode', locked);
    end loop;
    for missing in select * from stardrop.missing_months(in_months) loop
        select c.relname || to_char(missing.month, '"_p"YYYY"_"MM') into base
        from pg_class c
        where c.oid = missing.fact;
        -- A month that somebody has detached may still have the name.
        month_table := base;
        same_name := 1;
        while exists (
            select from pg_class c where c.relnamespace = 'star'::regnamespace and c.relname = month_table
        ) loop
            same_name := same_name + 1;
            month_table := format('%s_%s', base, same_name);
        end loop;
        month_table := format('%s.%I', 'star'::regnamespace, month_table);
        execute format(
            'create table %s (like %s including all excluding indexes excluding comments)',
            month_table, missing.fact
        );
        execute format(
            'alter table %s attach partition %s for values from (%L) to (%L)',
            missing.fact, month_table, missing.month, (missing.month + interval '1 month')::date
        );
    end loop;
end
$$;

comment on function stardrop.add_months is
    'Adds the months that facts do not have yet.';
