//! Works out the dimensions and facts that a contract and its files mean.
//!
//! It is written from what the design says of each key of a contract, over sorted vectors. It knows neither
//! the generated SQL nor the order in which the files arrived.

use std::collections::BTreeSet;

use super::case::{Attribute, Case, Dimension, Fact, File, History, Missing, Row, newest, value};
use super::presence::Presence;

/// A row with its place in time: later things compare greater.
#[derive(Clone, Copy)]
struct Placed<'f> {
    file: &'f File,
    /// Counted over the whole file.
    line: usize,
    row: &'f Row,
}

/// Object time, then key, then part, then line.
type Place<'f> = (i64, &'f str, &'f str, usize);

impl<'f> Placed<'f> {
    fn place(&self) -> Place<'f> {
        (self.file.hour, &self.file.key, &self.file.part, self.line)
    }
}

fn rows(files: &[File]) -> Vec<Placed<'_>> {
    let mut out = Vec::new();
    for file in files {
        let lines = file.batches.iter().flatten().enumerate();
        out.extend(lines.map(|(line, row)| Placed { file, line, row }));
    }
    out
}

pub type Key = Vec<String>;

/// The natural key in these columns; `None` if a part of it is not known.
pub fn key(row: &Row, columns: &[&str]) -> Option<Key> {
    columns.iter().map(|column| value(row, column).map(str::to_owned)).collect()
}

/// The times of a member's versions, in hours, with what it looked like; never: before all time.
type Versions = Vec<(Option<i64>, Vec<Option<String>>)>;

fn versioned(dimension: &Dimension) -> Vec<&Attribute> {
    dimension.attributes.iter().filter(|a| a.history == History::Versions).collect()
}

fn values(row: &Row, attributes: &[&Attribute]) -> Vec<Option<String>> {
    attributes.iter().map(|a| value(row, a.name).map(str::to_owned)).collect()
}

fn hour(row: &Row, column: &str) -> Option<i64> {
    let number: i64 = value(row, column)?.parse().unwrap();
    Some(if column == "day" { number * 24 } else { number * 6 })
}

/// Every look that a member had, from when on; one that nobody described has one without a time.
fn versions(
    dimension: &Dimension,
    member: &Key,
    rows: &[Placed<'_>],
    presence: &Presence,
) -> Versions {
    let attributes = versioned(dimension);
    let mut seen: Vec<(i64, Place<'_>, Vec<Option<String>>)> = Vec::new();
    for placed in rows {
        let source = placed.file.source;
        let brings = attributes.iter().any(|a| a.sources.contains(&source));
        // A row without any of them does not describe the member.
        let says = dimension.missing == Missing::Close
            || attributes.iter().any(|a| value(placed.row, a.name).is_some());
        if brings && says && key(placed.row, &dimension.key).as_ref() == Some(member) {
            let own = if dimension.valid_from_ts.contains(&source) {
                hour(placed.row, "ts")
            } else {
                None
            };
            let time = own.unwrap_or(placed.file.hour);
            seen.push((time, placed.place(), values(placed.row, &attributes)));
        }
    }
    seen.sort();
    let mut out: Versions = Vec::new();
    for (at, (time, _, look)) in seen.iter().enumerate() {
        // Of several rows of one time the last counts.
        let is_last = seen.get(at + 1).is_none_or(|(next, ..)| next != time);
        let returns = dimension.missing == Missing::Close && presence.returns_at(*time);
        if is_last && (returns || out.last().is_none_or(|(_, before)| before != look)) {
            out.push((Some(*time), look.clone()));
        }
    }
    if out.is_empty() {
        out.push((None, vec![None; attributes.len()]));
    }
    out
}

/// The one value of an attribute: of the newest row that has it, or of the oldest.
fn single(
    dimension: &Dimension,
    attribute: &Attribute,
    member: &Key,
    rows: &[Placed<'_>],
) -> Option<String> {
    let mut with_value: Vec<&Placed<'_>> = rows
        .iter()
        .filter(|placed| attribute.sources.contains(&placed.file.source))
        .filter(|placed| key(placed.row, &dimension.key).as_ref() == Some(member))
        .collect();
    with_value.sort_by_key(|placed| placed.place());
    let counts =
        if attribute.history == History::First { with_value.first() } else { with_value.last() };
    value(counts?.row, attribute.name).map(str::to_owned)
}

/// All members that any row names: with attributes, by a reference, or in a fact.
fn members(case: &Case, at: usize, rows: &[Placed<'_>]) -> BTreeSet<Key> {
    let dimension = &case.dimensions[at];
    let mut members = BTreeSet::new();
    for placed in rows {
        let source = placed.file.source;
        if dimension.declared_by.contains(&source) {
            members.extend(key(placed.row, &dimension.key));
        }
        for fact in case.facts.iter().filter(|fact| fact.source == source) {
            let uses = fact.uses.iter().filter(|used| used.dimension == at);
            members.extend(uses.filter_map(|used| key(placed.row, &used.key)));
        }
    }
    members
}

fn text(value: Option<String>) -> String {
    value.unwrap_or_else(|| "null".to_owned())
}

fn time(hour: Option<i64>) -> String {
    hour.map_or_else(|| "never".to_owned(), |hour| hour.to_string())
}

/// The lines of a dimension: key, attributes, and for versions from, to, current, first.
pub fn dimension(case: &Case, at: usize, files: &[File]) -> Vec<String> {
    let dimension = &case.dimensions[at];
    let rows = rows(files);
    let mut lines = Vec::new();
    for member in members(case, at, &rows) {
        let presence = Presence::of(dimension, &member, files);
        let versions = versions(dimension, &member, &rows, &presence);
        for (number, (from, look)) in versions.iter().enumerate() {
            let mut fields = member.clone();
            let mut look = look.iter();
            for attribute in &dimension.attributes {
                fields.push(text(match attribute.history {
                    History::Versions => look.next().unwrap().clone(),
                    _ => single(dimension, attribute, &member, &rows),
                }));
            }
            if dimension.has_versions() {
                let next = versions.get(number + 1).and_then(|(to, _)| *to);
                let closed = match dimension.missing {
                    Missing::Close => from.and_then(|from| presence.gone_from(from)),
                    _ => None,
                };
                let end = closed.filter(|closed| next.is_none_or(|next| *closed < next)).or(next);
                fields.push(time(*from));
                fields.push(end.map_or_else(|| "null".to_owned(), |end| end.to_string()));
                fields.push(end.is_none().to_string());
                fields.push((number == 0).to_string());
            }
            if dimension.missing == Missing::Flag {
                fields.push(presence.is_gone().to_string());
            }
            lines.push(fields.join("|"));
        }
    }
    lines.sort();
    lines
}

/// The version of a member at a time; before the first one it is the first one.
fn version_at(versions: &Versions, at: Option<i64>) -> Option<i64> {
    let holds = versions.iter().rev().find(|(from, _)| at.is_some() && *from <= at);
    holds.or(versions.first()).and_then(|(from, _)| *from)
}

fn fact_line(
    case: &Case,
    fact: &Fact,
    placed: &Placed<'_>,
    rows: &[Placed<'_>],
    files: &[File],
) -> String {
    let row = placed.row;
    let mut fields: Vec<String> =
        fact.grain.iter().flatten().map(|c| text(value(row, c).map(str::to_owned))).collect();
    let happened = fact.as_of.unwrap_or(fact.dates[0].0);
    for used in &fact.uses {
        let dimension = &case.dimensions[used.dimension];
        match key(row, &used.key) {
            None => fields.push("unknown".to_owned()),
            Some(member) => {
                fields.push(member.join(","));
                if dimension.has_versions() {
                    let presence = Presence::of(dimension, &member, files);
                    let versions = versions(dimension, &member, rows, &presence);
                    fields.push(time(version_at(&versions, hour(row, happened))));
                }
            }
        }
    }
    for (column, _) in &fact.dates {
        let day = hour(row, column).map(|hour| hour.div_euclid(24));
        fields.push(day.map_or_else(|| "unknown".to_owned(), |day| day.to_string()));
    }
    let quantity: Option<i64> = value(row, "qty").map(|qty| qty.parse().unwrap());
    fields.push(text(quantity.map(|qty| qty.to_string())));
    fields.push((quantity.unwrap_or(0) * 2 + 1).to_string());
    fields.join("|")
}

/// The lines of what `audit` says of a fact: grain, the key of the file that brought it first, and that a row is
/// updated if another load was the last to change it. `files` are in the order in which they arrived.
pub fn audit(fact: &Fact, files: &[File]) -> Vec<String> {
    let grain = fact.grain.as_deref().unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for placed in rows(files).iter().filter(|placed| placed.file.source == fact.source) {
        let this = key(placed.row, grain).unwrap();
        if seen.insert(this.clone()) {
            lines.push(format!("{}|{}|true", this.join("|"), placed.file.key));
        }
    }
    lines.sort();
    lines
}

/// The lines of a fact: grain, members with the time of their version, days, measures.
pub fn fact(case: &Case, fact: &Fact, files: &[File]) -> Vec<String> {
    let all = rows(files);
    let newest = newest(case, files);
    let newest = rows(&newest);
    let own: Vec<Placed<'_>> =
        newest.iter().filter(|placed| placed.file.source == fact.source).copied().collect();
    let mut lines = Vec::new();
    match &fact.grain {
        None => lines.extend(own.iter().map(|placed| fact_line(case, fact, placed, &all, files))),
        Some(grain) => {
            let grains: BTreeSet<Key> = own.iter().filter_map(|p| key(p.row, grain)).collect();
            for this in grains {
                let mut rivals: Vec<&Placed<'_>> =
                    own.iter().filter(|p| key(p.row, grain).as_ref() == Some(&this)).collect();
                rivals.sort_by_key(|placed| {
                    let version: Option<i64> =
                        value(placed.row, "ver").map(|version| version.parse().unwrap());
                    (version.filter(|_| fact.version), placed.place())
                });
                let winner = if fact.keep { rivals[0] } else { rivals[rivals.len() - 1] };
                if !(fact.delete_when && value(winner.row, "kind") == Some("gone")) {
                    lines.push(fact_line(case, fact, winner, &all, files));
                }
            }
        }
    }
    lines.sort();
    lines
}
