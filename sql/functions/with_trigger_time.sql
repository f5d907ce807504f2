-- Adds the time since the transaction's first trigger function started to the step `normalise`.
create or replace function stardrop.with_trigger_time(in_steps jsonb) returns jsonb
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    began timestamptz := nullif(current_setting('stardrop.trigger_began', true), '')::timestamptz;
begin
    return in_steps || jsonb_build_object('normalise', coalesce((in_steps ->> 'normalise')::numeric, 0)
        + coalesce(extract(epoch from clock_timestamp() - began), 0));
end
$$;

comment on function stardrop.with_trigger_time is
    'Adds the time since the transaction''s first trigger function started to the step normalise.';
