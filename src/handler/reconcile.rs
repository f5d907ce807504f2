//! Reconcile: compares a bucket with the ledger, and sends what is missing to the queue or loads it.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::Handler;
use super::time_limit::RESERVE;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::{self, Reconcile};
use crate::object::ObjectRef;
use crate::reconcile::{Difference, DifferenceKind, Keys, PagedComparison};

/// The number of differences in the response; the log has all of them.
const MAX_DIFFERENCES: usize = 100;

/// How many messages are sent at the same time.
const CONCURRENT_SENDS: usize = 16;

/// Listing a page and comparing it with the ledger takes less than this.
const PAGE_TIME: Duration = Duration::from_secs(3);

impl Handler {
    /// Compares page by page, and heals the differences of each page before the next. An invocation that runs
    /// out of time has then finished the pages before.
    ///
    /// With `heal`, a request for each object is sent to the queue, as if its event were delivered again: the loads
    /// then run concurrently, each in an invocation, and failures end in the dead-letter queue. Without a queue, the
    /// objects are loaded here.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfTime`] where the invocation is too short for the whole bucket; the errors of
    /// [`PagedComparison::next_page`], of sending and of loading.
    pub(super) async fn reconcile(
        &mut self,
        wanted: &Reconcile,
        deadline: Option<Instant>,
    ) -> Result<Value> {
        let Reconcile { bucket, prefix, heal } = wanted;
        let (source, catalog) = (self.loader.source(), self.loader.catalog());
        let ignore = self.loader.settings().ignore.clone();
        let keys = Keys { catalog: &catalog, ignore: &ignore };
        let mut comparison = PagedComparison::new(&source, keys, bucket, prefix).await;
        let cancel = self.loader.cancellation_token();
        let until = deadline.map(|end| end.checked_sub(RESERVE).unwrap_or_else(Instant::now));
        let (mut shown, mut loads, mut queued) = (Vec::new(), Vec::new(), 0_u64);
        let mut counts = [
            DifferenceKind::Missing,
            DifferenceKind::Changed,
            DifferenceKind::Stuck,
            DifferenceKind::Failed,
        ]
        .map(|kind| (kind, 0));
        loop {
            if until.is_some_and(|until| Instant::now() + PAGE_TIME > until) {
                return Err(too_long(&comparison, queued));
            }
            let client = self.loader.client().await?;
            let page = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(crate::load::shutdown_error()),
                page = comparison.next_page(client) => page?,
            };
            let Some(page) = page else { break };
            for difference in &page {
                let Difference { kind, object, load_id } = difference;
                tracing::info!(
                    object = %object, bucket = object.bucket, key = object.key,
                    difference = kind.as_str(), load_id, "bucket and ledger differ"
                );
                counts
                    .iter_mut()
                    .filter(|(counted, _)| counted == kind)
                    .for_each(|(_, count)| *count += 1);
                if shown.len() < MAX_DIFFERENCES {
                    shown.push(difference.to_json());
                }
            }
            if *heal {
                let objects: Vec<ObjectRef> = page
                    .iter()
                    .filter(|d| d.kind.is_healable())
                    .map(|d| d.object.clone())
                    .collect();
                match self.queue_url.clone() {
                    Some(url) => {
                        for chunk in objects.chunks(CONCURRENT_SENDS) {
                            if until.is_some_and(|until| Instant::now() > until) {
                                return Err(too_long(&comparison, queued));
                            }
                            try_join_all(chunk.iter().map(|o| self.enqueue(o, &url))).await?;
                            queued += chunk.len() as u64;
                        }
                    }
                    None => {
                        let loaded = self.load_all(&objects).await;
                        loads.extend(self.finish(loaded, None, 0).await?);
                    }
                }
            }
        }
        let mut answer = json!({
            "reconciled": true,
            "bucket": bucket,
            "prefix": prefix,
            "compared": comparison.compared,
            "unmatched": comparison.unmatched,
            "ignored": comparison.ignored,
            "queued": queued,
            "loads": loads,
            "differences": shown,
        });
        for (kind, count) in counts {
            if let Some(fields) = answer.as_object_mut() {
                fields.insert(kind.as_str().to_owned(), count.into());
            }
        }
        Ok(answer)
    }

    async fn enqueue(&self, object: &ObjectRef, url: &str) -> Result<()> {
        let request = event::request(object, 0);
        self.queue.send(url, &request).await.map_err(|error| error.of_object(object))
    }
}

fn too_long(comparison: &PagedComparison<'_>, queued: u64) -> Error {
    let message = format!(
        "the invocation ran out of time after {} objects, at the key {:?} ({queued} were sent to the \
         queue): reconcile smaller prefixes, or use stardrop reconcile",
        comparison.compared + comparison.unmatched + comparison.ignored,
        comparison.reached.as_deref().unwrap_or_default(),
    );
    Error::new(ErrorKind::OutOfTime, Stage::Event, message)
}
