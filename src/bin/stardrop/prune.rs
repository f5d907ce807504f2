//! `stardrop prune`: deletes old rejected rows and old staging rows.

use std::process::ExitCode;

use stardrop::settings::Settings;
use stardrop::{db, ledger};

/// Delete old rejected rows and old staging rows. Those of failed loads are kept.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Delete rows older than this number of days.
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// Print a JSON object.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    let pruned = ledger::prune(&database.client, args.days).await?;
    if args.json {
        say!("{}", serde_json::to_string(&pruned)?)?;
    } else {
        let ledger::Pruned { rejected_rows, staging_rows } = pruned;
        say!("deleted {rejected_rows} rejected rows older than {} days", args.days)?;
        say!("deleted {staging_rows} staging rows older than {} days", args.days)?;
    }
    Ok(ExitCode::SUCCESS)
}
