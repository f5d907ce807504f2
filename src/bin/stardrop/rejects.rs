//! `stardrop rejects`: shows rejected rows as a table, JSON or CSV.

use std::process::ExitCode;

use stardrop::db;
use stardrop::ledger::view;
use stardrop::settings::Settings;

use crate::{output, rejected_csv};

/// The width of a line. The raw text gets what the other columns leave of it; --json has all of it.
const LINE_WIDTH: usize = 116;
/// The least width of the raw text.
const MIN_RAW_WIDTH: usize = 28;

/// Show rejected rows: line, column, reason and raw text.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of this load, by its number.
    load: Option<i64>,
    /// Show at most N rows.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: i64,
    /// Print a JSON array with the columns of stardrop.rejected_row.
    #[arg(long)]
    json: bool,
    /// Print the rows of LOAD as in its file, with the header first, if there is one, and two columns more: column and
    /// reason. Fix the rows, and upload the output as a file; the two columns may stay.
    #[arg(long, requires = "load", conflicts_with = "json")]
    csv: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect_to_read(&settings).await?;
    if let Some(load) = args.load
        && !view::has_load(&database.client, load).await?
    {
        return Ok(output::no_such_load(load));
    }
    if args.json {
        say!("{}", view::rejects_json(&database.client, args.load, args.limit).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let (true, Some(load_id)) = (args.csv, args.load) {
        let rejects = view::rejects(&database.client, args.load, i64::MAX).await?;
        return rejected_csv::print(&database.client, settings, load_id, &rejects).await;
    }
    let rejects = view::rejects(&database.client, args.load, args.limit).await?;
    if rejects.is_empty() {
        say!("no rejected rows")?;
        return Ok(ExitCode::SUCCESS);
    }
    let widest = |cell: fn(&view::RejectLine) -> usize| rejects.iter().map(cell).max().unwrap_or(0);
    let others = widest(|row| row.load_id.to_string().len().max(4))
        + widest(|row| row.line.to_string().len().max(4))
        + widest(|row| row.column.as_deref().unwrap_or_default().chars().count().max(6))
        + widest(|row| row.reason.chars().count().max(6))
        + 4 * 2;
    let raw_width = LINE_WIDTH.saturating_sub(others).max(MIN_RAW_WIDTH);
    let rows: Vec<Vec<String>> = rejects
        .iter()
        .map(|row| {
            vec![
                row.load_id.to_string(),
                row.line.to_string(),
                row.column.clone().unwrap_or_default(),
                row.reason.clone(),
                output::cut(&String::from_utf8_lossy(&row.raw), raw_width),
            ]
        })
        .collect();
    output::table(&["load", "line", "column", "reason", "raw"], &rows)?;
    if rows.len() as i64 == args.limit {
        eprintln!("there may be more rows: raise --limit");
    }
    Ok(ExitCode::SUCCESS)
}
