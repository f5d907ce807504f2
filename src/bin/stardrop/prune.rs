//! `stardrop prune`: deletes old rejected rows and old staging rows, or detaches old months of facts.

use std::process::ExitCode;

use jiff::civil::Date;
use stardrop::db::Client;
use stardrop::settings::Settings;
use stardrop::{db, ledger};

/// Delete old rejected rows and old staging rows, except those of failed loads; or detach old months of facts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Delete rows older than this number of days.
    #[arg(long, default_value_t = 90, conflicts_with = "facts_before")]
    days: u32,
    /// Detach the months that end before this day from facts that are split into months, instead of deleting
    /// anything. They stay in the database, as tables of their own.
    #[arg(long, value_name = "DATE")]
    facts_before: Option<Date>,
    /// Only the months of this fact.
    #[arg(long, value_name = "NAME", requires = "facts_before")]
    fact: Option<String>,
    /// Drop the months' tables.
    #[arg(long, requires = "facts_before")]
    drop: bool,
    /// Print a JSON object.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    if let Some(before) = args.facts_before {
        return detach(&database.client, &args, before).await;
    }
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

async fn detach(client: &Client, args: &Args, before: Date) -> anyhow::Result<ExitCode> {
    let fact = args.fact.as_deref();
    if !ledger::is_split(client, fact).await? {
        let which = fact.map_or_else(|| "no fact".to_owned(), |fact| format!("no fact `{fact}`"));
        eprintln!(
            "stardrop: {which} in this database is split into months (partition in its contract)"
        );
        return Ok(ExitCode::from(1));
    }
    let months = ledger::detach_months(client, before, fact, args.drop).await?;
    if args.json {
        say!("{}", serde_json::json!({ "dropped": args.drop, "months": months }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for ledger::DetachedMonth { fact, month, table, bytes } in &months {
        let month = month.get(..7).unwrap_or(month);
        let size = *bytes as f64 / 1e6;
        if args.drop {
            say!("dropped {month} of star.fact_{fact}, {size:.1} MB")?;
        } else {
            say!(
                "detached {month} of star.fact_{fact}, {size:.1} MB: it is the table {table} now"
            )?;
        }
    }
    if months.is_empty() {
        say!("no month ends before {before}")?;
    }
    Ok(ExitCode::SUCCESS)
}
