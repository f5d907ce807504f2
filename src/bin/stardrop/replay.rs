//! `stardrop replay`

use std::process::ExitCode;
use std::sync::Arc;

use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::ledger::view::{self, LoadFilter};
use stardrop::load::Loader;
use stardrop::object::Source;
use stardrop::settings::Settings;
use stardrop::{catalog, db, ledger};

use crate::outcomes::Outcomes;

/// Load again, after a fix, what failed or was skipped as a duplicate.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The loads, by number.
    #[arg(required_unless_present = "failed")]
    loads: Vec<i64>,
    /// All loads that failed.
    #[arg(long, conflicts_with = "loads")]
    failed: bool,
    /// Print a JSON array of what became of each object.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let database = db::connect(&settings).await?;
    let loads: Vec<i64> = if args.failed {
        let failed =
            LoadFilter { state: Some("failed".to_owned()), limit: i64::MAX, ..Default::default() };
        view::loads(&database.client, &failed).await?.iter().map(|load| load.load_id).collect()
    } else {
        args.loads
    };
    let catalog = Arc::new(catalog::read(&settings.datasets_dir)?);
    let source = Arc::new(Source::new(&settings));
    let mut loader = Loader::new(Arc::new(settings), catalog, source);
    let mut outcomes = Outcomes::new(loads.len(), args.json);
    for load_id in loads {
        let Some((object, dataset)) = view::object_of(&database.client, load_id).await? else {
            return Err(wrong_load(format!("there is no load {load_id}")));
        };
        if !ledger::reopen(&database.client, load_id).await? {
            return Err(wrong_load(format!(
                "load {load_id} has neither failed nor been skipped as a duplicate: see stardrop status {load_id}"
            )));
        }
        let result = loader.load(&object, Some(&dataset)).await;
        if !outcomes.note(&object, result)? {
            break;
        }
    }
    outcomes.finish()
}

fn wrong_load(message: String) -> anyhow::Error {
    Error::new(ErrorKind::BadSetting, Stage::Ledger, message).into()
}
