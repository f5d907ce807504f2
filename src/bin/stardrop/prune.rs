//! `stardrop prune`

use std::process::ExitCode;

use stardrop::settings::Settings;
use stardrop::{db, ledger};

/// Delete rejected rows past their age. Those of loads that failed stay.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The age, in days.
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// Print a JSON object.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    let rows = ledger::prune(&database.client, args.days).await?;
    if args.json {
        say!("{}", serde_json::json!({ "rejected_rows": rows }))?;
    } else {
        say!("{rows} rejected rows older than {} days are gone", args.days)?;
    }
    Ok(ExitCode::SUCCESS)
}
