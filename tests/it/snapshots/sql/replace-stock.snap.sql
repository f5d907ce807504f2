create or replace function staging.replace_stock(in_load_id bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set jit = off
    set random_page_cost = 1.1
    set enable_seqscan = off
as $replace$
#variable_conflict use_variable
declare
    older bigint[] := stardrop.replaced_loads(in_load_id, 'stock');
    deleted bigint;
begin
    with lost as (
        delete from star.confirmed_stock confirmed where confirmed.load_id = any (older)
        returning confirmed.of_load, confirmed.words, confirmed.bits
    ), replaced as (
        select distinct lost.of_load from lost where stardrop.has_newer_version(lost.of_load)
    ), candidate as (
        select fact.tableoid, fact.ctid, fact.load_id, fact.source_line
        from star.fact_stock fact
        where fact.load_id = any (older)
        union all
        select fact.tableoid, fact.ctid, fact.load_id, fact.source_line
        from lost
        join replaced on replaced.of_load = lost.of_load
        cross join unnest(lost.words, lost.bits) line (word, bits)
        join star.fact_stock fact on fact.load_id = lost.of_load and line.word = fact.source_line >> 6 and line.bits >> (fact.source_line & 63)::integer & 1 = 1
        where lost.of_load <> all (older)
    ), kept as (
        select confirmed.of_load, line.word, bit_or(line.bits) as bits
        from star.confirmed_stock confirmed
        cross join unnest(confirmed.words, confirmed.bits) line (word, bits)
        where confirmed.load_id <> all (older)
          and (confirmed.of_load = any (older) or confirmed.of_load in (select replaced.of_load from replaced))
        group by confirmed.of_load, line.word
    )
    delete from star.fact_stock fact
    using candidate
    where fact.tableoid = candidate.tableoid
      and fact.ctid = candidate.ctid
      and not exists (
          select from kept
          where kept.of_load = candidate.load_id
            and kept.word = candidate.source_line >> 6 and kept.bits >> (candidate.source_line & 63)::integer & 1 = 1
      );
    get diagnostics deleted = row_count;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.fact_stock', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
end
$replace$;
revoke all on function staging.replace_stock(bigint) from public;
grant execute on function staging.replace_stock(bigint) to stardrop_loader;
