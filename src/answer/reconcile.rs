//! Reconcile: a bucket and a prefix in; how it differs from the ledger, and the cure begun, out.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Answerer, RESERVE};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::{self, Reconcile};
use crate::object::ObjectRef;
use crate::reconcile::{Comparing, Difference, What};

/// At most so many differences are named one by one in the answer; the log has all of them.
const MOST_NAMED: usize = 100;

/// A page of the bucket takes less than that, with its part of the ledger.
const PAGE_TIME: Duration = Duration::from_secs(3);

impl Answerer {
    /// Compares page by page, and sees to each page's differences before the next: what the time of
    /// an invocation was not enough for is then the end of the bucket, and not all of it.
    ///
    /// To heal is to send a request to the queue, as if the object's event came again: so loads run
    /// side by side, each with an invocation's time, and what fails ends among the dead letters. Only
    /// where there is no queue they are loaded here and now.
    pub(super) async fn reconcile(
        &mut self,
        wanted: &Reconcile,
        deadline: Option<Instant>,
    ) -> Result<Value> {
        let Reconcile { bucket, prefix, heal } = wanted;
        let (source, catalog) = (self.loader.source(), self.loader.catalog());
        let mut comparing = Comparing::new(&source, &catalog, bucket, prefix).await;
        let stop = self.loader.stop();
        let (mut found, mut loads, mut handed_on) = (Vec::new(), Vec::new(), 0_u64);
        loop {
            if deadline.is_some_and(|end| Instant::now() + PAGE_TIME + RESERVE > end) {
                return Err(too_long(&comparing, handed_on));
            }
            let client = self.loader.client().await?;
            let page = tokio::select! {
                biased;
                () = stop.told() => return Err(crate::load::Stop::error()),
                page = comparing.next_page(client) => page?,
            };
            let Some(page) = page else { break };
            for Difference { what, object, load_id } in &page {
                tracing::info!(
                    object = %object, bucket = object.bucket, key = object.key,
                    what = what.as_str(), load_id, "bucket and ledger differ"
                );
            }
            if *heal {
                let objects: Vec<ObjectRef> =
                    page.iter().filter(|d| d.what.heals()).map(|d| d.object.clone()).collect();
                match self.queue_url.clone() {
                    Some(url) => handed_on += self.hand_on(&objects, &url).await?,
                    None => {
                        let loaded = self.load_all(&objects).await;
                        loads.extend(self.settle(loaded, None, 0).await?);
                    }
                }
            }
            found.extend(page);
        }
        let count = |what| found.iter().filter(|difference| difference.what == what).count();
        let named: Vec<Value> = found.iter().take(MOST_NAMED).map(Difference::to_json).collect();
        Ok(json!({
            "reconciled": true,
            "bucket": bucket,
            "prefix": prefix,
            "compared": comparing.compared,
            "of_no_dataset": comparing.strangers,
            "missing": count(What::Missing),
            "changed": count(What::Changed),
            "stuck": count(What::Stuck),
            "failed": count(What::Failed),
            "handed_on": handed_on,
            "loads": loads,
            "differences": named,
        }))
    }

    async fn hand_on(&self, objects: &[ObjectRef], url: &str) -> Result<u64> {
        for object in objects {
            let request = event::request(object, 0);
            self.queue.send(url, &request).await.map_err(|error| error.of_object(object))?;
        }
        Ok(objects.len() as u64)
    }
}

fn too_long(comparing: &Comparing<'_>, handed_on: u64) -> Error {
    let message = format!(
        "the time of an invocation was enough for {} objects, up to the key {:?} ({handed_on} \
         handed on to the queue): reconcile smaller prefixes, or by the command line",
        comparing.compared + comparing.strangers,
        comparing.reached.as_deref().unwrap_or_default(),
    );
    Error::new(ErrorKind::OutOfTime, Stage::Event, message)
}
