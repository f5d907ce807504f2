    -- Dates that the calendar does not have yet.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select coalesce(batch.at::date, date '0001-01-01') as date_key from batch

                ) incoming
                where not exists (
                        select from star.dim_date existing where existing.date_key = incoming.date_key
                    )

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with incoming as (
                    select coalesce(batch.at::date, date '0001-01-01') as date_key from batch

                ), upserted as (
                    insert into star.dim_date (date_key)
                    select incoming.date_key
                    from incoming
                    where not exists (
                        select from star.dim_date existing where existing.date_key = incoming.date_key
                    )
                    group by incoming.date_key
                    order by incoming.date_key
                    on conflict (date_key) do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) filter (where is_new$),
                               count(*) filter (where is_changed$ and not is_new$)
                        from upserted

            $sql$ into inserted, updated;
        else
            inserted := 0;
            updated := 0;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_date',
        'inserted',
        inserted,
        'updated',
        0,
        'unchanged',
        0,
        'deleted',
        0
    );

    -- Dates that the calendar does not have yet.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select coalesce(batch.day, date '0001-01-01') as date_key from batch

                ) incoming
                where not exists (
                        select from star.dim_date existing where existing.date_key = incoming.date_key
                    )

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with incoming as (
                    select coalesce(batch.day, date '0001-01-01') as date_key from batch

                ), upserted as (
                    insert into star.dim_date (date_key)
                    select incoming.date_key
                    from incoming
                    where not exists (
                        select from star.dim_date existing where existing.date_key = incoming.date_key
                    )
                    group by incoming.date_key
                    order by incoming.date_key
                    on conflict (date_key) do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) filter (where is_new$),
                               count(*) filter (where is_changed$ and not is_new$)
                        from upserted

            $sql$ into inserted, updated;
        else
            inserted := 0;
            updated := 0;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_date',
        'inserted',
        inserted,
        'updated',
        0,
        'unchanged',
        0,
        'deleted',
        0
    );

    -- Dates that the calendar does not have yet.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select coalesce(batch.at::date, date '0001-01-01') as date_key from batch

                ) incoming
                where not exists (
                        select from star.dim_date existing where existing.date_key = incoming.date_key
                    )

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with incoming as (
                    select coalesce(batch.at::date, date '0001-01-01') as date_key from batch

                ), upserted as (
                    insert into star.dim_date (date_key)
                    select incoming.date_key
                    from incoming
                    where not exists (
                        select from star.dim_date existing where existing.date_key = incoming.date_key
                    )
                    group by incoming.date_key
                    order by incoming.date_key
                    on conflict (date_key) do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) filter (where is_new$),
                               count(*) filter (where is_changed$ and not is_new$)
                        from upserted

            $sql$ into inserted, updated;
        else
            inserted := 0;
            updated := 0;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_date',
        'inserted',
        inserted,
        'updated',
        0,
        'unchanged',
        0,
        'deleted',
        0
    );

