//! The generated SQL, for people to read and for reviews to show what changes: a file for each kind of step.

use std::collections::BTreeMap;

use stardrop::star;

use crate::support::catalog_of;

const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id       = { type = "integer", required = true }
status   = { type = "text" }
paid     = { type = "numeric(12,2)" }
quantity = { type = "integer" }
at       = { type = "timestamp" }
buyer    = { type = "integer" }
town     = { type = "text" }
source   = { type = "text" }
product  = { type = "text" }
name     = { type = "text" }
shelf    = { type = "integer" }
[dimension.buyer]
key        = ["buyer"]
attributes = ["town"]
[dimension.origin]
key        = ["source"]
attributes = ["town"]
history    = "first"
[dimension.place]
key        = ["buyer"]
attributes = ["town", "source"]
history    = { source = "first" }
[dimension.product]
key        = ["product"]
attributes = ["name", "shelf"]
history    = { name = "versions" }
valid_from = "at"
[fact.newest]
grain      = ["id"]
dimensions = ["buyer", "product", { date = "at" }]
measures   = ["paid", { each = "paid / quantity" }]
audit      = true
[fact.oldest]
grain      = ["id"]
conflict   = "keep"
dimensions = ["buyer"]
measures   = ["paid"]
[fact.with_tombstones]
grain       = ["id"]
version     = "at"
delete_when = "status = 'deleted'"
dimensions  = ["buyer"]
measures    = ["paid"]
[policy]
overwrite = "merge"
"#;

const VISITS: &str = r#"
name  = "visits"
match = ["visits/*"]
[columns]
at    = { type = "timestamp" }
buyer = { type = "integer" }
till  = { type = "integer" }
count = { type = "integer" }
[dimension.till]
key = ["till"]
[fact.visit]
dimensions = ["buyer", "till", { date = "at" }]
measures   = ["count"]
[policy]
overwrite = "ignore"
"#;

/// Full extracts, of which the newest replaces the others, and what is staged is kept.
const STOCK: &str = r#"
name  = "stock"
match = ["stock/*"]
[columns]
day   = { type = "date" }
part  = { type = "text", required = true }
place = { type = "text" }
count = { type = "integer" }
[dimension.part]
key        = ["part"]
attributes = ["place"]
missing    = "flag"
[fact.stock]
grain      = ["part"]
dimensions = ["part", { date = "day" }]
measures   = ["count"]
[policy]
overwrite      = "replace"
repeated_grain = "reject"
staging        = "keep"
"#;

const RENTAL: &str = r#"
name  = "rental"
match = ["rental/*"]
[columns]
flat = { type = "text" }
rent = { type = "integer" }
[dimension.flat]
key        = ["flat"]
attributes = ["rent"]
history    = "versions"
missing    = "close"
[policy]
overwrite = "replace"
"#;

/// What comes before the steps, each step, and what comes after them, by name.
fn steps(dataset: &str, body: &str, files: &mut BTreeMap<String, String>) {
    let mut name = format!("normalise-{dataset}");
    let mut frame = String::new();
    for line in body.lines() {
        if let Some(what) = line.strip_prefix("    -- ") {
            let mut words = what.split([' ', ':']);
            let step = match (words.next(), words.next()) {
                (Some("Dimension"), Some(dimension)) => Some(format!("dimension-{dimension}")),
                (Some("Fact"), Some(fact)) => Some(format!("fact-{fact}")),
                (Some("Dates"), _) => Some("dates".to_owned()),
                _ => None,
            };
            if let Some(step) = step {
                name = step;
            }
        } else if line.starts_with("    perform stardrop.close_batch") {
            frame.push_str("    ..\n");
            name = format!("normalise-{dataset}");
        }
        let file = if name.starts_with("normalise") {
            &mut frame
        } else {
            files.entry(name.clone()).or_default()
        };
        file.push_str(line);
        file.push('\n');
    }
    files.insert(format!("normalise-{dataset}"), frame);
}

#[test]
fn the_generated_sql_of_each_kind_of_step() {
    let star = star::compile(&catalog_of(&[
        ("shop", SHOP),
        ("stock", STOCK),
        ("rental", RENTAL),
        ("visits", VISITS),
    ]));
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert("tables".to_owned(), star.tables.iter().map(star::Table::create).collect());
    for dataset in &star.datasets {
        files.insert(format!("staging-{}", dataset.name), dataset.staging.create());
        for function in &dataset.functions {
            if function.name.starts_with("normalise") {
                steps(&dataset.name, &function.body, &mut files);
            } else {
                files.insert(function.name.replacen('_', "-", 1), function.sql.clone());
            }
        }
    }
    insta::with_settings!({ snapshot_path => "../snapshots/sql", prepend_module_to_snapshot => false }, {
        for (name, sql) in files {
            insta::assert_binary_snapshot!(&format!("{name}.sql"), sql.into_bytes());
        }
    });
}
