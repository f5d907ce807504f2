-- The ledger: one row per object version, or per part of one that has parts, in the same database as the
-- loaded rows, so that rows and their record commit together or not at all.

comment on table stardrop.migration is 'The migrations of this schema that were applied.';
comment on column stardrop.migration.version is 'The number of the migration.';
comment on column stardrop.migration.name is 'The name of the migration.';
comment on column stardrop.migration.applied_on is 'When it was applied.';
comment on column stardrop.migration.checksum is 'A checksum of its SQL.';

create table stardrop.load (
    load_id bigint generated always as identity,
    dataset text collate "C",

    -- the object
    bucket text not null collate "C",
    key text not null collate "C",
    version_id text collate "C",
    etag text collate "C",
    part text not null default '' collate "C",
    generation integer not null default 0,
    size_bytes bigint,
    object_time timestamptz not null,
    sequencer text collate "C",
    content_hash bytea,
    etag_is_md5 boolean,
    duplicate_of bigint,
    forced boolean not null default false,

    -- progress, and the worker
    state text not null default 'loading' collate "C",
    attempt integer not null default 0,
    attempts_without_progress integer not null default 0,
    checkpoint_rows bigint not null default 0,
    checkpoint_line bigint not null default 0,
    checkpoint_offset bigint not null default 0,
    hash_state bytea,
    hash_offset bigint not null default 0,
    worker_pid integer,
    second_pid integer,
    worker_started timestamptz,
    lease_until timestamptz,

    -- row counts
    rows_read bigint not null default 0,
    rows_rejected bigint not null default 0,
    rows_staged bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_repeated bigint not null default 0,
    batches integer not null default 0,

    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    notes text,
    enrichment jsonb,
    steps jsonb,
    failure_stage text collate "C",
    failure_sqlstate text collate "C",
    failure_text text,

    constraint load_pkey primary key (load_id),

    -- Each object version is loaded once, or each of its parts. In buckets without versions version_id is null.
    constraint load_object_version_key
        unique nulls not distinct (bucket, key, version_id, etag, part, generation),

    constraint load_state_is_known
        check (state in
            ('loading', 'loaded', 'failed', 'duplicate', 'superseded', 'missing', 'undone',
             'unmatched')),

    -- Only an object whose key fits no dataset has none.
    constraint load_has_dataset
        check (state = 'unmatched' or dataset is not null),

    -- Every row that was read is staged or saved as a rejected row.
    constraint load_rows_read_add_up
        check (state <> 'loaded' or rows_read = rows_rejected + rows_staged),

    -- Every staged row inserted a row, updated one, or changed nothing.
    constraint load_rows_staged_add_up
        check (state <> 'loaded' or rows_staged = rows_inserted + rows_updated + rows_unchanged),

    -- A failed load says why.
    constraint load_failure_has_text
        check ((state = 'failed') = (failure_text is not null)),

    -- A duplicate says of which load.
    constraint load_duplicate_has_original
        check ((state = 'duplicate') = (duplicate_of is not null)),

    -- A load that is not in state loading has ended.
    constraint load_end_has_time
        check ((state = 'loading') = (finished_at is null))
);

create index load_state on stardrop.load (state, started_at);
create index load_dataset on stardrop.load (dataset, started_at);
create index load_object_time on stardrop.load (dataset, object_time);
create index load_size on stardrop.load (dataset, size_bytes) where state = 'loaded';
create index load_content on stardrop.load (dataset, etag, size_bytes) where state = 'loaded';

comment on table stardrop.load is
    'One row per object version, or per part of one: its object, its state, its worker and its row counts.';
comment on column stardrop.load.load_id is 'The load''s number.';
comment on column stardrop.load.dataset is 'The dataset that the object is loaded into; null in state unmatched.';
comment on column stardrop.load.bucket is
    'The object''s bucket; `file` for local files, `sql` for rows inserted into staging by other programs.';
comment on column stardrop.load.key is 'The object''s key.';
comment on column stardrop.load.version_id is
    'The object''s version; null in buckets without versions.';
comment on column stardrop.load.etag is 'The object''s etag.';
comment on column stardrop.load.part is
    'The sheet of a workbook or the entry of an archive that the load reads; empty for a whole object.';
comment on column stardrop.load.generation is
    'Counts the loads of one object version: a key that gets its earlier bytes again is loaded again.';
comment on column stardrop.load.size_bytes is 'The object''s size in bytes.';
comment on column stardrop.load.object_time is
    'When the object was written. Rows of newer objects win over rows of older ones.';
comment on column stardrop.load.sequencer is
    'S3''s sequencer of the event, which orders the events of one key.';
comment on column stardrop.load.content_hash is
    'SHA-256 of the object''s bytes, if all of them were read; null for local files.';
comment on column stardrop.load.etag_is_md5 is
    'Whether the etag is a hash of the bytes: not after a multipart upload or with a KMS key.';
comment on column stardrop.load.duplicate_of is
    'The load of the same bytes under another key or version, for a load in state duplicate.';
comment on column stardrop.load.forced is 'Replayed by a user: loaded even if it is a duplicate.';
comment on column stardrop.load.state is
    'loading, loaded, failed, duplicate, superseded, missing, undone or unmatched.';
comment on column stardrop.load.attempt is
    'The fencing token, raised by each claim: a worker with an older attempt cannot commit.';
comment on column stardrop.load.attempts_without_progress is
    'The number of attempts since the checkpoint last moved.';
comment on column stardrop.load.checkpoint_rows is
    'The number of records that were read from the object and committed.';
comment on column stardrop.load.checkpoint_line is 'The last committed line of the object.';
comment on column stardrop.load.checkpoint_offset is
    'The byte of the decoded object at which the next record starts.';
comment on column stardrop.load.hash_state is
    'The state of the SHA-256 after hash_offset bytes, from which the next attempt continues.';
comment on column stardrop.load.hash_offset is 'The number of bytes in hash_state.';
comment on column stardrop.load.worker_pid is 'The backend process of the worker''s session.';
comment on column stardrop.load.second_pid is 'The backend process of the worker''s second session, if it uses one.';
comment on column stardrop.load.worker_started is 'When the worker''s session started.';
comment on column stardrop.load.lease_until is
    'The worker counts as alive until then, by the database''s clock; null if there is none.';
comment on column stardrop.load.rows_read is 'Rows read from the object: rejected and staged ones.';
comment on column stardrop.load.rows_rejected is 'Rows that broke the contract.';
comment on column stardrop.load.rows_staged is
    'Rows inserted into staging: inserted, updated and unchanged ones.';
comment on column stardrop.load.rows_inserted is
    'Rows that inserted a row into the dataset''s first fact, or its first dimension if it has no fact.';
comment on column stardrop.load.rows_updated is 'Rows that updated one there.';
comment on column stardrop.load.rows_unchanged is 'Rows that changed nothing there.';
comment on column stardrop.load.rows_repeated is
    'Rows whose grain another row of the same batch also has. They count as unchanged.';
comment on column stardrop.load.batches is 'The number of committed batches.';
comment on column stardrop.load.started_at is
    'When the load was created, or reopened by stardrop replay before a batch was committed.';
comment on column stardrop.load.finished_at is 'When it ended; null in state loading.';
comment on column stardrop.load.notes is
    'What was unusual, such as unknown or missing columns, or why the load was skipped.';
comment on column stardrop.load.enrichment is
    'The files that values were looked up in, each with name, file, type, built and sha256; null without [enrich.*].';
comment on column stardrop.load.steps is
    'The seconds of each step, for the batches that are committed; null where none is.';
comment on column stardrop.load.failure_stage is 'The stage that failed, for a load in state failed.';
comment on column stardrop.load.failure_sqlstate is 'The SQLSTATE of the failure, if Postgres raised it.';
comment on column stardrop.load.failure_text is 'The error message, for a load in state failed.';

create table stardrop.load_table (
    load_id bigint not null,
    table_name text not null collate "C",
    inserted bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    deleted bigint not null default 0,

    constraint load_table_pkey primary key (load_id, table_name),
    constraint load_table_load_fkey
        foreign key (load_id) references stardrop.load (load_id) on delete cascade
);

comment on table stardrop.load_table is
    'The numbers of rows that a load changed in each table of the star.';
comment on column stardrop.load_table.load_id is 'The load.';
comment on column stardrop.load_table.table_name is 'The table, such as star.fact_sales.';
comment on column stardrop.load_table.inserted is 'Rows that the load inserted.';
comment on column stardrop.load_table.updated is 'Rows that the load updated.';
comment on column stardrop.load_table.unchanged is 'Rows of the load that changed nothing.';
comment on column stardrop.load_table.deleted is
    'Rows that were deleted: by replacing an older version, by tombstones, or by an undo; members that were closed or flagged.';

create table stardrop.load_finding (
    load_id bigint not null,
    code text not null collate "C",
    name text not null collate "C",
    column_names text not null collate "C",
    occurrences bigint not null,
    first_line bigint not null,

    constraint load_finding_pkey primary key (load_id, code, name, column_names),
    constraint load_finding_load_fkey
        foreign key (load_id) references stardrop.load (load_id) on delete cascade,

    constraint load_finding_code_is_known
        check (code in ('unknown_member', 'repeated_grain', 'several_descriptions'))
);

comment on table stardrop.load_finding is
    'What was lost of rows that were loaded: references, rows of one grain that differ, descriptions of members.';
comment on column stardrop.load_finding.load_id is 'The load.';
comment on column stardrop.load_finding.code is
    'unknown_member: rows that refer to the unknown member. repeated_grain: rows that differ from the winning row of their grain. several_descriptions: members that rows describe differently.';
comment on column stardrop.load_finding.name is
    'The dimension or its role, such as place, or date; the fact, for repeated_grain.';
comment on column stardrop.load_finding.column_names is
    'The column that is null, for unknown_member; the columns of the grain or of the key otherwise.';
comment on column stardrop.load_finding.occurrences is
    'How many rows; how many members, for several_descriptions. Rows of different batches are not compared.';
comment on column stardrop.load_finding.first_line is 'The first line of the object with such a row.';

create table stardrop.rejected_row (
    load_id bigint not null,
    source_line bigint not null,
    column_name text collate "C",
    code text not null collate "C",
    reason text not null,
    raw text,
    raw_bytes bytea,
    rejected_at timestamptz not null default clock_timestamp(),

    constraint rejected_row_pkey primary key (load_id, source_line),
    constraint rejected_row_load_fkey
        foreign key (load_id) references stardrop.load (load_id) on delete cascade,

    -- A row that is not valid text of this database is saved as bytes instead.
    constraint rejected_row_has_one_form check ((raw is null) <> (raw_bytes is null))
);

comment on table stardrop.rejected_row is
    'Rows that broke the contract, each whole, with its line, its column and the reason.';
comment on column stardrop.rejected_row.load_id is 'The load.';
comment on column stardrop.rejected_row.source_line is 'The row''s line in the object.';
comment on column stardrop.rejected_row.column_name is
    'The column that broke the contract; null if the row as a whole did.';
comment on column stardrop.rejected_row.code is 'The kind of reason, the same for all such rows.';
comment on column stardrop.rejected_row.reason is 'Why the row was rejected.';
comment on column stardrop.rejected_row.raw is 'The row as it is in the object.';
comment on column stardrop.rejected_row.raw_bytes is
    'The row''s bytes, instead of raw, if they are not valid text of this database.';
comment on column stardrop.rejected_row.rejected_at is 'When the row was rejected.';

create table stardrop.dataset (
    name text not null collate "C",
    fingerprint text not null collate "C",
    sql text not null,
    applied_at timestamptz not null default clock_timestamp(),
    applied_by text not null default session_user,

    constraint dataset_pkey primary key (name)
);

comment on table stardrop.dataset is 'The contracts to which this database was migrated.';
comment on column stardrop.dataset.name is 'The dataset''s name.';
comment on column stardrop.dataset.fingerprint is
    'SHA-256 of the generated SQL. A loader with another fingerprint must migrate first.';
comment on column stardrop.dataset.sql is 'The generated SQL.';
comment on column stardrop.dataset.applied_at is 'When the contract was applied.';
comment on column stardrop.dataset.applied_by is 'The login that applied it.';

create unlogged table stardrop.pending_counts (
    load_id bigint not null,
    counts jsonb not null,

    constraint pending_counts_pkey primary key (load_id)
);

comment on table stardrop.pending_counts is
    'Row counts that a trigger function has recorded and the checkpoint has not added yet. Empty outside of a loader''s transaction.';
comment on column stardrop.pending_counts.load_id is 'The load.';
comment on column stardrop.pending_counts.counts is 'The counts, in total and for each table.';

create table stardrop.saved_view (
    saved_order integer generated always as identity,
    schema_name text not null,
    view_name text not null,
    definition text not null,
    owner text not null,
    privileges aclitem[],
    options text[],
    comment text,

    constraint saved_view_pkey primary key (saved_order)
);

comment on table stardrop.saved_view is
    'Views that a migration has dropped and creates again at its end. Empty outside of a migration.';
comment on column stardrop.saved_view.saved_order is
    'The order in which the views were dropped; they are created in reverse order.';
comment on column stardrop.saved_view.schema_name is 'The view''s schema.';
comment on column stardrop.saved_view.view_name is 'The view''s name.';
comment on column stardrop.saved_view.definition is 'The view''s query.';
comment on column stardrop.saved_view.owner is 'The view''s owner.';
comment on column stardrop.saved_view.privileges is 'The privileges on the view.';
comment on column stardrop.saved_view.options is 'The view''s options, such as security_invoker.';
comment on column stardrop.saved_view.comment is 'The view''s comment.';

create table stardrop.star_object (
    table_name text not null collate "C",
    kind text not null collate "C",
    name text not null collate "C",

    constraint star_object_pkey primary key (table_name, kind, name),
    constraint star_object_kind_is_known check (kind in ('table', 'column', 'constraint', 'index'))
);

comment on table stardrop.star_object is
    'What migrations have created in the star and in staging. Whatever else is there is left alone.';
comment on column stardrop.star_object.table_name is 'The table, such as star.fact_sales.';
comment on column stardrop.star_object.kind is 'table, column, constraint or index.';
comment on column stardrop.star_object.name is 'The name of the column, the constraint or the index; empty for the table.';

create table stardrop.function_set (
    only_row boolean not null default true,
    source text not null collate "C",
    installed text not null collate "C",

    constraint function_set_pkey primary key (only_row),
    constraint function_set_has_one_row check (only_row)
);

comment on table stardrop.function_set is
    'The functions of this schema that the last migration created: one that finds the same ones leaves them alone.';
comment on column stardrop.function_set.only_row is 'true: the table has one row.';
comment on column stardrop.function_set.source is 'SHA-256 of their SQL.';
comment on column stardrop.function_set.installed is
    'SHA-256 of their definitions and comments as Postgres printed them afterwards.';

create type stardrop.batch as (
    load_id bigint,
    object_time timestamptz
);

comment on type stardrop.batch is 'What a trigger function needs to know of a batch''s load.';
comment on column stardrop.batch.load_id is 'The load.';
comment on column stardrop.batch.object_time is 'When the load''s object was written.';
