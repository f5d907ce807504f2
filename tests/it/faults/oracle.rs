//! Works out the star by a plain reading of the files that the ledger calls loaded, and compares it with
//! the real star row by row.

use std::collections::BTreeMap;

use super::bucket::{Bucket, S3Change};
use super::files::{KINDS, Kind};
use super::lookups;
use super::plain_reader::{Line, Row, read};
use super::schedule::Schedule;
use super::site::Site;

/// A row of `stardrop.load`, and the file that it is about.
#[derive(Debug, Clone)]
pub struct Load {
    pub load_id: i64,
    pub kind: &'static Kind,
    pub key: String,
    pub part: String,
    pub version_id: Option<String>,
    pub etag: Option<String>,
    pub generation: i32,
    pub sequencer: String,
    pub object_time: i64,
    pub finished: i64,
    pub state: String,
    pub duplicate_of: Option<i64>,
    pub checkpoint_rows: i64,
    pub rows_read: i64,
    pub rows_rejected: i64,
    pub balance: bool,
    /// The names of the enrichments in its row, joined.
    pub looked_up: String,
    /// `None` where the file as a whole is at fault.
    pub lines: Option<Vec<Line>>,
}

type Age<'l> = (i64, &'l str, &'l str, Option<&'l str>, Option<&'l str>, &'l str, i32, i64);

impl Load {
    /// The good rows that are committed, with their lines.
    fn committed(&self) -> impl Iterator<Item = (u64, &Row)> {
        let lines = self.lines.as_deref().unwrap_or_default();
        let until = lines.len().min(self.checkpoint_rows as usize);
        lines[..until].iter().filter_map(|line| Some((line.number, line.row.as_ref()?)))
    }

    /// Which of two loads of any keys is newer: by time, then by name, as the contract says.
    fn age(&self) -> Age<'_> {
        let (version, etag) = (self.version_id.as_deref(), self.etag.as_deref());
        let written = self.sequencer.as_str();
        (
            self.object_time,
            &self.key,
            written,
            version,
            etag,
            &self.part,
            self.generation,
            self.load_id,
        )
    }

    /// Whether this load took the rows of another load of its key out of the star.
    fn has_replaced(&self, other: &Load) -> bool {
        let left_off = matches!(other.state.as_str(), "superseded" | "missing");
        self.kind.overwrite == "replace"
            && self.state == "loaded"
            && self.key == other.key
            && self.load_id != other.load_id
            && (self.finished > other.finished || left_off && self.sequencer > other.sequencer)
    }
}

/// The ledger after a schedule, and what S3 did.
pub struct Ledger {
    pub loads: Vec<Load>,
    pub changes: Vec<S3Change>,
    pub schedule: Schedule,
}

impl Ledger {
    pub async fn read(site: &Site, bucket: &Bucket) -> Result<Ledger, String> {
        let changes = bucket.changes().await;
        let schedule = (*bucket.schedule).clone();
        let sql =
            "select load_id, dataset, bucket, key, part, version_id, etag, generation, sequencer,
            (extract(epoch from object_time) * 1000000)::bigint as object_time,
            coalesce((extract(epoch from finished_at) * 1000000)::bigint, 0) as finished,
            state, duplicate_of, checkpoint_rows, rows_read, rows_rejected, rows_staged,
            rows_read = rows_rejected + rows_staged
                and rows_staged = rows_inserted + rows_updated + rows_unchanged as balance,
            coalesce((select string_agg(f ->> 'name', ',' order by f ->> 'name')
                from jsonb_array_elements(enrichment) f), '') as looked_up
            from stardrop.load order by load_id";
        let rows = site.client().await.query(sql, &[]).await.unwrap();
        let mut loads = Vec::new();
        for row in rows {
            let (key, etag): (String, Option<String>) = (row.get("key"), row.get("etag"));
            let part: String = row.get("part");
            let parts = changes.iter().find_map(|change| match change {
                S3Change::Put(written)
                    if written.object.key == key && written.object.etag == etag =>
                {
                    Some(&schedule.puts[written.put].parts)
                }
                _ => None,
            });
            let parts = parts.ok_or_else(|| format!("a load of bytes that never were at {key}"))?;
            // A load of all parts that cannot be found has no lines.
            let text = parts.iter().find_map(|(name, text)| (*name == part).then_some(text));
            let dataset: &str = row.get("dataset");
            loads.push(Load {
                load_id: row.get("load_id"),
                kind: KINDS.iter().find(|kind| kind.name == dataset).unwrap(),
                key,
                version_id: row.get("version_id"),
                etag,
                generation: row.get("generation"),
                sequencer: row.get("sequencer"),
                object_time: row.get("object_time"),
                finished: row.get("finished"),
                state: row.get("state"),
                duplicate_of: row.get("duplicate_of"),
                checkpoint_rows: row.get("checkpoint_rows"),
                rows_read: row.get("rows_read"),
                rows_rejected: row.get("rows_rejected"),
                balance: row.get("balance"),
                looked_up: row.get("looked_up"),
                part,
                lines: text.and_then(|text| read(text)),
            });
        }
        Ok(Ledger { loads, changes, schedule })
    }

    /// What happened, for a person who looks for the cause.
    pub fn story(&self) -> String {
        let mut out = String::new();
        for change in &self.changes {
            out.push_str(&match change {
                S3Change::Put(written) => format!("  put {} {:?}\n", written.put, written.object),
                S3Change::Delete { key } => format!("  deleted {key}\n"),
            });
        }
        for load in &self.loads {
            out.push_str(&format!("  {:?}\n", Load { lines: None, ..load.clone() }));
        }
        out
    }

    /// Compares the star with what it has to be.
    pub async fn compare(&self, site: &Site) -> Result<(), String> {
        for kind in KINDS {
            let real = site.lines(&fact_query(kind)).await;
            same(&format!("fact_{}", kind.name), self.fact(kind), real)?;
        }
        for dimension in ["customer", "item"] {
            let sql = format!(
                "select concat_ws('|', {dimension}_id, coalesce({dimension}_name, '-'))
                 from star.dim_{dimension} where {dimension}_key > 0"
            );
            same(dimension, self.dimension(dimension), site.lines(&sql).await)?;
        }
        Ok(())
    }

    fn fact(&self, kind: &Kind) -> Vec<String> {
        let loads: Vec<&Load> = self.loads.iter().filter(|load| load.kind == kind).collect();
        let staying = |load: &&&Load| !loads.iter().any(|other| other.has_replaced(load));
        let rows = loads
            .iter()
            .filter(staying)
            .flat_map(|load| load.committed().map(move |(line, row)| (*load, line, row)));
        if !kind.has_grain {
            return rows.map(|(load, line, row)| self.show(load, line, row)).collect();
        }
        type Rank<'l> = (Option<Option<i64>>, Age<'l>, u64);
        let mut newest: BTreeMap<i64, (Rank<'_>, &Load, u64, &Row)> = BTreeMap::new();
        for (load, line, row) in rows {
            let mut rank = (kind.has_version.then_some(row.rev), load.age(), line);
            if kind.overwrite == "replace" {
                // No two keys share a row here, and of one key's versions the clock says nothing.
                rank.1.0 = 0;
                rank.1.1 = &load.sequencer;
            }
            match newest.get(&row.id) {
                Some((other, ..)) if *other > rank => {}
                _ => drop(newest.insert(row.id, (rank, load, line, row))),
            }
        }
        newest.into_values().map(|(_, load, line, row)| self.show(load, line, row)).collect()
    }

    /// The columns that are compared, in the words of both sides. Where a load need not leave its mark
    /// on a row that it did not change, the newest load that had the row is compared instead.
    fn show(&self, load: &Load, line: u64, row: &Row) -> String {
        let kind = load.kind;
        let or = |value: &Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
        let mut fields = vec![
            row.id.to_string(),
            row.customer.0.clone().unwrap_or("-".to_owned()),
            row.item.0.clone().unwrap_or("-".to_owned()),
            row.day.clone().unwrap_or("0001-01-01".to_owned()),
            or(&row.qty),
            load.load_id.to_string(),
        ];
        if kind.has_version {
            fields.push(or(&row.rev));
        }
        if kind.overwrite == "replace" {
            let number = load.key.trim_end_matches(".csv").rsplit('/').next().unwrap_or_default();
            let of_object = [number.to_owned(), load.object_time.to_string(), line.to_string()];
            fields.push(line.to_string());
            fields.extend(of_object);
        }
        if kind.looks_up() {
            let item = row.item.0.as_deref();
            let country = item.and_then(|item| lookups::country(self.schedule.seed, item));
            fields.push(country.unwrap_or("-".to_owned()));
        }
        fields.join("|")
    }

    fn dimension(&self, name: &str) -> Vec<String> {
        type Member<'l> = (Option<(Age<'l>, u64)>, Option<&'l str>);
        let mut members: BTreeMap<&str, Member<'_>> = BTreeMap::new();
        for load in &self.loads {
            for (line, row) in load.committed() {
                let (key, attribute) = if name == "item" { &row.item } else { &row.customer };
                let Some(key) = key else { continue };
                let feeds = load.kind.feeds == name;
                let rank = feeds.then(|| (load.age(), line));
                let attribute = attribute.as_deref().filter(|_| feeds);
                match members.get(key.as_str()) {
                    Some((other, _)) if *other > rank => {}
                    _ => drop(members.insert(key, (rank, attribute))),
                }
            }
        }
        let show =
            |(key, (_, name)): (&str, (_, Option<&str>))| format!("{key}|{}", name.unwrap_or("-"));
        members.into_iter().map(show).collect()
    }
}

fn fact_query(kind: &Kind) -> String {
    let version = if kind.has_version { ", coalesce(f.rev::text, '-')" } else { "" };
    // The newest load that had the row.
    let newest = format!(
        "coalesce((select c.load_id
                   from star.confirmed_{} c
                   cross join unnest(c.words, c.bits) line (word, bits)
                   join stardrop.load l using (load_id)
                   where c.of_load = f.load_id
                     and line.word = f.source_line / 64
                     and line.bits >> (f.source_line % 64)::integer & 1 = 1
                   order by l.object_time desc, (l.bucket, l.key, l.sequencer, l.version_id, l.etag,
                            l.part, l.generation, l.load_id) desc
                   limit 1), f.load_id)",
        kind.name
    );
    let (load, line) = match kind.overwrite {
        "replace" => (
            "f.load_id",
            ", f.source_line, f.number, (extract(epoch from f.written) * 1000000)::bigint, f.at_line",
        ),
        _ => (newest.as_str(), ""),
    };
    let country = if kind.looks_up() { ", coalesce(f.country, '-')" } else { "" };
    format!(
        "select concat_ws('|', f.id, coalesce(c.customer_id, '-'), coalesce(i.item_id, '-'),
                f.date_key, coalesce(f.qty::text, '-'), {load}{version}{line}{country})
         from star.fact_{} f
         left join star.dim_customer c using (customer_key)
         left join star.dim_item i using (item_key)",
        kind.name
    )
}

fn same(what: &str, mut wanted: Vec<String>, mut real: Vec<String>) -> Result<(), String> {
    wanted.sort();
    real.sort();
    if wanted == real {
        return Ok(());
    }
    let only = |these: &[String], those: &[String]| {
        let mut those = those.to_vec();
        let mut left = these.to_vec();
        left.retain(|row| match those.iter().position(|other| other == row) {
            Some(place) => {
                those.swap_remove(place);
                false
            }
            None => true,
        });
        left.truncate(5);
        left
    };
    Err(format!(
        "{what} has {} rows and should have {}; missing {:?}, too many {:?}",
        real.len(),
        wanted.len(),
        only(&wanted, &real),
        only(&real, &wanted)
    ))
}
