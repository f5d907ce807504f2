
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
    repeated_lines text;
    foreign_rows bigint;
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
               count(*) filter (where batch.day is null),
               min(batch.source_line) filter (where batch.day is null)
           ]
        from batch
    $sql$ into staged, first_line, unknown;
    if staged = 0 then
        return null;
    end if;
    this := stardrop.open_batch('stock');
    execute 'select count(*) from batch where load_id is distinct from $1' into foreign_rows using this.load_id;
    if foreign_rows > 0 then
        raise exception 'column load_id of staging.stock is set by stardrop and cannot be inserted'
            using errcode = 'invalid_parameter_value',
                  hint = 'leave load_id out of the insert';
    end if;

    ..
    perform stardrop.close_batch(this.load_id, jsonb_build_object(
        'staged', staged, 'inserted', rows_inserted, 'updated', rows_updated,
        'unchanged', staged - rows_inserted - rows_updated, 'repeated', repeated,
        'tables', tables, 'findings', findings
    ));
    return null;
end
