//! `stardrop replay`: loads again what failed, was skipped, was undone or is already loaded.

use std::collections::VecDeque;
use std::process::ExitCode;

use stardrop::db;
use stardrop::db::Client;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::ledger::view::{self, FileLoad, LoadFilter};
use stardrop::ledger::{self, Undo};
use stardrop::load::{Loader, PartLoad};
use stardrop::settings::Settings;

use crate::file_load::{self, refused};
use crate::outcomes::Outcomes;

/// Load again, after a fix. Failed and skipped loads continue; loaded and undone ones start from the beginning.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The numbers of the loads.
    #[arg(required_unless_present_any = ["failed", "unmatched", "dataset", "rejects"])]
    loads: Vec<i64>,
    /// All failed loads.
    #[arg(long, conflicts_with_all = ["loads", "dataset"])]
    failed: bool,
    /// All objects whose key matched no dataset, after a contract for them was added.
    #[arg(long, conflicts_with_all = ["loads", "failed", "dataset"])]
    unmatched: bool,
    /// All loaded files of this dataset, oldest first: fills new columns from old files.
    #[arg(long, conflicts_with = "loads")]
    dataset: Option<String>,
    /// Only the rejected rows of this load, after the contract was fixed.
    #[arg(long, value_name = "LOAD", conflicts_with_all = ["loads", "failed", "unmatched", "dataset"])]
    rejects: Option<i64>,
    /// Print the result of each object as a JSON array.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    if let Some(load_id) = args.rejects {
        return rejects(&database.client, settings, load_id, args.json).await;
    }
    let loads = if args.failed || args.unmatched {
        let state = Some(if args.failed { "failed" } else { "unmatched" }.to_owned());
        view::replayable(&database.client, &LoadFilter { state, ..Default::default() }).await?
    } else if args.dataset.is_some() {
        let state = Some("loaded".to_owned());
        let filter = LoadFilter { dataset: args.dataset, state, ..Default::default() };
        view::replayable(&database.client, &filter).await?
    } else {
        args.loads
    };
    let mut loader = Loader::from_settings(settings)?;
    replay_all(&database.client, &mut loader, &loads, args.json).await
}

/// Replays the loads of a dataset that looked values up in other files than those that its contract names now.
///
/// # Errors
/// The dataset has no enrichment, or one of its files cannot be opened; then nothing is replayed.
pub async fn refresh_enrichment(
    dataset: &str,
    settings: Settings,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    let mut loader = Loader::from_settings(settings)?;
    let files = loader.enrichment_files(dataset).await?;
    if files.is_empty() {
        return Err(
            refused(format!("dataset `{dataset}` has no [enrich.*]: nothing to refresh")).into()
        );
    }
    let (others, same) =
        ledger::loads_with_other_enrichment(&database.client, dataset, &files).await?;
    if !json {
        say!("{} loads of `{dataset}` used other files, {same} used these", others.len())?;
    }
    replay_all(&database.client, &mut loader, &others, json).await
}

async fn replay_all(
    client: &Client,
    loader: &mut Loader,
    loads: &[i64],
    json: bool,
) -> anyhow::Result<ExitCode> {
    let mut outcomes = Outcomes::new(loads.len(), json);
    let mut pending: VecDeque<i64> = loads.iter().copied().collect();
    while let Some(load_id) = pending.pop_front() {
        let load = file_load::find(client, load_id).await?;
        // Without a dataset, the object's key is matched again.
        let reopened = match &load.dataset {
            Some(dataset) => reopen(client, loader, load_id, &load, dataset).await,
            None => Ok(Vec::new()),
        };
        let loads = match reopened {
            Ok(confirmed_by) => {
                for other in confirmed_by {
                    // Also one that was replayed before: its confirmation is lost with the row.
                    if !pending.contains(&other) {
                        pending.push_back(other);
                        outcomes.expect_more(&format!(
                            "load {other} had confirmed rows of load {load_id}: it is loaded again, too"
                        ))?;
                    }
                }
                loader.load_again(&load).await
            }
            Err(error) => vec![PartLoad { part: load.part.clone(), result: Err(error) }],
        };
        if !outcomes.add(&load.object, loads)? {
            break;
        }
    }
    outcomes.finish()
}

async fn rejects(
    client: &Client,
    settings: Settings,
    load_id: i64,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let FileLoad { object, dataset, part } = file_load::find(client, load_id).await?;
    let Some(dataset) = dataset else {
        return Err(refused(format!("load {load_id} is unmatched: it has no rejected rows")).into());
    };
    let mut loader = Loader::from_settings(settings)?;
    let report = loader.reload_rejects(load_id, &object, &part, &dataset).await?;
    if json {
        say!("{}", serde_json::to_string_pretty(&[report])?)?;
    } else {
        let (loaded, rejected, object) = (report.rows_loaded, report.rows_rejected, report.object);
        say!("load {load_id}: {object}: {loaded} rejected rows loaded, {rejected} still rejected")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prepares a load for loading it again. A loaded one is undone first, but only if its object still exists and
/// matches the current contract. Returns the loads that had confirmed its facts, and have to be loaded again, too.
async fn reopen(
    client: &Client,
    loader: &mut Loader,
    load_id: i64,
    FileLoad { object, part, .. }: &FileLoad,
    dataset: &str,
) -> Result<Vec<i64>, Error> {
    loader.check_dataset(object, part, dataset).await?;
    if ledger::reopen(client, load_id).await? {
        return Ok(Vec::new());
    }
    loader.check_object(object, part, dataset).await?;
    let confirmed_by = match ledger::undo_to_replay(client, load_id).await? {
        Undo::Undone(undone) => undone.confirmed_by,
        Undo::NoRows { state } => {
            return Err(refused(format!("load {load_id} is {state}: it cannot be loaded again")));
        }
        Undo::Busy => {
            let message = format!("another worker holds the key of load {load_id}");
            return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message));
        }
        Undo::NoContract { dataset } => {
            return Err(refused(format!(
                "the dataset `{dataset}` does not exist in the database any more"
            )));
        }
        Undo::NotFound => return Err(refused(format!("there is no load {load_id}"))),
    };
    ledger::reopen(client, load_id).await.map(|_| confirmed_by)
}
