-- Detaches the months that end before `in_before` from a fact, or from all facts that are split into months: they are
-- tables of their own then, without foreign keys, or with `in_drop` no more. The tables for dates that are far away
-- stay. No batch runs meanwhile. Queries that read a fact must end first: if one does not within seconds, this function
-- fails and changes nothing.
create or replace function stardrop.detach_months(
    in_before date,
    in_fact text default null,
    in_drop boolean default false,
    out fact text,
    out month date,
    out table_name text,
    out bytes bigint
) returns setof record
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = 0
as $$
declare
    found record;
    foreign_key name;
    base text;
    free_name text;
    same_name integer;
begin
    perform pg_advisory_xact_lock(stardrop.star_lock());
    -- Until the function ends. Whoever wants to read the fact now waits, too.
    perform set_config('lock_timeout', '10s', true);
    if in_fact is not null and not exists (
        select from stardrop.split_facts() s where s.fact = in_fact
    ) then
        raise exception 'no fact % is split into months', in_fact
            using errcode = 'undefined_object';
    end if;
    for found in
        select s.fact, s.fact_table, m.month_table, m.since, c.relname
        from stardrop.split_facts() s
        cross join lateral stardrop.months(s.fact_table) m
        join pg_class c on c.oid = m.month_table
        where m.until <= in_before
          and m.since > '-infinity'
          and s.fact = coalesce(in_fact, s.fact)
        order by s.fact collate "C", m.since
    loop
        fact := found.fact;
        month := found.since;
        bytes := pg_total_relation_size(found.month_table);
        execute format('alter table %s detach partition %s', found.fact_table, found.month_table);
        if in_drop then
            table_name := found.month_table::text;
            execute format('drop table %s', found.month_table);
            return next;
            continue;
        end if;
        -- Members to which only detached rows refer may be deleted.
        for foreign_key in
            select k.conname from pg_constraint k where k.conrelid = found.month_table and k.contype = 'f'
        loop
            execute format('alter table %s drop constraint %I', found.month_table, foreign_key);
        end loop;
        -- The fact may get the month again, and then needs its name.
        base := format('detached_%s_%s', found.fact, to_char(found.since, 'YYYY_MM'));
        free_name := base;
        same_name := 1;
        while exists (
            select from pg_class c where c.relnamespace = 'star'::regnamespace and c.relname = free_name
        ) loop
            same_name := same_name + 1;
            free_name := format('%s_%s', base, same_name);
        end loop;
        execute format('alter table %s rename to %I', found.month_table, free_name);
        execute format('grant select on %s.%I to stardrop_reader', 'star'::regnamespace, free_name);
        table_name := format('%s.%I', 'star'::regnamespace, free_name);
        return next;
    end loop;
end
$$;

comment on function stardrop.detach_months is
    'Detaches old months from the facts that are split into months.';
