//! Retail history: twenty real trading days whose product descriptions change, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::{root, shared_data};

const HISTORY: &str = "select product_id, product_name, valid_from::timestamp::text as since,
        valid_to::timestamp::text as until
    from star.dim_product
    where product_id is not null
    order by product_id, valid_from";

/// The fields of a line: of the data's own, only descriptions are ever quoted.
fn fields(line: &str) -> Vec<String> {
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

/// What the files say, read by hand: of each product, when it was called what.
fn told(files: &[PathBuf]) -> (String, usize) {
    let mut seen: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        for line in std::fs::read_to_string(file).unwrap().lines().skip(1) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_products_is_right_and_the_same_in_any_order_of_files() {
    let Some(folder) = shared_data("sales_online_retail") else { return };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (expected, renamed) = told(&files);
    assert_eq!((files.len(), renamed), (20, 31));
    let contract =
        std::fs::read_to_string(root().join("tests/it/datasets/retail_history/dataset.toml"))
            .unwrap();
    // In order, backwards, and every seventh.
    let orders: [Vec<usize>; 3] =
        [(0..20).collect(), (0..20).rev().collect(), (0..20).map(|n| n * 7 % 20).collect()];
    for order in orders {
        let site = Site::of(&[("retail_history", &contract)]).await;
        let mut loader = site.cloud.loader();
        let mut objects = Vec::new();
        for file in &files {
            let name = file.file_name().unwrap().to_str().unwrap();
            objects.push(site.cloud.put_file(&format!("retail/{name}"), file).await);
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
        let totals = "select count(*), sum(amount) from star.fact_order_line";
        assert_eq!(site.rows(totals).await, "42481|748957.020");
        assert_balanced(&site.db).await;
    }
}

fn first_difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    format!("{} and {} lines; {pair:?}", a.lines().count(), b.lines().count())
}
