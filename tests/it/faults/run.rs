//! Runs one schedule, and reports whether the star is what the files say and the ledger balances.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::bucket::Bucket;
use super::lane;
use super::ledger_check;
use super::lookups;
use super::oracle::Ledger;
use super::schedule::{Round, Schedule};
use super::site::Site;
use super::tally::{Injected, Tally};
use crate::support::wait::becomes_true;

/// How often all events are delivered again at the end, as from a queue.
const REDELIVERIES: usize = 8;

static BUCKETS: AtomicU64 = AtomicU64::new(0);

/// Runs one schedule. What differs is in the tally, with how to run just that schedule.
pub async fn run(site: &Arc<Site>, schedule: Schedule) -> Tally {
    let schedule = Arc::new(schedule);
    let injected = Injected::default();
    let mut tally = Tally::default();
    tally.schedules = 1;
    site.empty().await;
    if let Err(difference) = play(site, &schedule, &injected, &mut tally).await {
        let server = if site.may_be_killed() { " with a server that is killed" } else { "" };
        tally.differences.push(format!("seed {}{server}: {difference}", schedule.seed));
    }
    tally.take(&injected);
    tally
}

async fn play(
    site: &Arc<Site>,
    schedule: &Arc<Schedule>,
    injected: &Injected,
    tally: &mut Tally,
) -> Result<(), String> {
    let name = format!("inbox-{}", BUCKETS.fetch_add(1, Ordering::Relaxed));
    let bucket = Arc::new(Bucket::new(site, schedule, name));
    lookups::put(site.endpoint(schedule.versioned), schedule.seed).await;
    for (number, round) in schedule.rounds.iter().enumerate() {
        for put in &round.puts {
            bucket.put(*put).await;
        }
        let played = play_round(&bucket, round, injected).await;
        site.server_is_back().await;
        tally.deliveries += played?;
        // What was to be written meanwhile, at a moment that never came.
        let next = schedule.rounds.get(number + 1).and_then(|next| next.puts.first());
        for put in 0..next.map_or(schedule.puts.len(), |first| *first) {
            bucket.put(put).await;
        }
    }
    tally.deliveries += redeliver_all(&bucket).await?;
    nothing_is_left_open(site).await?;
    let ledger = Ledger::read(site, &bucket).await?;
    tally.loads += ledger.loads.len() as u64;
    tally.rows += ledger.loads.iter().map(|load| load.rows_read as u64).sum::<u64>();
    let right = match ledger_check::check(site, &ledger).await {
        Ok(()) => ledger.compare(site).await,
        wrong => wrong,
    };
    right.map_err(|difference| format!("{difference}\n{}", ledger.story()))
}

async fn play_round(
    bucket: &Arc<Bucket>,
    round: &Round,
    injected: &Injected,
) -> Result<u64, String> {
    let faults = bucket.site.endpoint(bucket.schedule.versioned).s3.faults();
    let mut lanes = JoinSet::new();
    for lane in &round.lanes {
        lanes.spawn(lane::run(Arc::clone(bucket), lane.clone(), injected.clone()));
    }
    let mut deliveries = Ok(0);
    while let Some(done) = lanes.join_next().await {
        let done = done.map_err(|error| format!("a lane broke: {error}"))?;
        deliveries = deliveries.and_then(|so_far| Ok(so_far + done?));
    }
    let planned = bucket.s3_faults.swap(0, Ordering::Relaxed);
    let happened = planned.saturating_sub(faults.pending().len() as u64);
    injected.count("S3 broken off, short, slow or refused", happened);
    faults.clear();
    deliveries
}

/// Delivers all events again, without faults, until each of them is final.
async fn redeliver_all(bucket: &Bucket) -> Result<u64, String> {
    let Bucket { site, schedule, .. } = bucket;
    let mut loader = site.loader(site.upstream.port(), schedule);
    let mut left = schedule.at_last.clone();
    let mut deliveries = 0;
    let mut why = String::new();
    for _ in 0..REDELIVERIES {
        let mut again = Vec::new();
        for put in left {
            let Some(written) = bucket.written(put).await else { continue };
            let delivered = lane::deliver(&mut loader, &written.object).await?;
            deliveries += 1;
            if let Some(error) = delivered {
                why = error;
                again.push(put);
            }
        }
        left = again;
        if left.is_empty() {
            // The loader is idle now, and its session open.
            let locks = "select format('%s %s', objid, mode) from pg_locks
                where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
            let held = site.lines(locks).await;
            if !held.is_empty() {
                return Err(format!("advisory locks are left over: {held:?}"));
            }
            return Ok(deliveries);
        }
    }
    Err(format!("{} events are never done with: {why}", left.len()))
}

/// No session of a loader, nothing prepared, no row in staging.
async fn nothing_is_left_open(site: &Site) -> Result<(), String> {
    let open = "select format('%s: %s', state, query) from pg_stat_activity
        where datname = current_database() and application_name = 'stardrop'";
    let none = || async { site.lines(open).await.is_empty() };
    if becomes_true(Duration::from_secs(10), none).await {
        return Ok(());
    }
    Err(format!("sessions are left open: {:?}", site.lines(open).await))
}
