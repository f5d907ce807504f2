-- The ledger: one row per object version, in the database that holds the rows themselves, so that
-- a row and the record of it commit together or not at all.

comment on schema stardrop is 'The ledger of stardrop: loads, rejected rows, applied contracts.';
comment on schema staging is 'Typed rows as received: the door anyone may insert through.';
comment on schema star is 'Dimensions and facts, written by the triggers on staging only.';

create table stardrop.load (
    load_id bigint generated always as identity,
    dataset text not null collate "C",

    -- which object
    bucket text not null collate "C",
    key text not null collate "C",
    version_id text collate "C",
    etag text collate "C",
    generation integer not null default 0,
    size_bytes bigint,
    object_time timestamptz not null,
    sequencer text collate "C",
    content_hash bytea,
    etag_is_md5 boolean,
    duplicate_of bigint,
    forced boolean not null default false,

    -- how far, and by whom
    state text not null default 'loading' collate "C",
    attempt integer not null default 0,
    attempts_without_progress integer not null default 0,
    checkpoint_rows bigint not null default 0,
    checkpoint_line bigint not null default 0,
    checkpoint_offset bigint not null default 0,
    hash_state bytea,
    hash_offset bigint not null default 0,
    worker_pid integer,
    worker_started timestamptz,
    lease_until timestamptz,

    -- the books
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
    failure_stage text collate "C",
    failure_sqlstate text collate "C",
    failure_text text,

    constraint load_pkey primary key (load_id),

    -- One object version is one load. Buckets without versions have a null version_id.
    constraint load_object_version_key
        unique nulls not distinct (bucket, key, version_id, etag, generation),

    constraint load_state_is_known
        check (state in
            ('loading', 'loaded', 'failed', 'duplicate', 'superseded', 'missing', 'undone')),

    -- Every row that was read is staged or kept as a rejected row.
    constraint load_rows_read_add_up
        check (state <> 'loaded' or rows_read = rows_rejected + rows_staged),

    -- Every staged row is in the star as a new row, a changed one, or one that changed nothing.
    constraint load_rows_staged_add_up
        check (state <> 'loaded' or rows_staged = rows_inserted + rows_updated + rows_unchanged),

    -- A load that failed says why.
    constraint load_failure_has_text
        check ((state = 'failed') = (failure_text is not null)),

    -- A duplicate says of what.
    constraint load_duplicate_has_original
        check ((state = 'duplicate') = (duplicate_of is not null)),

    constraint load_end_has_time
        check ((state = 'loading') = (finished_at is null))
);

create index load_state on stardrop.load (state, started_at);
create index load_dataset on stardrop.load (dataset, started_at);
create index load_size on stardrop.load (dataset, size_bytes) where state = 'loaded';
create index load_content on stardrop.load (dataset, etag, size_bytes) where state = 'loaded';

comment on table stardrop.load is
    'One row per object version: what was loaded, when, by whom, and where its rows went.';
comment on column stardrop.load.generation is
    'Counts up when a bucket without versions goes back to bytes that it had before.';
comment on column stardrop.load.object_time is
    'When the object was written: decides which of two files is newer.';
comment on column stardrop.load.content_hash is
    'SHA-256 of the object''s bytes, where they were read to their end; null for local files.';
comment on column stardrop.load.etag_is_md5 is
    'Whether the etag is a hash of the bytes: not for uploads in parts or with a key of KMS.';
comment on column stardrop.load.hash_state is
    'The SHA-256 of the first hash_offset bytes, to be gone on with.';
comment on column stardrop.load.duplicate_of is
    'The load that brought the same bytes under another key or version.';
comment on column stardrop.load.forced is 'Replayed by hand: loaded even if a duplicate.';
comment on column stardrop.load.attempt is
    'The fencing token: a worker whose attempt is older than this can commit nothing.';
comment on column stardrop.load.attempts_without_progress is
    'Attempts since the checkpoint last moved.';
comment on column stardrop.load.checkpoint_rows is 'Records read from the object and committed.';
comment on column stardrop.load.checkpoint_line is 'The last line that is committed.';
comment on column stardrop.load.checkpoint_offset is
    'The byte of the object at which the next record starts.';
comment on column stardrop.load.lease_until is
    'Until then the worker counts as alive; by the clock of the database.';
comment on column stardrop.load.rows_repeated is
    'Staged rows whose grain another row of the same batch brings too. They count as unchanged.';
comment on column stardrop.load.notes is
    'What differed from the contract without breaking it: columns that were unknown or missing.';

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

comment on table stardrop.load_table is 'What one load did to one table of the star, in rows.';

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

    -- A row that is no text of this database is kept as bytes instead.
    constraint rejected_row_has_one_form check ((raw is null) <> (raw_bytes is null))
);

comment on table stardrop.rejected_row is
    'Rows that broke the contract, whole, with the line, the column and the reason.';
comment on column stardrop.rejected_row.column_name is 'Null where the row as a whole is at fault.';

create table stardrop.dataset (
    name text not null collate "C",
    fingerprint text not null collate "C",
    sql text not null,
    applied_at timestamptz not null default clock_timestamp(),
    applied_by text not null default session_user,

    constraint dataset_pkey primary key (name)
);

comment on table stardrop.dataset is 'The contracts that this database was migrated to.';
comment on column stardrop.dataset.fingerprint is
    'SHA-256 of the generated SQL: a loader with another one is told to migrate first.';

create unlogged table stardrop.pending_counts (
    load_id bigint not null,
    counts jsonb not null,

    constraint pending_counts_pkey primary key (load_id)
);

comment on table stardrop.pending_counts is
    'What the trigger counted within a transaction, for its checkpoint; empty outside of one.';

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
    'Views that stand aside while a migration changes what is below them; empty outside of one.';

-- What a trigger function needs to know of the load whose rows it normalises.
create type stardrop.batch as (
    load_id bigint,
    object_time timestamptz
);
