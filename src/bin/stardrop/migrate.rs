//! `stardrop migrate`: shows and makes the changes that make the database match the datasets.

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::dataset::Catalog;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::migrate::{self, Destructive, Plan, Proposal};
use stardrop::settings::Settings;
use stardrop::{dataset_files, db, star};

/// Change the database to match the datasets, and print the changes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only check the contracts. Needs no database.
    #[arg(long)]
    check: bool,
    /// Only print the SQL of the star schema. Needs no database.
    #[arg(long, conflicts_with = "check")]
    sql: bool,
    /// Only print the changes, without making them.
    #[arg(long, conflicts_with_all = ["check", "sql"])]
    plan: bool,
    /// Also make changes that lose data.
    #[arg(long)]
    allow_destructive: bool,
    /// Print the changes as a JSON array, each with what is lost.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let catalog = dataset_files::read(&settings.datasets_dir)?;
    let star = star::compile(&catalog);
    star.check()?;
    if args.sql {
        std::io::stdout().write_all(settings.names.apply(&star.script()).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.check {
        let names: Vec<&str> = catalog.datasets().iter().map(|d| d.name.as_str()).collect();
        if args.json {
            say!("{}", serde_json::to_string(&names)?)?;
        } else {
            let are_valid = if names.len() == 1 { "dataset is" } else { "datasets are" };
            say!("{} {are_valid} valid: {}", names.len(), names.join(", "))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut database = db::connect(&settings).await?;
    let plan = migrate::plan(&database.client, &star).await?;
    print_changes(&plan, args.json)?;
    if args.plan {
        if !args.json {
            print_notes(&plan)?;
            if plan.is_destructive() && !args.allow_destructive {
                say!("this would lose data: stardrop migrate needs --allow-destructive for it")?;
            }
            propose(&database.client, &catalog).await?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if plan.is_destructive() && !args.allow_destructive {
        let message = "nothing was changed, because data would be lost (see the changes above)";
        return Err(Error::new(ErrorKind::UnsafeChange, Stage::Migrate, message).into());
    }
    // The losses were just printed. If more would be lost by now, the migration is still refused.
    let destructive = if plan.is_destructive() { Destructive::Allow } else { Destructive::Refuse };
    migrate::apply(&mut database.client, &star, destructive).await?;
    if !args.json {
        print_notes(&plan)?;
        propose(&database.client, &catalog).await?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_notes(plan: &Plan) -> anyhow::Result<()> {
    for note in &plan.notes {
        say!("note: {note}")?;
    }
    Ok(())
}

/// Prints the columns found in files that no contract has. They are only proposed, never added.
async fn propose(client: &stardrop::db::Client, catalog: &Catalog) -> anyhow::Result<()> {
    let proposals = migrate::proposals(client, catalog).await?;
    for group in proposals.chunk_by(|a, b| a.dataset == b.dataset) {
        let Some(Proposal { dataset, .. }) = group.first() else { continue };
        say!(
            "files of `{dataset}` have columns that are not in its contract; to load them, add to [columns]:"
        )?;
        for proposal in group {
            say!("  {}    # in {} rows", proposal.line, proposal.rows)?;
        }
    }
    Ok(())
}

fn print_changes(plan: &Plan, json: bool) -> anyhow::Result<()> {
    if json {
        say!("{}", serde_json::to_string_pretty(&plan.changes)?)?;
    } else if plan.changes.is_empty() {
        say!("the database is up to date")?;
    } else {
        for change in &plan.changes {
            match &change.lost {
                Some(lost) => say!("{}; lost: {lost}", change.what)?,
                None => say!("{}", change.what)?,
            }
        }
    }
    Ok(())
}
