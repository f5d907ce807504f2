//! Makes contracts and small files from random numbers: files that break their contract in every way.

use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _};
use stardrop::dataset::Catalog;

use super::lookups;
use crate::load::entries::tar;
use crate::support::catalog_of;

/// Always the same algorithm: a seed means the same schedule everywhere.
pub type Dice = rand::rngs::Xoshiro256PlusPlus;

/// True once in `times` calls, on average.
pub fn one_in(dice: &mut Dice, times: u32) -> bool {
    dice.next_u32().is_multiple_of(times)
}

/// One of the datasets that the harness loads. All have the same columns.
#[derive(Debug, PartialEq)]
pub struct Kind {
    pub name: &'static str,
    pub overwrite: &'static str,
    pub has_grain: bool,
    pub has_version: bool,
    /// Which of the two dimensions it feeds with attributes; it refers to the other one.
    pub feeds: &'static str,
    /// The share of rows that may be rejected.
    pub rejects: f64,
    /// Whether rows stay in staging as they were received.
    pub keeps_staging: bool,
    /// Whether its objects are archives, of which each entry is a load.
    pub has_parts: bool,
}

impl Kind {
    /// Whether the same bytes under another key are skipped: the default of the contract.
    pub fn skips_duplicates(&self) -> bool {
        self.has_grain && self.overwrite != "replace"
    }

    /// Whether it looks up where an item is from, in two files of S3.
    pub fn looks_up(&self) -> bool {
        self.feeds == "item"
    }
}

pub const KINDS: &[Kind] = &[
    Kind {
        name: "orders",
        overwrite: "merge",
        has_grain: true,
        has_version: false,
        feeds: "customer",
        rejects: 0.4,
        keeps_staging: false,
        has_parts: false,
    },
    Kind {
        name: "visits",
        overwrite: "merge",
        has_grain: true,
        has_version: true,
        feeds: "item",
        rejects: 0.6,
        keeps_staging: true,
        has_parts: false,
    },
    Kind {
        name: "stock",
        overwrite: "replace",
        has_grain: true,
        has_version: false,
        feeds: "customer",
        rejects: 0.5,
        keeps_staging: true,
        has_parts: false,
    },
    Kind {
        name: "lines",
        overwrite: "replace",
        has_grain: false,
        has_version: false,
        feeds: "item",
        rejects: 0.5,
        keeps_staging: false,
        has_parts: false,
    },
    Kind {
        name: "firsts",
        overwrite: "ignore",
        has_grain: true,
        has_version: false,
        feeds: "customer",
        rejects: 0.4,
        keeps_staging: false,
        has_parts: false,
    },
    Kind {
        name: "packs",
        overwrite: "merge",
        has_grain: true,
        has_version: false,
        feeds: "customer",
        rejects: 0.4,
        keeps_staging: true,
        has_parts: true,
    },
];

fn contract(kind: &Kind) -> String {
    let dimension = |name: &str| {
        let attributes = format!("attributes = [\"{name}_name\"]\n");
        let attributes = if kind.feeds == name { attributes } else { String::new() };
        format!("[dimension.{name}]\nkey = [\"{name}_id\"]\n{attributes}")
    };
    // Half of the contracts name the dimensions in the other order.
    let (first, second) =
        if kind.feeds == "item" { ("item", "customer") } else { ("customer", "item") };
    let version = if kind.has_version { "version = \"rev\"\n" } else { "" };
    let measures = if kind.has_grain {
        "grain = [\"id\"]\nmeasures = [\"qty\"]\n"
    } else {
        "measures = [\"id\", \"qty\"]\n"
    };
    // Of these the harness knows for each row which load it is from, and so the object and the line.
    let (from_key, derived, mut kept) = if kind.overwrite == "replace" {
        (
            format!("from_key = \"{}/{{number}}.csv\"\n", kind.name),
            "number = { type = \"integer\" }\nwritten = { type = \"timestamptz\", source = \"object_time\" }\n\
             at_line = { type = \"integer\", source = \"line\" }\n",
            vec!["number", "written", "at_line"],
        )
    } else {
        (String::new(), "", vec![])
    };
    if kind.looks_up() {
        kept.push("country");
    }
    format!(
        "name = \"{name}\"\nmatch = [\"{name}/*\"]\n{from_key}{entry}[policy]\nrejects = \"{percent}%\"\n\
         overwrite = \"{overwrite}\"\nstaging = \"{staging}\"\n[columns]\n\
         {derived}id = {{ type = \"bigint\", required = true }}\nrev = {{ type = \"integer\" }}\n\
         customer_id = {{ type = \"text\" }}\ncustomer_name = {{ type = \"text\" }}\n\
         item_id = {{ type = \"text\" }}\nitem_name = {{ type = \"text\" }}\n\
         day = {{ type = \"date\" }}\nqty = {{ type = \"integer\" }}\n\
         {lookups}{one}{two}[fact.{name}]\n{measures}{version}degenerate = {kept:?}\n\
         dimensions = [\"{first}\", \"{second}\", {{ date = \"day\" }}]\n",
        name = kind.name,
        entry = if kind.has_parts { "[file]\nentry = \"*.csv\"\n" } else { "" },
        percent = kind.rejects * 100.0,
        overwrite = kind.overwrite,
        staging = if kind.keeps_staging { "keep" } else { "transient" },
        lookups = if kind.looks_up() { lookups::CONTRACT } else { "" },
        one = dimension(first),
        two = dimension(second),
    )
}

/// The contracts of all kinds, each with its name.
pub fn contracts() -> Vec<(&'static str, String)> {
    KINDS.iter().map(|kind| (kind.name, contract(kind))).collect()
}

pub fn catalog() -> Catalog {
    let contracts = contracts();
    let named: Vec<(&str, &str)> =
        contracts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    catalog_of(&named)
}

/// A rule that a user of the database added: rows that break it only Postgres can refuse.
pub fn users_rules() -> String {
    let rule = |kind: &Kind| {
        format!(
            "alter table staging.{} add constraint unlucky check (qty <> {UNLUCKY});",
            kind.name
        )
    };
    KINDS.iter().map(rule).collect()
}

pub const UNLUCKY: i64 = 13;

pub const HEADER: &str = "id,rev,customer_id,customer_name,item_id,item_name,day,qty";

/// The parts of an object for key number `key` of a dataset, each with its name; a whole object is one without.
pub fn parts(dice: &mut Dice, kind: &Kind, key: usize) -> Vec<(String, String)> {
    if !kind.has_parts {
        return vec![(String::new(), text(dice, kind, key))];
    }
    let count = dice.random_range(1..=3);
    (0..count).map(|at| (format!("{at}.csv"), text(dice, kind, key))).collect()
}

/// The bytes of an object with these parts.
pub fn bytes(parts: &[(String, String)]) -> Vec<u8> {
    match parts {
        [(name, text)] if name.is_empty() => text.clone().into_bytes(),
        parts => {
            let entries: Vec<(&str, Vec<u8>)> = parts
                .iter()
                .map(|(name, text)| (name.as_str(), text.clone().into_bytes()))
                .collect();
            tar(&entries)
        }
    }
}

/// The text of a file for key number `key` of a dataset.
pub fn text(dice: &mut Dice, kind: &Kind, key: usize) -> String {
    match dice.random_range(0..40) {
        0 => return String::new(),
        1 => return HEADER.replace(",qty", "") + "\n1,1,c1,n,p1,n,2026-01-01\n",
        2 => return format!("{HEADER}\n"),
        _ => {}
    }
    // No two files that can be replaced share a row: the file that such a row belonged to would
    // depend on the order of the loads.
    let ids =
        if kind.overwrite == "replace" { key as u64 * 100..key as u64 * 100 + 25 } else { 0..40 };
    let bad = [0, 0, 0, 30, 30, 8][dice.random_range(0..6)];
    let unlucky = one_in(dice, 6);
    let end = *["\n", "\n", "\r\n"].choose(dice).unwrap();
    let mut out = format!("{HEADER}{end}");
    let rows = dice.random_range(1..=30);
    for row in 0..rows {
        let id = dice.random_range(ids.clone());
        if bad > 0 && one_in(dice, bad) {
            out.push_str(
                ["x,1,c1,n,p1,n,,1", ",1,c1,n,p1,n,,1", "1,1,c1", "1,1,\"c\n1\",n,p1,n,,many"]
                    .choose(dice)
                    .unwrap(),
            );
        } else {
            let member = |dice: &mut Dice, letter: &str| match dice.random_range(0..12) {
                0 => String::new(),
                n => format!("{letter}{n}"),
            };
            let name = |dice: &mut Dice| match dice.random_range(0..8) {
                0 => String::new(),
                1 => "\"a, \"\"b\"\"\nc\"".to_owned(),
                n => format!("name {n}"),
            };
            let day = match dice.random_range(0..5) {
                0 => String::new(),
                n => format!("2026-01-{n:02}"),
            };
            let qty = match dice.random_range(0..50) {
                0 => String::new(),
                1 | 2 if unlucky => UNLUCKY.to_string(),
                n => (100 + n).to_string(),
            };
            let rev =
                if one_in(dice, 5) { String::new() } else { dice.random_range(0..3).to_string() };
            let (customer, customer_name) = (member(dice, "c"), name(dice));
            let (item, item_name) = (member(dice, "p"), name(dice));
            out.push_str(&format!(
                "{id},{rev},{customer},{customer_name},{item},{item_name},{day},{qty}"
            ));
        }
        if row + 1 < rows || !one_in(dice, 4) {
            out.push_str(end);
        }
    }
    out
}
