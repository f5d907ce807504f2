-- The months that facts do not have yet, of those that `in_months` names: an object that has an array of first days for
-- each fact.
create or replace function stardrop.missing_months(
    in_months jsonb,
    out fact regclass,
    out month date
) returns setof record
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select w.fact::regclass, m.month::date
    from jsonb_each(in_months) w (fact, months)
    cross join lateral jsonb_array_elements_text(
        case jsonb_typeof(w.months) when 'array' then w.months else '[]' end
    ) m (month)
    where not exists (
        select from stardrop.months(w.fact::regclass) k
        where m.month::date < k.until and m.month::date + interval '1 month' > k.since
    )
    order by w.fact collate "C", m.month
$$;

comment on function stardrop.missing_months is
    'The months that facts do not have yet.';
