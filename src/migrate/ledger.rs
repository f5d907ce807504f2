//! Creates the ledger from its hand-written SQL: roles, tables, functions and rights.

use crate::db::Client;

use super::session::{execute, exists, refused, scalar};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Names;
use crate::star::Star;
use refinery::{Migration, Runner};
use sha2::{Digest, Sha256};

mod embedded {
    refinery::embed_migrations!("sql/migrations");
}

/// The table in which refinery records the migrations that it has applied.
const MIGRATION_TABLE: &str = "stardrop.migration";

const ROLES: &str = include_str!("../../sql/roles.sql");
const SCHEMAS: &str = include_str!("../../sql/schemas.sql");
const GRANTS: &str = include_str!("../../sql/grants.sql");

/// The functions, in the order in which they can be created: callees before callers where the
/// caller is of language sql.
const FUNCTIONS: &[&str] = &[
    include_str!("../../sql/functions/key_lock.sql"),
    include_str!("../../sql/functions/star_lock.sql"),
    include_str!("../../sql/functions/table_lock.sql"),
    include_str!("../../sql/functions/text_or_null.sql"),
    include_str!("../../sql/functions/raise_missing_member.sql"),
    include_str!("../../sql/functions/load_sorts_after.sql"),
    include_str!("../../sql/functions/finding.sql"),
    include_str!("../../sql/functions/sum_counts.sql"),
    include_str!("../../sql/functions/add_table_counts.sql"),
    include_str!("../../sql/functions/add_row_counts.sql"),
    include_str!("../../sql/functions/contract_fingerprint.sql"),
    include_str!("../../sql/functions/check_contract.sql"),
    include_str!("../../sql/functions/find_load.sql"),
    include_str!("../../sql/functions/is_other_part.sql"),
    include_str!("../../sql/functions/covers_part.sql"),
    include_str!("../../sql/functions/is_newer.sql"),
    include_str!("../../sql/functions/is_revert.sql"),
    include_str!("../../sql/functions/skip_reason.sql"),
    include_str!("../../sql/functions/is_replaced_by.sql"),
    include_str!("../../sql/functions/has_newer_version.sql"),
    include_str!("../../sql/functions/replaced_loads.sql"),
    include_str!("../../sql/functions/register_parts.sql"),
    include_str!("../../sql/functions/forget_rejects_of_failure.sql"),
    include_str!("../../sql/functions/claim.sql"),
    include_str!("../../sql/functions/record_enrichment.sql"),
    include_str!("../../sql/functions/record_unmatched.sql"),
    include_str!("../../sql/functions/save_hash.sql"),
    include_str!("../../sql/functions/newest_loads.sql"),
    include_str!("../../sql/functions/totals.sql"),
    include_str!("../../sql/functions/findings.sql"),
    include_str!("../../sql/functions/mark_skipped.sql"),
    include_str!("../../sql/functions/reopen.sql"),
    include_str!("../../sql/functions/release.sql"),
    include_str!("../../sql/functions/release_finished.sql"),
    include_str!("../../sql/functions/require_held.sql"),
    include_str!("../../sql/functions/with_trigger_time.sql"),
    include_str!("../../sql/functions/turn_lock.sql"),
    include_str!("../../sql/functions/has_to_wait.sql"),
    include_str!("../../sql/functions/wait_for_turn.sql"),
    include_str!("../../sql/functions/begin_batch.sql"),
    include_str!("../../sql/functions/begin_batch_ahead.sql"),
    include_str!("../../sql/functions/join_load.sql"),
    include_str!("../../sql/functions/open_batch.sql"),
    include_str!("../../sql/functions/months.sql"),
    include_str!("../../sql/functions/missing_months.sql"),
    include_str!("../../sql/functions/add_months.sql"),
    include_str!("../../sql/functions/split_facts.sql"),
    include_str!("../../sql/functions/detach_months.sql"),
    include_str!("../../sql/functions/replace_table.sql"),
    include_str!("../../sql/functions/close_batch.sql"),
    include_str!("../../sql/functions/require_checkpoint.sql"),
    include_str!("../../sql/functions/checkpoint.sql"),
    include_str!("../../sql/functions/reject_rows.sql"),
    include_str!("../../sql/functions/finish.sql"),
    include_str!("../../sql/functions/begin_reject_reload.sql"),
    include_str!("../../sql/functions/finish_reject_reload.sql"),
    include_str!("../../sql/functions/fail.sql"),
    include_str!("../../sql/functions/undo.sql"),
    include_str!("../../sql/functions/prune.sql"),
    include_str!("../../sql/functions/save_and_drop_views.sql"),
    include_str!("../../sql/functions/restore_views.sql"),
    include_str!("../../sql/functions/create_lineage_view.sql"),
    include_str!("../../sql/functions/run_contract_sql.sql"),
];

/// Creates the roles and schemas, becomes the owner, and applies the new migrations. Returns a line
/// for each.
///
/// # Errors
///
/// [`ErrorKind::DatabaseRefused`] if a migration fails, or the error of another statement.
pub(super) async fn apply(client: &mut Client) -> Result<Vec<String>> {
    execute(client, ROLES).await?;
    execute(client, SCHEMAS).await?;
    execute(client, "set role stardrop_owner").await?;
    let names = client.names().clone();
    let mut runner = Runner::new(&migrations(&names)?);
    let report = runner
        .set_migration_table_name(names.apply(MIGRATION_TABLE))
        .run_async(&mut **client)
        .await
        .map_err(unmigrated)?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(|migration| format!("applied ledger migration {migration}"))
        .collect())
}

/// The migrations, with these names of schemas and roles.
fn migrations(names: &Names) -> Result<Vec<Migration>> {
    let usual = embedded::migrations::runner();
    let renamed = usual.get_migrations().iter().map(|migration| {
        let file = format!("V{}__{}", migration.version(), migration.name());
        Migration::unapplied(&file, &names.apply(migration.sql().unwrap_or_default()))
    });
    renamed.collect::<Result<_, _>>().map_err(unmigrated)
}

fn unmigrated(error: refinery::Error) -> Error {
    Error::new(ErrorKind::DatabaseRefused, Stage::Migrate, "the ledger cannot be migrated")
        .caused_by(error)
}

/// Returns the number of the newest migration that was applied.
pub(super) async fn version(client: &Client) -> Result<i32> {
    scalar(client, &format!("select coalesce(max(version), 0) from {MIGRATION_TABLE}")).await
}

/// Prepares a transaction that only looks and is rolled back: a database without a ledger gets an
/// empty one, as it has no contract yet.
pub(super) async fn preview(client: &Client) -> Result<()> {
    if !exists(client, "stardrop.dataset").await? {
        execute(client, ROLES).await?;
        execute(client, SCHEMAS).await?;
        execute(client, "create table stardrop.dataset (name text, fingerprint text)").await?;
        execute(
            client,
            "create table stardrop.star_object (table_name text, kind text, name text);
             alter table stardrop.dataset owner to stardrop_owner;
             alter table stardrop.star_object owner to stardrop_owner",
        )
        .await?;
    }
    execute(client, "set local role stardrop_owner").await
}

/// Creates the view `stardrop.lineage` over the facts of the star.
pub(super) async fn create_lineage_view(client: &Client, star: &Star) -> Result<()> {
    let facts: Vec<String> = star
        .tables
        .iter()
        .filter(|table| table.name.starts_with("fact_"))
        .map(|table| client.names().apply(&table.qualified_name()).into_owned())
        .collect();
    let created = client.execute("select stardrop.create_lineage_view($1)", &[&facts]).await;
    created.map(drop).map_err(refused)
}

/// A value that changes with each of the functions, whoever changed it.
const INSTALLED: &str = "
    (select coalesce(encode(sha256(convert_to(string_agg(
                pg_get_functiondef(p.oid) || coalesce(obj_description(p.oid, 'pg_proc'), ''), ''
                order by p.oid::regprocedure::text collate \"C\"
            ), 'UTF8')), 'hex'), '')
     from pg_proc p
     where p.pronamespace = 'stardrop'::regnamespace
       and p.prokind = 'f'
       and p.proowner = 'stardrop_owner'::regrole)";

/// Replaces the ledger's functions by those of this version, unless they are the same.
pub(super) async fn replace_functions(client: &Client) -> Result<()> {
    let functions = FUNCTIONS.concat();
    let source = Sha256::digest(client.names().apply(&functions).as_bytes());
    let source: String = source.iter().map(|byte| format!("{byte:02x}")).collect();
    let are_same = format!(
        "select exists (select from stardrop.function_set s where s.source = $1 and s.installed = {INSTALLED})"
    );
    let row = client.query_one(&are_same, &[&source]).await.map_err(refused)?;
    if row.try_get(0).map_err(refused)? {
        return Ok(());
    }
    execute(client, &functions).await?;
    let record = format!(
        "insert into stardrop.function_set (source, installed) values ($1, {INSTALLED})
         on conflict (only_row) do update set source = excluded.source, installed = excluded.installed"
    );
    client.execute(&record, &[&source]).await.map(drop).map_err(refused)
}

/// Grants the rights of each role.
pub(super) async fn grant(client: &Client) -> Result<()> {
    execute(client, GRANTS).await
}
