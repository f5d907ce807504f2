//! `stardrop undo`: takes a load back from the facts and dimensions, and lists the loads to replay.

use std::process::ExitCode;

use stardrop::db;
use stardrop::error::{Error, ErrorKind, Fault, Stage};
use stardrop::ledger::{Undo, Undone, undo};
use stardrop::settings::Settings;

/// How many load numbers a line shows.
const LOADS_SHOWN: usize = 20;

/// Take a load back from the facts and dimensions, and list the loads to replay afterwards.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number of the load.
    load: i64,
    /// Print a JSON object: the rows changed in each table, and the loads to replay.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    let load = args.load;
    let reason = match undo(&database.client, load).await? {
        Undo::Undone(undone) => {
            if args.json {
                say!("{}", serde_json::to_string_pretty(&undone)?)?;
            } else {
                print(&undone)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        Undo::Busy => {
            let message =
                format!("load {load} cannot be undone while a worker is loading its object");
            return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message).into());
        }
        Undo::NoRows { state } => format!("load {load} is {state}: it has no rows in the facts"),
        Undo::NoContract { dataset } => {
            format!(
                "the dataset `{dataset}` of load {load} does not exist in the database any more"
            )
        }
        Undo::NotFound => format!("there is no load {load}"),
    };
    eprintln!("stardrop: {reason}");
    Ok(ExitCode::from(Fault::Data.exit_code()))
}

fn print(undone: &Undone) -> anyhow::Result<()> {
    let load = undone.load_id;
    for table in &undone.tables {
        let name = &table.table_name;
        if table.is_fact() {
            say!("{} rows deleted from {name}", table.deleted)?;
            if table.updated > 0 {
                say!("  {} of them were changed, not inserted, by this load", table.updated)?;
            }
        } else if table.is_dimension() {
            if table.deleted > 0 {
                say!("{} members deleted from {name}, which no fact refers to", table.deleted)?;
            }
            if table.versions_deleted > 0 {
                say!(
                    "{} versions that followed from this load deleted from {name}",
                    table.versions_deleted
                )?;
            }
            if table.without_values > 0 {
                say!(
                    "{} members of {name} stay, for other facts or files, without the values that were from this load",
                    table.without_values
                )?;
            }
        }
    }
    if !undone.replay.is_empty() {
        say!(
            "to restore the values of other files in these rows, run: stardrop replay {}",
            list(&undone.replay)
        )?;
    }
    let confirm: Vec<i64> =
        undone.confirm.iter().copied().filter(|load| !undone.replay.contains(load)).collect();
    if !confirm.is_empty() {
        say!(
            "rows that this load left unchanged are now dated by their last change; if older files may \
             still arrive, run: stardrop replay {}",
            list(&confirm)
        )?;
    }
    if !undone.members.is_empty() {
        say!(
            "a deleted member that another file names without a fact returns with a replay of that file; possible: \
             {}",
            list(&undone.members)
        )?;
    }
    if !undone.duplicates.is_empty() {
        say!(
            "loads skipped because of the same content; to load one instead, run: stardrop replay {}",
            list(&undone.duplicates)
        )?;
    }
    if let Some(superseded) = undone.superseded {
        say!(
            "load {superseded} was skipped because a newer version of the key was loaded; to load it, run: stardrop \
             replay {superseded}"
        )?;
    }
    say!("load {load} is undone; to load it again, run: stardrop replay {load}")?;
    Ok(())
}

fn list(loads: &[i64]) -> String {
    let shown: Vec<String> = loads.iter().take(LOADS_SHOWN).map(i64::to_string).collect();
    let more = loads.len().saturating_sub(LOADS_SHOWN);
    let rest = if more > 0 { format!(" ... (and {more} more: see --json)") } else { String::new() };
    format!("{}{rest}", shown.join(" "))
}
