//! `stardrop undo`

use std::process::ExitCode;

use stardrop::db;
use stardrop::error::{Error, ErrorKind, Fault, Stage};
use stardrop::ledger::{Undo, Undone, undo};
use stardrop::settings::Settings;

/// As many loads as a line names.
const LOADS_SHOWN: usize = 20;

/// Take a load's rows out of the facts, and say what that leaves to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The load, by number.
    load: i64,
    /// Print a JSON object: what was done to each table, and which loads to replay.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    let load = args.load;
    let why_not = match undo(&database.client, load).await? {
        Undo::Undone(undone) => {
            if args.json {
                say!("{}", serde_json::to_string_pretty(&undone)?)?;
            } else {
                tell(&undone)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        Undo::Busy => {
            let message = format!("load {load} cannot be undone while a worker is at its key");
            return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message).into());
        }
        Undo::Nothing { state } => format!("load {load} is {state}: nothing of it is in the star"),
        Undo::Orphan { dataset } => {
            format!(
                "load {load} is of dataset `{dataset}`, which the database does not have any more"
            )
        }
        Undo::Unknown => format!("there is no load {load}"),
    };
    eprintln!("stardrop: {why_not}");
    Ok(ExitCode::from(Fault::Data.exit_code()))
}

fn tell(undone: &Undone) -> anyhow::Result<()> {
    let load = undone.load_id;
    for table in &undone.tables {
        let name = &table.table_name;
        if table.is_fact() {
            say!("{} rows of {name} are gone", table.deleted)?;
            if table.updated > 0 {
                say!("  {} rows it had found there and changed", table.updated)?;
            }
        } else if table.inserted > 0 {
            say!("{} rows that it brought to {name} stay", table.inserted)?;
        }
        if !table.is_fact() && table.updated > 0 {
            say!(
                "{} rows of {name} stay as it changed them, until a load that names them is replayed",
                table.updated
            )?;
        }
    }
    if !undone.replay.is_empty() {
        say!(
            "to have back what other files say of its rows: stardrop replay {}",
            list(&undone.replay)
        )?;
    }
    let confirm: Vec<i64> =
        undone.confirm.iter().copied().filter(|load| !undone.replay.contains(load)).collect();
    if !confirm.is_empty() {
        say!(
            "rows that it had only confirmed count as old as their last change again; before files older \
             than this one come, if any will: stardrop replay {}",
            list(&confirm)
        )?;
    }
    if !undone.duplicates.is_empty() {
        say!(
            "skipped because their bytes were the same; if their rows are wanted: stardrop replay {}",
            list(&undone.duplicates)
        )?;
    }
    say!("load {load} is undone; to load it again: stardrop replay {load}")?;
    Ok(())
}

fn list(loads: &[i64]) -> String {
    let shown: Vec<String> = loads.iter().take(LOADS_SHOWN).map(i64::to_string).collect();
    let more = loads.len().saturating_sub(LOADS_SHOWN);
    let rest = if more > 0 { format!(" ... (and {more} more: see --json)") } else { String::new() };
    format!("{}{rest}", shown.join(" "))
}
