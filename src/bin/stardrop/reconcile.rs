//! `stardrop reconcile`

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::Value;
use stardrop::error::{Error, ErrorKind, Fault, Stage};
use stardrop::load::Loader;
use stardrop::object::Source;
use stardrop::reconcile::{self, Comparison, Difference, What};
use stardrop::settings::Settings;
use stardrop::{dataset_files, db};

use crate::outcomes::Outcomes;

/// Compare a bucket with the ledger: missing, changed and stuck objects.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// s3://bucket/prefix
    address: String,
    /// Load what is missing, changed or stuck.
    #[arg(long)]
    heal: bool,
    /// Print a JSON array, of the differences or of what became of each.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let Some(address) = args.address.strip_prefix("s3://") else {
        let message = format!("{}: expected s3://bucket/prefix", args.address);
        return Err(Error::new(ErrorKind::BadSetting, Stage::Settings, message).into());
    };
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    let catalog = Arc::new(dataset_files::read(&settings.datasets_dir)?);
    let source = Arc::new(Source::new(&settings));
    let database = db::connect(&settings).await?;
    let found = reconcile::compare(&source, &database.client, &catalog, bucket, prefix).await?;
    if !args.heal {
        return report(&found, args.json);
    }

    let mut loader = Loader::new(Arc::new(settings), catalog, source);
    let (heals, rest): (Vec<_>, Vec<_>) =
        found.differences.into_iter().partition(|difference| difference.what.heals());
    let mut outcomes = Outcomes::new(heals.len(), args.json);
    for Difference { object, .. } in &heals {
        let result = loader.load(object, None).await;
        if !outcomes.note(object, result)? {
            break;
        }
    }
    for Difference { object, load_id, .. } in &rest {
        let load = load_id.unwrap_or_default();
        eprintln!("stardrop: {object}: load {load} has failed, see: stardrop status {load}");
    }
    let code = outcomes.finish()?;
    Ok(if rest.is_empty() { code } else { code_of(Fault::Data) })
}

/// The differences, and exit code 1 where there are any.
fn report(found: &Comparison, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let lines: Vec<Value> = found.differences.iter().map(Difference::to_json).collect();
        say!("{}", serde_json::to_string_pretty(&lines)?)?;
    } else {
        for Difference { what, object, load_id } in &found.differences {
            let load = load_id.map_or_else(String::new, |load| format!(" (load {load})"));
            say!("{:8} {object}{load}", what.as_str())?;
        }
        let count = |what| found.differences.iter().filter(|d| d.what == what).count();
        say!(
            "{} objects compared: {} missing, {} changed, {} stuck, {} failed; {} of no dataset",
            found.compared,
            count(What::Missing),
            count(What::Changed),
            count(What::Stuck),
            count(What::Failed),
            found.strangers
        )?;
    }
    Ok(if found.differences.is_empty() { ExitCode::SUCCESS } else { code_of(Fault::Data) })
}

fn code_of(fault: Fault) -> ExitCode {
    ExitCode::from(fault.exit_code())
}
