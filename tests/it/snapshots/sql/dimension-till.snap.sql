    -- Dimension till: members that do not exist yet are inferred from their key.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select batch.till, batch.source_line
                    from batch
                    where batch.till is not null

                ) member
                where not exists (select from star.dim_till existing where existing.till = member.till)

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with referenced as (
                    select batch.till, batch.source_line
                    from batch
                    where batch.till is not null

                ), member as (
                    select distinct on (referenced.till) referenced.till, referenced.source_line
                    from referenced
                    order by referenced.till, referenced.source_line
                ), upserted as (
                    insert into star.dim_till
                        (till, load_id, source_line, source_load_id, source_time)
                    select member.till, $1, member.source_line, 0, '-infinity'
                    from member
                    where not exists (select from star.dim_till existing where existing.till = member.till)
                    order by member.till
                    on conflict (till) do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) filter (where is_new$),
                               count(*) filter (where is_changed$ and not is_new$)
                        from upserted

            $sql$ into inserted, updated using this.load_id;
        else
            inserted := 0;
            updated := 0;
        end if;
    end;
    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_till',
        'inserted',
        inserted,
        'updated',
        0,
        'unchanged',
        0,
        'deleted',
        0
    );

