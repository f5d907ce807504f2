//! Tests of the contracts that `--init` writes: each passes the checks of `stardrop migrate`.

use std::path::PathBuf;

use jiff::SignedDuration;

use super::super::compress::Compression;
use super::super::csv::ZeroDates;
use super::super::format::FORMATS;
use super::super::job::Login;
use super::super::table::{Column, DataType, Reference, TableName};
use super::*;
use crate::dataset::{Catalog, Match};

fn request(to: &str, since: Option<&str>, tables: usize) -> Request {
    Request {
        source: "mysql://app@db/shop".to_owned(),
        login: Login::Password,
        tables: vec![String::new(); tables],
        patterns: Vec::new(),
        query: None,
        to: Address::parse(to).unwrap(),
        state: None,
        since: since.map(str::to_owned),
        overlap: SignedDuration::from_mins(10),
        format: FORMATS[0],
        compression: Compression::Zstd,
        split_bytes: None,
        zero_dates: ZeroDates::Null,
    }
}

fn table(
    name: &str,
    key: &[&str],
    columns: &[(&str, DataType)],
    references: &[(&str, &str)],
) -> Table {
    let of = |name: &str| TableName { schema: "shop".to_owned(), name: name.to_owned() };
    Table {
        name: of(name),
        columns: columns
            .iter()
            .map(|(name, data_type)| Column {
                name: (*name).to_owned(),
                data_type: *data_type,
                declared: "as declared".to_owned(),
                may_be_null: !key.contains(name),
                remark: None,
            })
            .collect(),
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        references: references
            .iter()
            .map(|(column, table)| Reference {
                columns: vec![(*column).to_owned()],
                table: of(table),
            })
            .collect(),
    }
}

fn shop() -> Vec<Table> {
    use DataType::{BigInt, Numeric, Text, Timestamp, TimestampTz};
    vec![
        table(
            "Orders",
            &["id"],
            &[
                ("id", BigInt),
                ("Customer No", BigInt),
                ("payer_id", BigInt),
                ("shop_id", BigInt),
                ("ordered", Timestamp),
                ("updated_at", TimestampTz),
                ("amount", Numeric(Some((10, 2)))),
                ("extra", Text),
            ],
            &[("Customer No", "customers"), ("payer_id", "customers"), ("shop_id", "shops")],
        ),
        table(
            "customers",
            &["id"],
            &[("id", BigInt), ("name", Text), ("updated_at", TimestampTz)],
            &[],
        ),
    ]
}

fn checked(drafts: &[Draft]) -> Catalog {
    let texts = drafts.iter().map(|draft| {
        let file = PathBuf::from(format!("{}/dataset.toml", draft.name));
        (file, draft.name.clone(), draft.text.clone())
    });
    let all: Vec<&str> = drafts.iter().map(|draft| draft.text.as_str()).collect();
    Catalog::read(texts).unwrap_or_else(|errors| panic!("{errors:#?}\n{}", all.join("\n\n")))
}

#[test]
fn a_table_and_the_one_that_it_refers_to_are_a_fact_and_a_dimension() {
    let drafts = contracts(&request("s3://inbox/shop/", Some("updated_at"), 2), &shop());
    let catalog = checked(&drafts);
    insta::assert_snapshot!(format!("{}\n----\n\n{}", drafts[0].text, drafts[1].text));
    let Match::One(dataset) = catalog.match_key("shop/orders/since=start/00000.csv.zst") else {
        panic!("{}", drafts[0].text)
    };
    assert_eq!(dataset.name, "orders");
}

#[test]
fn one_table_alone_describes_no_other() {
    for since in [None, Some("updated_at")] {
        let request = request("s3://inbox/orders/", since, 1);
        let drafts = contracts(&request, &shop()[..1]);
        let catalog = checked(&drafts);
        let key = match since {
            None => "orders/full.csv.zst",
            Some(_) => "orders/since=2026-11-28T04-00-00Z/00000.csv",
        };
        assert!(matches!(catalog.match_key(key), Match::One(_)), "{}", drafts[0].text);
    }
}

#[test]
fn a_table_without_a_key_is_a_fact_that_each_file_replaces() {
    let log = table("log", &[], &[("at", DataType::Timestamp), ("line", DataType::Text)], &[]);
    let drafts = contracts(&request("out", None, 1), &[log]);
    let catalog = checked(&drafts);
    assert!(drafts[0].text.contains("overwrite = \"replace\""), "{}", drafts[0].text);
    assert!(matches!(catalog.match_key("out/full.csv.zst"), Match::One(_)), "{}", drafts[0].text);
}

#[test]
fn a_folder_with_characters_of_patterns_matches_itself_only() {
    let drafts = contracts(&request("s3://inbox/a[1]{x}/", None, 1), &shop()[1..]);
    let catalog = checked(&drafts);
    assert!(matches!(catalog.match_key("a[1]{x}/full.csv.zst"), Match::One(_)));
    assert!(matches!(catalog.match_key("a1x/full.csv.zst"), Match::None));
}
