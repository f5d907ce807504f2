//! `stardrop migrate`

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::dataset::Catalog;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::migrate::{self, Destructive, Plan, Proposal};
use stardrop::settings::Settings;
use stardrop::{dataset_files, db, star};

/// Show what has to change to make the database match the datasets, and change it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only check the contracts; needs no database.
    #[arg(long)]
    check: bool,
    /// Only print the SQL of the star; needs no database.
    #[arg(long, conflicts_with = "check")]
    sql: bool,
    /// Only show the plan.
    #[arg(long, conflicts_with_all = ["check", "sql"])]
    plan: bool,
    /// Make the changes that lose data, too.
    #[arg(long)]
    allow_destructive: bool,
    /// Print the plan as a JSON array: action, what, and what is lost.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let catalog = dataset_files::read(&settings.datasets_dir)?;
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
    let plan = migrate::plan(&database.client, &star).await?;
    show(&plan, args.json)?;
    if args.plan {
        if !args.json {
            tell_notes(&plan)?;
            if plan.is_destructive() && !args.allow_destructive {
                say!("`stardrop migrate` refuses this: it takes --allow-destructive")?;
            }
            propose(&database.client, &catalog).await?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if plan.is_destructive() && !args.allow_destructive {
        let message = "nothing was changed, because data would be lost (see the plan)";
        return Err(Error::new(ErrorKind::UnsafeChange, Stage::Migrate, message).into());
    }
    // What is lost was just shown; were it more by now, that would still be refused.
    let destructive = if plan.is_destructive() { Destructive::Allow } else { Destructive::Refuse };
    migrate::apply(&mut database.client, &star, destructive).await?;
    if !args.json {
        tell_notes(&plan)?;
        propose(&database.client, &catalog).await?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_notes(plan: &Plan) -> anyhow::Result<()> {
    for note in &plan.notes {
        say!("note: {note}")?;
    }
    Ok(())
}

/// Columns of files that no contract names; they are never added unasked.
async fn propose(client: &tokio_postgres::Client, catalog: &Catalog) -> anyhow::Result<()> {
    let proposals = migrate::proposals(client, catalog).await?;
    for of_one in proposals.chunk_by(|a, b| a.dataset == b.dataset) {
        let Some(Proposal { dataset, .. }) = of_one.first() else { continue };
        say!(
            "files of `{dataset}` have columns that its contract does not name; for [columns], if they are wanted:"
        )?;
        for proposal in of_one {
            say!("  {}    # in {} rows", proposal.line, proposal.rows)?;
        }
    }
    Ok(())
}

fn show(plan: &Plan, json: bool) -> anyhow::Result<()> {
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
