//! `stardrop migrate`

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::settings::Settings;
use stardrop::{catalog, db, migrate, star};

/// Make the database match the datasets.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only check the contracts; needs no database.
    #[arg(long)]
    check: bool,
    /// Only print the SQL of the star; needs no database.
    #[arg(long, conflicts_with = "check")]
    sql: bool,
    /// Print what was changed as a JSON array.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let catalog = catalog::read(&settings.datasets_dir)?;
    let star = star::compile(&catalog);
    if args.sql {
        std::io::stdout().write_all(star.script().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.check {
        let names: Vec<&str> = catalog.datasets().iter().map(|d| d.name.as_str()).collect();
        if args.json {
            say!("{}", serde_json::to_string(&names)?)?;
        } else {
            say!("{} datasets are well: {}", names.len(), names.join(", "))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut database = db::connect(&settings).await?;
    let report = migrate::run(&mut database.client, &star).await?;
    if args.json {
        say!("{}", serde_json::to_string(&report.changes)?)?;
    } else if report.changes.is_empty() {
        say!("the database is up to date")?;
    } else {
        for change in report.changes.iter().filter(|change| !change.is_empty()) {
            say!("{change}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
