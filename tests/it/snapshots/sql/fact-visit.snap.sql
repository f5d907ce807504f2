    -- Fact visit: no grain, so every row is inserted.
    execute $sql$
        insert into star.fact_visit
            (buyer_key, till_key, date_key, count, extra, load_id, source_line)
        select
               case when row.buyer is null then -1 else coalesce(buyer_member.buyer_key, stardrop.raise_missing_member('star.dim_buyer')) end,
               case when row.till is null then -1 else coalesce(till_member.till_key, stardrop.raise_missing_member('star.dim_till')) end,
               coalesce(row.at::date, date '0001-01-01'),
               row.count,
               row.extra,
               $1, row.source_line
        from batch row
        left join star.dim_buyer buyer_member on buyer_member.buyer = row.buyer
        left join star.dim_till till_member on till_member.till = row.till
    $sql$ using this.load_id;
    get diagnostics inserted = row_count;
    updated := 0;
    tables := tables || jsonb_build_object(
        'table_name', 'star.fact_visit', 'inserted', inserted, 'updated', updated,
        'unchanged', staged - inserted - updated, 'deleted', 0
    );
    rows_inserted := inserted;
    rows_updated := updated;

    findings := findings || stardrop.finding('unknown_member', 'buyer', 'buyer', unknown[1:2]);
    findings := findings || stardrop.finding('unknown_member', 'till', 'till', unknown[3:4]);
    findings := findings || stardrop.finding('unknown_member', 'date', 'at', unknown[5:6]);
