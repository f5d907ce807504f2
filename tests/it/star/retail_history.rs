//! Trading days whose product descriptions change: the versions of a dimension are right, and the same
//! in any order of the files.

use std::collections::{BTreeMap, BTreeSet};

use crate::star::online_retail::{Files, totals};
use crate::support::fixtures::trading_days;
use crate::support::root;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

const HISTORY: &str = "select product_id, product_name, valid_from::timestamp::text as since,
        valid_to::timestamp::text as until
    from star.dim_product
    where product_id is not null
    order by product_id, valid_from";

/// The fields of a line. Only descriptions are ever quoted, and none holds a line end.
pub fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                fields.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}

/// The versions of each product by a plain reading of the files, and the number of renamed products.
pub fn versions_by_the_files(files: &Files) -> (String, usize) {
    let mut seen: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, bytes) in files {
        for line in std::str::from_utf8(bytes).unwrap().lines().skip(1) {
            let field = fields(line);
            let said = seen.entry(field[1].clone()).or_default();
            if !field[2].is_empty() {
                said.insert(field[4].clone(), field[2].clone());
                names.entry(field[1].clone()).or_default().insert(field[2].clone());
            }
        }
    }
    let mut lines = Vec::new();
    for (product, said) in seen {
        let mut versions: Vec<(&str, &str)> = Vec::new();
        for (time, name) in &said {
            if versions.last().is_none_or(|(_, before)| before != name) {
                versions.push((time, name));
            }
        }
        for (at, (since, name)) in versions.iter().enumerate() {
            let until = versions.get(at + 1).map_or("null", |(next, _)| next);
            lines.push(format!("{product}|{name}|{since}|{until}"));
        }
        if versions.is_empty() {
            lines.push(format!("{product}|null|-infinity|null"));
        }
    }
    (lines.join("\n"), names.values().filter(|names| names.len() > 1).count())
}

/// Loads the files in order, backwards, and in steps of seven, and compares the history each time.
pub async fn history_is_right_in_any_order(files: &Files) {
    let (expected, _) = versions_by_the_files(files);
    let contract =
        std::fs::read_to_string(root().join("tests/it/datasets/retail_history/dataset.toml"))
            .unwrap();
    let count = files.len();
    assert_ne!(count % 7, 0, "steps of seven would not reach every file");
    let orders: [Vec<usize>; 3] = [
        (0..count).collect(),
        (0..count).rev().collect(),
        (0..count).map(|n| n * 7 % count).collect(),
    ];
    for order in orders {
        let site = Site::of(&[("retail_history", &contract)]).await;
        let mut loader = site.cloud.loader();
        let mut objects = Vec::new();
        for (name, bytes) in files {
            objects.push(site.cloud.put(&format!("retail/{name}"), bytes.clone()).await);
        }
        for at in order {
            loader.load(&objects[at], None).await.unwrap();
        }
        let history = site.rows(HISTORY).await;
        assert!(history == expected, "{}", first_difference(&history, &expected));
        // Every line has the name that its product had at that moment.
        let wrong = "select count(*) from star.fact_order_line f join star.dim_product p using (product_key)
            where not ((p.valid_from <= f.invoice_ts or p.is_first)
                   and (p.valid_to > f.invoice_ts or p.valid_to is null))";
        assert_eq!(site.db.text(wrong).await, "0");
        let sums = "select count(*), count(distinct invoice_no), sum(quantity), sum(amount)
            from star.fact_order_line";
        assert_eq!(site.rows(sums).await, totals(files));
        assert_balanced(&site.db).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_products_is_right_and_the_same_in_any_order_of_files() {
    let days = trading_days();
    assert_eq!(versions_by_the_files(&days).1, 3, "three products are renamed");
    history_is_right_in_any_order(&days).await;
}

fn first_difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    format!("{} and {} lines; {pair:?}", a.lines().count(), b.lines().count())
}
