//! `stardrop reconcile`: compares a bucket with the ledger, and loads what is missing.

use std::process::ExitCode;

use serde_json::Value;
use stardrop::db;
use stardrop::error::{Error, ErrorKind, Fault, Stage};
use stardrop::load::Loader;
use stardrop::reconcile::{self, Comparison, Difference, DifferenceKind, Keys};
use stardrop::settings::Settings;

use crate::outcomes::Outcomes;

/// Compare a bucket with the ledger, and list missing, changed and stuck objects.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// s3://bucket/prefix
    address: String,
    /// Load the objects that are missing, changed or stuck.
    #[arg(long)]
    heal: bool,
    /// Print the differences, or with --heal the results, as a JSON array.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let Some(address) = args.address.strip_prefix("s3://") else {
        let message = format!("{}: expected s3://bucket/prefix", args.address);
        return Err(Error::new(ErrorKind::BadSetting, Stage::Settings, message).into());
    };
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    let mut loader = Loader::from_settings(settings)?;
    let database = db::connect_to_read(loader.settings()).await?;
    let (source, catalog) = (loader.source(), loader.catalog());
    let keys = Keys { catalog: &catalog, ignore: &loader.settings().ignore };
    let found = reconcile::compare(&source, &database.client, keys, bucket, prefix).await?;
    if !args.heal {
        return report(&found, args.json);
    }

    let (heals, rest): (Vec<_>, Vec<_>) =
        found.differences.into_iter().partition(|difference| difference.kind.is_healable());
    let mut outcomes = Outcomes::new(heals.len(), args.json);
    for Difference { object, .. } in &heals {
        let loads = loader.load_parts(object, None).await;
        if !outcomes.add(object, loads)? {
            break;
        }
    }
    for Difference { object, load_id, .. } in &rest {
        let load = load_id.unwrap_or_default();
        eprintln!("stardrop: {object}: load {load} failed; see: stardrop status {load}");
    }
    let code = outcomes.finish()?;
    Ok(if rest.is_empty() { code } else { code_of(Fault::Data) })
}

/// Prints the differences, and returns exit code 1 where there are any.
fn report(found: &Comparison, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let lines: Vec<Value> = found.differences.iter().map(Difference::to_json).collect();
        say!("{}", serde_json::to_string_pretty(&lines)?)?;
    } else {
        for Difference { kind, object, load_id } in &found.differences {
            let load = load_id.map_or_else(String::new, |load| format!(" (load {load})"));
            say!("{:8} {object}{load}", kind.as_str())?;
        }
        let count = |kind| found.differences.iter().filter(|d| d.kind == kind).count();
        say!(
            "{} objects compared: {} missing, {} changed, {} stuck, {} failed; {} match no dataset, \
             {} are ignored",
            found.compared,
            count(DifferenceKind::Missing),
            count(DifferenceKind::Changed),
            count(DifferenceKind::Stuck),
            count(DifferenceKind::Failed),
            found.unmatched,
            found.ignored
        )?;
    }
    Ok(if found.differences.is_empty() { ExitCode::SUCCESS } else { code_of(Fault::Data) })
}

fn code_of(fault: Fault) -> ExitCode {
    ExitCode::from(fault.exit_code())
}
