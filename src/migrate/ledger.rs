//! Ledger: the hand-written SQL in; the ledger's roles, tables, functions and rights out.

use tokio_postgres::Client;

use super::execute;
use crate::error::{Error, ErrorKind, Result, Stage};

mod embedded {
    refinery::embed_migrations!("sql/migrations");
}

/// Where refinery keeps what it has applied.
const MIGRATION_TABLE: &str = "stardrop.migration";

const ROLES: &str = include_str!("../../sql/roles.sql");
const GRANTS: &str = include_str!("../../sql/grants.sql");

/// The functions, in the order in which they can be created: callees before callers where the
/// caller is of language sql.
const FUNCTIONS: &[&str] = &[
    include_str!("../../sql/functions/key_lock.sql"),
    include_str!("../../sql/functions/star_lock.sql"),
    include_str!("../../sql/functions/table_lock.sql"),
    include_str!("../../sql/functions/text_or_null.sql"),
    include_str!("../../sql/functions/no_member.sql"),
    include_str!("../../sql/functions/comes_later.sql"),
    include_str!("../../sql/functions/add_counts.sql"),
    include_str!("../../sql/functions/book.sql"),
    include_str!("../../sql/functions/contract_of.sql"),
    include_str!("../../sql/functions/find_load.sql"),
    include_str!("../../sql/functions/is_newer.sql"),
    include_str!("../../sql/functions/comes_back.sql"),
    include_str!("../../sql/functions/verdict.sql"),
    include_str!("../../sql/functions/older_loads.sql"),
    include_str!("../../sql/functions/claim.sql"),
    include_str!("../../sql/functions/totals.sql"),
    include_str!("../../sql/functions/settle.sql"),
    include_str!("../../sql/functions/reopen.sql"),
    include_str!("../../sql/functions/release.sql"),
    include_str!("../../sql/functions/begin_batch.sql"),
    include_str!("../../sql/functions/open_batch.sql"),
    include_str!("../../sql/functions/close_batch.sql"),
    include_str!("../../sql/functions/checkpoint.sql"),
    include_str!("../../sql/functions/reject_rows.sql"),
    include_str!("../../sql/functions/finish.sql"),
    include_str!("../../sql/functions/fail.sql"),
];

/// Makes the roles and schemas, becomes the owner, and applies the migrations that are new.
pub(super) async fn apply(client: &mut Client) -> Result<Vec<String>> {
    execute(client, ROLES).await?;
    execute(client, "set role stardrop_owner").await?;
    let report = embedded::migrations::runner()
        .set_migration_table_name(MIGRATION_TABLE)
        .run_async(client)
        .await
        .map_err(|error| {
            Error::new(ErrorKind::DatabaseRefused, Stage::Migrate, "the ledger cannot be migrated")
                .caused_by(error)
        })?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(|migration| format!("applied ledger migration {migration}"))
        .collect())
}

/// Puts today's functions in the place of yesterday's.
pub(super) async fn replace_functions(client: &Client) -> Result<()> {
    for function in FUNCTIONS {
        execute(client, function).await?;
    }
    Ok(())
}

/// Says who may do what.
pub(super) async fn grant(client: &Client) -> Result<()> {
    execute(client, GRANTS).await
}
