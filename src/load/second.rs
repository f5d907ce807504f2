//! Second: the second connection of a load, which takes every other batch, so that one is read and copied while the one
//! before it is normalised and committed.

use tokio::sync::OnceCell;
use tracing::warn;

use super::connection::{Connection, Lane};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::ledger::{self, Claim};
use crate::settings::Settings;
use crate::star::Star;

/// The second connection of a load, made when its first batch is full.
pub(super) struct Second<'r> {
    place: Option<&'r OnceCell<Connection>>,
    lane: Option<Lane<'r>>,
    /// Whether a batch is closed only after the one before it.
    pub is_in_order: bool,
}

impl<'r> Second<'r> {
    /// The second connection of a load, which `place` keeps. A load whose batches are exclusive uses one connection, and so
    /// does one into a staging table that others use: what is copied into that waits for nobody else's lock.
    pub fn of(
        settings: &Settings,
        dataset: &Dataset,
        claim: &Claim,
        place: &'r OnceCell<Connection>,
    ) -> Second<'r> {
        let is_used = settings.connections > 1
            && !is_exclusive(dataset, claim)
            && !dataset.policy.keeps_staging;
        Second { place: is_used.then_some(place), lane: None, is_in_order: false }
    }

    /// The connection, which joins the load at its first use. A load goes on without it where it cannot be made, because
    /// the server has no connection left, for example.
    pub async fn open(
        &mut self,
        settings: &Settings,
        star: &Star,
        dataset: &Dataset,
        claim: &Claim,
        first: &Lane<'r>,
    ) -> Option<Lane<'r>> {
        if self.lane.is_none() {
            let place = self.place.take()?;
            let opened = async {
                let connection = place.get_or_try_init(|| Connection::open(settings)).await?;
                let copy = connection.prepare(star, dataset).await?;
                let worker_pid = first.connection.backend_pid();
                ledger::join_load(connection.client(), claim, worker_pid).await?;
                Ok::<_, Error>(Lane { connection, copy })
            };
            match opened.await {
                Ok(lane) => self.lane = Some(lane),
                Err(error) => warn!("{error}; loading with one connection"),
            }
        }
        self.lane.clone()
    }

    /// The connection, if the load has used it.
    pub fn lane(&self) -> Option<&Lane<'r>> {
        self.lane.as_ref()
    }
}

/// Whether no other batch may run at the same time: the transaction deletes or changes rows that are not in the file, and
/// only its end tells whether it is the load's last one.
pub(super) fn is_exclusive(dataset: &Dataset, claim: &Claim) -> bool {
    claim.replaces || dataset.has_full_extracts()
}
