//! Reconcile: a bucket and a prefix in; how it differs from the ledger, and the cure begun, out.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::{Handler, RESERVE};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::{self, Reconcile};
use crate::object::ObjectRef;
use crate::reconcile::{Comparing, Difference, What};

/// At most so many differences are named one by one in the answer; the log has all of them.
const MOST_NAMED: usize = 100;

/// So many messages are sent at once.
const SIDE_BY_SIDE: usize = 16;

/// A page of the bucket takes less than that, with its part of the ledger.
const PAGE_TIME: Duration = Duration::from_secs(3);

impl Handler {
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
        let cancel = self.loader.cancellation_token();
        let until = deadline.map(|end| end.checked_sub(RESERVE).unwrap_or_else(Instant::now));
        let (mut named, mut loads, mut handed_on) = (Vec::new(), Vec::new(), 0_u64);
        let mut counts = [What::Missing, What::Changed, What::Stuck, What::Failed].map(|w| (w, 0));
        loop {
            if until.is_some_and(|until| Instant::now() + PAGE_TIME > until) {
                return Err(too_long(&comparing, handed_on));
            }
            let client = self.loader.client().await?;
            let page = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(crate::load::shutdown_error()),
                page = comparing.next_page(client) => page?,
            };
            let Some(page) = page else { break };
            for difference in &page {
                let Difference { what, object, load_id } = difference;
                tracing::info!(
                    object = %object, bucket = object.bucket, key = object.key,
                    what = what.as_str(), load_id, "bucket and ledger differ"
                );
                counts.iter_mut().filter(|(of, _)| of == what).for_each(|(_, count)| *count += 1);
                if named.len() < MOST_NAMED {
                    named.push(difference.to_json());
                }
            }
            if *heal {
                let objects: Vec<ObjectRef> =
                    page.iter().filter(|d| d.what.heals()).map(|d| d.object.clone()).collect();
                match self.queue_url.clone() {
                    Some(url) => {
                        for some in objects.chunks(SIDE_BY_SIDE) {
                            if until.is_some_and(|until| Instant::now() > until) {
                                return Err(too_long(&comparing, handed_on));
                            }
                            try_join_all(some.iter().map(|o| self.hand_on(o, &url))).await?;
                            handed_on += some.len() as u64;
                        }
                    }
                    None => {
                        let loaded = self.load_all(&objects).await;
                        loads.extend(self.settle(loaded, None, 0).await?);
                    }
                }
            }
        }
        let mut answer = json!({
            "reconciled": true,
            "bucket": bucket,
            "prefix": prefix,
            "compared": comparing.compared,
            "of_no_dataset": comparing.strangers,
            "handed_on": handed_on,
            "loads": loads,
            "differences": named,
        });
        for (what, count) in counts {
            answer[what.as_str()] = count.into();
        }
        Ok(answer)
    }

    async fn hand_on(&self, object: &ObjectRef, url: &str) -> Result<()> {
        let request = event::request(object, 0);
        self.queue.send(url, &request).await.map_err(|error| error.of_object(object))
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
