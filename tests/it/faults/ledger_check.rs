//! Checks the ledger against what S3 did: each load ended in a state that its object allows, and its row
//! counts are right.

use super::bucket::S3Change;
use super::files::KINDS;
use super::lookups;
use super::oracle::{Ledger, Load};
use super::plain_reader::Line;
use super::site::Site;

/// Checks every load, every object version, and the sums.
///
/// # Errors
///
/// What does not add up.
pub async fn check(site: &Site, ledger: &Ledger) -> Result<(), String> {
    for load in &ledger.loads {
        let named = |what: String| {
            format!("load {} of {} ({}): {what}", load.load_id, load.key, load.state)
        };
        state_is_allowed(ledger, load).map_err(named)?;
        // A failed load counts the rows up to the batch that went over the budget of rejected rows.
        let judged = load.state == "failed" && load.rows_read >= load.checkpoint_rows;
        if !judged && (!load.balance || load.rows_read != load.checkpoint_rows) {
            return Err(named(format!("the row counts do not balance: {load:?}")));
        }
        rejects_are_kept(site, load).await.map_err(named)?;
    }
    for (place, change) in ledger.changes.iter().enumerate() {
        let S3Change::Put(written) = change else { continue };
        let of_object = |load: &&Load| {
            load.key == written.object.key
                && load.etag == written.object.etag
                && load.version_id == written.object.version_id
        };
        let parts = &ledger.schedule.puts[written.put].parts;
        // Where the object could not be read any more, one load stands for all of its parts.
        let is_known = |load: &Load| parts.iter().any(|(name, _)| *name == load.part);
        let is_gone =
            ledger.loads.iter().filter(of_object).any(|load| {
                !is_known(load) && matches!(load.state.as_str(), "superseded" | "missing")
            });
        for (part, _) in parts {
            let mut loads = ledger.loads.iter().filter(of_object).filter(|load| load.part == *part);
            if loads.clone().next().is_none() && is_gone {
                continue;
            }
            let newest = loads.clone().max_by_key(|load| load.generation);
            let newest =
                newest.ok_or_else(|| format!("{} is not in the ledger", written.object))?;
            let is_last =
                !ledger.changes[place + 1..].iter().any(|later| later.key() == change.key());
            let first_stays = newest.kind.overwrite == "ignore"
                && ledger.loads.iter().any(|load| load.key == newest.key && is_in(load));
            if is_last && !is_in(newest) && newest.state != "failed" && !first_stays {
                return Err(format!("{} is there, and {}", written.object, newest.state));
            }
            if !ledger.schedule.versioned && loads.any(|load| load.version_id.is_some()) {
                return Err(format!("{} has a version", written.object));
            }
        }
    }
    sums(site).await
}

/// Whether a load's rows are in the star, by itself or by the load that it duplicates.
fn is_in(load: &Load) -> bool {
    matches!(load.state.as_str(), "loaded" | "duplicate")
}

fn state_is_allowed(ledger: &Ledger, load: &Load) -> Result<(), String> {
    let others = || ledger.loads.iter().filter(|other| other.load_id != load.load_id);
    let later_put = ledger.changes.iter().any(|change| match change {
        S3Change::Put(written) => {
            written.object.key == load.key
                && written.object.sequencer.as_deref() > Some(load.sequencer.as_str())
        }
        S3Change::Delete { .. } => false,
    });
    let allowed = match load.state.as_str() {
        "loaded" => {
            let lines = load.lines.as_deref().ok_or("the file is at fault as a whole")?;
            let (in_batches, whole) = budget(ledger, load, lines);
            let all = load.rows_read as usize == lines.len();
            let rejects = lines.iter().filter(|line| line.row.is_none()).count();
            let right = load.rows_rejected as usize == rejects;
            let looked_up =
                load.looked_up == if load.kind.looks_up() { lookups::NAMES } else { "" };
            all && right && looked_up && (in_batches.is_none() || replaces(load) && whole.is_none())
        }
        "failed" => match &load.lines {
            None => load.checkpoint_rows == 0,
            Some(lines) => {
                let (in_batches, whole) = budget(ledger, load, lines);
                let at = Some(load.checkpoint_rows as usize);
                in_batches == at || replaces(load) && whole.is_some()
            }
        },
        "superseded" => {
            later_put
                || load.kind.overwrite == "ignore"
                    && others().any(|o| o.key == load.key && is_in(o))
        }
        "missing" => {
            let deleted =
                |change: &S3Change| matches!(change, S3Change::Delete { key } if *key == load.key);
            !ledger.schedule.versioned && ledger.changes.iter().any(deleted)
        }
        "duplicate" => {
            let original = others().find(|other| Some(other.load_id) == load.duplicate_of);
            load.kind.skips_duplicates()
                && load.checkpoint_rows == 0
                && original.is_some_and(|original| {
                    original.state == "loaded"
                        && original.etag == load.etag
                        && original.part == load.part
                        && original.kind == load.kind
                })
        }
        _ => false,
    };
    if allowed { Ok(()) } else { Err(format!("may not end so, at row {}", load.checkpoint_rows)) }
}

fn replaces(load: &Load) -> bool {
    load.kind.overwrite == "replace"
}

/// Where the budget of rejected rows stops the load: in batches, and in one piece.
fn budget(ledger: &Ledger, load: &Load, lines: &[Line]) -> (Option<usize>, Option<usize>) {
    let (mut rejected, mut from) = (0, 0);
    let mut in_batches = None;
    for batch in lines.chunks(ledger.schedule.batch_rows) {
        rejected += batch.iter().filter(|line| line.row.is_none()).count();
        let read = from + batch.len();
        if in_batches.is_none() && rejected as f64 > load.kind.rejects * read as f64 {
            in_batches = Some(from);
        }
        from = read;
    }
    let whole = (rejected as f64 > load.kind.rejects * lines.len() as f64).then_some(0);
    (in_batches, whole)
}

/// The rejected rows of the committed batches are all kept; a failed load may keep more.
async fn rejects_are_kept(site: &Site, load: &Load) -> Result<(), String> {
    let sql = format!(
        "select source_line || ':' || raw from stardrop.rejected_row
         where load_id = {} order by source_line",
        load.load_id
    );
    let kept = site.lines(&sql).await;
    let lines = load.lines.as_deref().unwrap_or_default();
    let rejects = |until: usize| -> Vec<String> {
        let rejected = lines[..until].iter().filter(|line| line.row.is_none());
        rejected.map(|line| format!("{}:{}", line.number, line.raw)).collect()
    };
    let (all, wanted) = (rejects(lines.len()), rejects(load.checkpoint_rows as usize));
    let right = match load.state.as_str() {
        "failed" => {
            kept.starts_with(&wanted)
                && kept.iter().all(|row| all.contains(row))
                && (load.lines.is_none() || kept.len() > wanted.len())
        }
        _ => kept == wanted,
    };
    if right { Ok(()) } else { Err(format!("rejected rows {kept:?}, not {wanted:?}")) }
}

/// The rows of each table are those inserted less those deleted, and each belongs to a load of the ledger.
async fn sums(site: &Site) -> Result<(), String> {
    let facts = KINDS.iter().map(|kind| (format!("fact_{}", kind.name), "true".to_owned()));
    let dimensions = ["customer", "item"];
    let dimensions = dimensions.map(|name| (format!("dim_{name}"), format!("{name}_key > 0")));
    for (table, real) in facts.chain(dimensions) {
        let sql = format!(
            "select format('star.{table} has %s rows, the ledger %s, of no load %s', there, counted, lost)
             from (select (select count(*) from star.{table} where {real}) as there,
                 (select coalesce(sum(inserted - deleted), 0) from stardrop.load_table
                  where table_name = 'star.{table}') as counted,
                 (select count(*) from star.{table} t where {real} and not exists (
                     select from stardrop.load l where l.load_id = t.load_id)) as lost) t
             where there <> counted or lost <> 0"
        );
        if let Some(difference) = site.lines(&sql).await.into_iter().next() {
            return Err(difference);
        }
    }
    for kind in KINDS {
        // A staging table is empty, or holds each row that its load staged, once.
        let of_load = if kind.keeps_staging { "l.rows_staged" } else { "0" };
        let sql = format!(
            "select format('staging.{name} has %s rows of load %s and not %s', there, load_id, staged)
             from (select count(k.source_line) as there, count(distinct k.source_line) as lines,
                       l.load_id, {of_load} as staged
                 from stardrop.load l full join staging.{name} k using (load_id)
                 where l.dataset = '{name}' or l.load_id is null
                 group by l.load_id) t
             where there <> staged or lines <> there or load_id is null",
            name = kind.name
        );
        if let Some(difference) = site.lines(&sql).await.into_iter().next() {
            return Err(difference);
        }
    }
    Ok(())
}
