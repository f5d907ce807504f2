    -- Dimension product: when each member was observed, and how it looked then.
    execute $sql$
        with incoming as (
            select distinct on (batch.product, observed_at)
                   batch.product,
                   coalesce(batch.at::timestamptz, $2) as observed_at,
                   batch.name,
                   batch.source_line
            from batch
            where batch.product is not null and not ((batch.name) is null)
            order by batch.product, observed_at, batch.source_line desc
        ), observed as (
        insert into star.history_product as history
            (product, observed_at, name, source_line, source_load_id, source_time)
        select incoming.product, incoming.observed_at, incoming.name, incoming.source_line, $1, $2
        from incoming
        left join star.history_product existing on existing.product = incoming.product and existing.observed_at = incoming.observed_at
        where existing.source_load_id is null
           or existing.source_load_id <> $1
           or (existing.name) is distinct from (incoming.name)
        order by incoming.product, incoming.observed_at
        on conflict (product, observed_at) do update set
            name = excluded.name,
            source_line = excluded.source_line,
            source_load_id = excluded.source_load_id,
            source_time = excluded.source_time
        where excluded.source_time > history.source_time
           or excluded.source_time = history.source_time
          and (excluded.source_load_id = history.source_load_id
              and excluded.source_line >= history.source_line
               or stardrop.load_sorts_after(excluded.source_load_id, history.source_load_id))
        returning history.xmax = 0 as is_new$
        )
        select count(*) filter (where is_new$),
               count(*) filter (where not is_new$),
               (select count(*) from incoming),
               case when $4 > (select count(*) from incoming) then (
                   select array[count(distinct (batch.product)), min(batch.source_line)]
                   from batch
                   join incoming on incoming.product = batch.product
                   where (batch.name) is distinct from (incoming.name)
                     and incoming.observed_at = coalesce(batch.at::timestamptz, $2)
                     and batch.product is not null and not ((batch.name) is null)
               ) end
        from observed
    $sql$ into inserted,
    updated,
    members,
    occurrences using this.load_id,
    this.object_time,
    first_line,
    staged;
    findings := findings || stardrop.finding('several_descriptions', 'product', 'product', occurrences);
    tables := tables || jsonb_build_object(
        'table_name', 'star.history_product', 'inserted', inserted, 'updated', updated,
        'unchanged', members - inserted - updated, 'deleted', 0
    );

    updated := 0;

    -- Dimension product: observations that start a version which is missing, and versions
    -- that no observation starts any more.
    execute $sql$
        with incoming as (
            select distinct batch.product, coalesce(batch.at::timestamptz, $2) as observed_at
            from batch
            where batch.product is not null and not ((batch.name) is null)
        ), affected as (
            select incoming.product,
                   min(incoming.observed_at) as since$,
                   max(incoming.observed_at) as until$
            from incoming
            join star.history_product history on history.product = incoming.product and history.observed_at = incoming.observed_at
            left join star.dim_product version on version.product = incoming.product
             and version.valid_from <= incoming.observed_at
             and (version.valid_to > incoming.observed_at or version.valid_to is null)
            where version.valid_from is null
               or version.valid_from = '-infinity'
               or (version.name) is distinct from (history.name)
            group by incoming.product
        ), affected_span as (
            select affected.*,
                   (select history.observed_at
                    from star.history_product history
                    where history.product = affected.product and history.observed_at < affected.since$
                    order by history.observed_at desc
                    limit 1) as before$,
                   (select history.observed_at
                    from star.history_product history
                    where history.product = affected.product and history.observed_at > affected.until$
                    order by history.observed_at
                    limit 1) as after$
            from affected
        ), compared as (
            select history_row$ as observation$, history_row$.product, history_row$.observed_at,
                   history_row$.observed_at >= affected_span.since$ as is_affected$,
                   lag(history_row$.observed_at) over this_member is null
                       or (history_row$.name) is distinct from (lag(history_row$.name) over this_member) as starts_version$,
                   history_row$.source_load_id = $1 and history_row$.source_line >= $3 as is_from_this_batch$
            from affected_span
            join star.history_product history_row$ on history_row$.product = affected_span.product
             and history_row$.observed_at between coalesce(affected_span.before$, affected_span.since$)
                                      and coalesce(affected_span.after$, affected_span.until$)
            window this_member as (partition by history_row$.product order by history_row$.observed_at)
        )
        select array_agg(compared.observation$) filter (
                   where starts_version$
                     and (version.valid_from is null or (version.name) is distinct from ((compared.observation$).name))
               ),
               array_agg(compared.observation$) filter (
                   where not starts_version$ and version.valid_from is not null
               ),
               count(*) filter (where starts_version$ and version.valid_from is null and is_from_this_batch$)
        from compared
        left join star.dim_product version on version.product = compared.product and version.valid_from = compared.observed_at
        where is_affected$
    $sql$ into product_version_starts, product_redundant_versions, inserted
        using this.load_id, this.object_time, first_line;

    if product_version_starts is not null or product_redundant_versions is not null then
        -- The row of an inferred member becomes its first version.
        execute $sql$
            update star.dim_product dim
            set valid_from = version_start.observed_at,
            name = version_start.name,
            load_id = version_start.source_load_id,
                source_line = version_start.source_line
            from (
                select distinct on (product) *
                from unnest($1)
                order by product, observed_at
            ) version_start
            where dim.product = version_start.product and dim.valid_from = '-infinity'
        $sql$ using product_version_starts;

        -- A version that looks like the one before it is deleted.
        execute $sql$
            with deleted as (
                delete from star.dim_product dim_row$
                using unnest($1) redundant
                where dim_row$.product = redundant.product and dim_row$.valid_from = redundant.observed_at
                returning dim_row$ as version$
            )
            select array_agg(deleted.version$), count(*) from deleted
        $sql$ into product_changed_versions, removed using product_redundant_versions;

        -- Of two observations at one time the newer one counts.
        execute $sql$
            update star.dim_product dim
            set name = version_start.name,
            load_id = version_start.source_load_id,
            source_line = version_start.source_line
            from unnest($1) version_start
            where dim.product = version_start.product and dim.valid_from = version_start.observed_at
              and (dim.name) is distinct from (version_start.name)
        $sql$ using product_version_starts;
        get diagnostics updated = row_count;

        -- Each version ends where the next one starts.
        execute $sql$
            with member as (
                select product from unnest($1)
                union
                select product from unnest($2)
            ), existing as (
                select dim_row$ as version$,
                       dim_row$.product_key,
                       dim_row$.product,
                       dim_row$.valid_from
                from star.dim_product dim_row$
                join member using (product)
            ), boundary as (
                select product, valid_from from existing
                union
                select product, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
                window this_member as (partition by product order by valid_from)
            ), linked as (
                update star.dim_product dim
                set valid_to = version_chain.valid_to, is_first = version_chain.is_first
                from version_chain
                join existing using (product, valid_from)
                where dim.product_key = existing.product_key
                  and (dim.valid_to, dim.is_first) is distinct from (version_chain.valid_to, version_chain.is_first)
                returning existing.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into product_changed_versions using product_version_starts,
        product_redundant_versions,
        product_changed_versions;

        -- Versions that are missing.
        execute $sql$
            with member as (
                select product from unnest($1)
                union
                select product from unnest($2)
            ), existing as (
                select dim_row$ as version$,
                       dim_row$.product_key,
                       dim_row$.product,
                       dim_row$.valid_from
                from star.dim_product dim_row$
                join member using (product)
            ), boundary as (
                select product, valid_from from existing
                union
                select product, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
                window this_member as (partition by product order by valid_from)
            )
            insert into star.dim_product
                (product,
                 name,
                 valid_from,
                 valid_to,
                 is_first,
                 shelf,
                 source_load_id,
                 source_time,
                 load_id,
                 source_line)
            select version_start.product,
                   version_start.name,
                   version_chain.valid_from,
                   version_chain.valid_to,
                   version_chain.is_first,
                   sibling.shelf,
                   coalesce(sibling.source_load_id, 0),
                   coalesce(sibling.source_time, '-infinity'),
                   version_start.source_load_id,
                   version_start.source_line
            from version_chain
            join unnest($1) version_start on version_start.product = version_chain.product and version_start.observed_at = version_chain.valid_from
            left join lateral (
                select dim.* from star.dim_product dim where dim.product = version_start.product
                union all
                select deleted.* from unnest($3) deleted where deleted.product = version_start.product
                limit 1
            ) sibling on true
            where not exists (
                select from existing where existing.product = version_chain.product and existing.valid_from = version_chain.valid_from
            )
            order by version_start.product, version_chain.valid_from
        $sql$ using product_version_starts, product_redundant_versions, product_changed_versions;
        get diagnostics added = row_count;
    end if;

    -- Dimension product: members that do not exist yet are inferred from their key.
    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute $sql$
                select count(*) > 0
                from (
                    select batch.product, batch.source_line
                    from batch
                    where batch.product is not null

                ) member
                where not exists (select from star.dim_product existing where existing.product = member.product)

            $sql$ into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute $sql$
                with referenced as (
                    select batch.product, batch.source_line
                    from batch
                    where batch.product is not null

                ), member as (
                    select distinct on (referenced.product) referenced.product, referenced.source_line
                    from referenced
                    order by referenced.product, referenced.source_line
                ), upserted as (
                    insert into star.dim_product
                        (product,
                         valid_from,
                         is_first,
                         load_id,
                         source_line,
                         source_load_id,
                         source_time)
                    select member.product,
                           '-infinity',
                           true,
                           $1,
                           member.source_line,
                           0,
                           '-infinity'
                    from member
                    where not exists (select from star.dim_product existing where existing.product = member.product)
                    order by member.product
                    on conflict do nothing
                    returning true as is_new$, false as is_changed$
                )
                select count(*) from upserted

            $sql$ into inferred using this.load_id;
        else
            inferred := 0;
        end if;
    end;

    added := added + inferred;

    -- Dimension product: attributes without versions, in all versions of the member.
    execute $sql$
        with description as (
            select batch.product, batch.shelf,
                   min(batch.source_line) as first_line$, max(batch.source_line) as last_line$
            from batch
            where batch.product is not null
            group by batch.product, batch.shelf
        ), member as (
            select distinct on (description.product)
                   description.product, description.shelf, description.last_line$ as source_line
            from description
            order by description.product, description.last_line$ desc
        ), updated as (
            update star.dim_product as dim set
                shelf = member.shelf,
                source_load_id = $1,
                source_time = $2,
                load_id = case when (dim.shelf) is distinct from (member.shelf)
                    then $1 else dim.load_id end,
                source_line = case when (dim.shelf) is distinct from (member.shelf)
                    then member.source_line else dim.source_line end
            from member, star.dim_product existing
            where existing.product_key = dim.product_key
              and existing.product = member.product
              and (existing.source_load_id <> $1
               or existing.source_time = '-infinity'
               or (existing.shelf) is distinct from (member.shelf))
              and (($2 > dim.source_time
                   or $2 = dim.source_time
                  and ($1 = dim.source_load_id
                       or stardrop.load_sorts_after($1, dim.source_load_id))))
            returning dim.product,
                      existing.source_time <> '-infinity' and dim.load_id = $1 and dim.source_line >= $3 as is_changed$
        )
        select count(distinct (updated.product)) filter (where is_changed$),
               case when (select count(*) from description) > (select count(*) from member) then (
                   select array[count(distinct (description.product)), min(description.first_line$)]
                   from description
                   join member on description.product = member.product
                   where (description.shelf) is distinct from (member.shelf)
               ) end
        from updated
    $sql$ into members, occurrences using this.load_id, this.object_time, first_line;
    findings := findings || stardrop.finding('several_descriptions', 'product', 'product', occurrences);
    updated := updated + members;

    tables := tables || jsonb_build_object(
        'table_name',
        'star.dim_product',
        'inserted',
        added,
        'updated',
        updated,
        'unchanged',
        0,
        'deleted',
        removed
    );
    -- A row that starts a version and also changes other attributes counts once.
    inserted := least(inserted, staged);
    updated := least(updated, staged - inserted);

