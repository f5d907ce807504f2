//! `stardrop status`: lists loads, or shows one with its tables and rejected rows.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use stardrop::ledger::view::{self, LoadFilter};
use stardrop::settings::Settings;
use stardrop::{db, ledger};

use crate::output;

/// List loads, with the number of rows read, rejected, inserted, updated and unchanged.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this load, by its number, with the rows changed in each table and the first of each kind of rejected row.
    load: Option<i64>,
    /// Of this load, show how many rows each step has handled, and in how many seconds.
    #[arg(long, requires = "load", conflicts_with = "json")]
    steps: bool,
    /// Only loads of this dataset.
    #[arg(long)]
    dataset: Option<String>,
    /// Only loads in this state.
    #[arg(long, value_parser = PossibleValuesParser::new(view::STATES))]
    state: Option<String>,
    /// Show at most N latest loads.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: i64,
    /// Print a JSON array with the columns of stardrop.load.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect_to_read(&settings).await?;
    if let Some(load) = args.load
        && !view::has_load(&database.client, load).await?
    {
        return Ok(output::no_such_load(load));
    }
    let is_filtered = args.load.is_some() || args.dataset.is_some() || args.state.is_some();
    let filter = LoadFilter {
        load_id: args.load,
        dataset: args.dataset,
        state: args.state,
        limit: args.limit,
    };
    if args.json {
        say!("{}", view::loads_json(&database.client, &filter).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let loads = view::loads(&database.client, &filter).await?;
    if loads.is_empty() {
        say!("{}", if is_filtered { "no loads match" } else { "no loads yet" })?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = loads
        .iter()
        .map(|load| {
            vec![
                load.load_id.to_string(),
                load.dataset.clone(),
                load.state.clone(),
                load.rows_read.to_string(),
                load.rows_rejected.to_string(),
                load.rows_inserted.to_string(),
                load.rows_updated.to_string(),
                load.rows_unchanged.to_string(),
                load.seconds.clone(),
                load.object.clone(),
            ]
        })
        .collect();
    output::table(
        &[
            "load",
            "dataset",
            "state",
            "read",
            "rejected",
            "inserted",
            "updated",
            "unchanged",
            "seconds",
            "object",
        ],
        &rows,
    )?;
    for load in &loads {
        if let Some(failure) = &load.failure {
            say!("load {} failed: {failure}", load.load_id)?;
        }
    }
    if let (Some(load_id), true) = (args.load, args.steps) {
        return print_steps(&ledger::steps(&database.client, load_id).await?);
    }
    if let Some(load_id) = args.load {
        let tables = view::tables(&database.client, load_id).await?;
        say!()?;
        output::table(&["table", "inserted", "updated", "unchanged", "deleted"], &tables)?;
        let files = ledger::enrichment_of(&database.client, load_id).await?;
        if !files.is_empty() {
            say!()?;
            output::table(&["enrichment", "type", "built", "sha256", "file"], &files)?;
        }
        let first = ledger::first_rejects(&database.client, load_id).await?;
        if !first.is_empty() {
            say!()?;
            output::table(&["rejected as", "rows", "first line", "column", "reason"], &first)?;
        }
        let findings = ledger::findings(&database.client, load_id).await?;
        if !findings.is_empty() {
            say!()?;
        }
        for finding in &findings {
            say!("{finding}")?;
        }
        for load in &loads {
            if let Some(notes) = &load.notes {
                say!("{notes}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_steps(steps: &[Vec<String>]) -> anyhow::Result<ExitCode> {
    say!()?;
    if steps.is_empty() {
        say!("no batch of this load is committed")?;
    } else {
        output::table(&["step", "rows", "seconds"], steps)?;
    }
    Ok(ExitCode::SUCCESS)
}
