//! `stardrop prune`

use std::process::ExitCode;

use stardrop::settings::Settings;
use stardrop::{db, ledger};

/// Delete rejected rows and kept staging rows past their age. Those of loads that failed stay.
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
    let pruned = ledger::prune(&database.client, args.days).await?;
    if args.json {
        say!("{}", serde_json::to_string(&pruned)?)?;
    } else {
        let ledger::Pruned { rejected_rows, staging_rows } = pruned;
        say!("{rejected_rows} rejected rows older than {} days are gone", args.days)?;
        say!("{staging_rows} kept staging rows older than {} days are gone", args.days)?;
    }
    Ok(ExitCode::SUCCESS)
}
