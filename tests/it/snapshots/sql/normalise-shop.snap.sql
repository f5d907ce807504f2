
declare
    this stardrop.batch;
    staged bigint;
    first_line bigint;
    inserted bigint := 0;
    updated bigint := 0;
    members bigint;
    inferred bigint;
    grains bigint;
    added bigint := 0;
    removed bigint := 0;
    repeated bigint := 0;
    unknown bigint[];
    occurrences bigint[];
    findings jsonb := '[]'::jsonb;
    product_version_starts star.history_product[];
    product_redundant_versions star.history_product[];
    product_changed_versions star.dim_product[];
    rows_inserted bigint := 0;
    rows_updated bigint := 0;
    tables jsonb := '[]'::jsonb;
begin
    -- A contract has no column whose name ends in $: these are the queries' own.
    -- Large batches are sorted and hashed in memory where the server has it.
    perform set_config('work_mem', greatest(65536, least(262144,
        pg_size_bytes(current_setting('shared_buffers')) / 8192))::text, true);
    -- An empty COPY fires the trigger, too.
    execute $sql$
        select count(*), min(batch.source_line), array[
               count(*) filter (where batch.buyer is null),
               min(batch.source_line) filter (where batch.buyer is null),
               count(*) filter (where batch.product is null),
               min(batch.source_line) filter (where batch.product is null),
               count(*) filter (where batch.at is null),
               min(batch.source_line) filter (where batch.at is null),
               count(*) filter (where batch.source is null),
               min(batch.source_line) filter (where batch.source is null)
           ]
        from batch
    $sql$ into staged, first_line, unknown;
    if staged = 0 then
        return null;
    end if;
    this := stardrop.open_batch('shop');

    -- Batches that write rows which depend on each other wait here.
    perform stardrop.wait_for_turn();
    perform pg_advisory_xact_lock(stardrop.table_lock('dim_product'));
    perform pg_advisory_xact_lock(stardrop.table_lock('fact_with_tombstones'));

    ..
    perform stardrop.close_batch(this.load_id, jsonb_build_object(
        'staged', staged, 'inserted', rows_inserted, 'updated', rows_updated,
        'unchanged', staged - rows_inserted - rows_updated, 'repeated', repeated,
        'tables', tables, 'findings', findings
    ));

    -- Staging does not keep rows. The loader's temporary copy is emptied by its commit.
    if tg_table_schema = 'staging'::regnamespace::text then
        delete from staging.shop;
    end if;
    return null;
end
