//! Tests which operations each change of a contract needs, without a database.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::compare;
use super::sample_for_tests::{SHOP, database_of, edited, shape_of, star_of, tables};
use crate::dataset::Catalog;
use crate::migrate::operation::{Measured, Operation};
use crate::migrate::shape::{Existing, Shape, Wanted};
use crate::settings::Names;
use crate::star::{self, Star};

fn operations(existing: &Existing, star: &Star) -> Vec<Operation> {
    let shapes: BTreeMap<String, Shape> =
        tables(star).map(|table| (table.qualified_name(), shape_of(table))).collect();
    compare(existing, &Wanted { star, names: Names::default(), shapes })
}

fn lines(existing: &Existing, star: &Star) -> String {
    let lines: Vec<String> =
        operations(existing, star).iter().map(|o| o.kind().describe()).collect();
    lines.join("\n")
}

/// The operations from the sample contract to one with these edits, but for the update of the dataset.
fn after(edits: &[(&str, &str)], has_rows: bool) -> String {
    let lines = lines(&database_of(&star_of(&SHOP), has_rows), &star_of(&edited(edits)));
    let updates = |line: &&str| *line == "update dataset shop";
    assert_eq!(lines.lines().filter(updates).count(), 1, "{lines}");
    lines.lines().filter(|line| !updates(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_empty_database_needs_everything_and_a_migrated_one_nothing() {
    let star = star_of(&SHOP);
    let created = "create star.dim_buyer\ncreate star.repeated_buyer\ncreate star.fact_receipt\ncreate star.confirmed_receipt\ncreate staging.shop\n";
    assert_eq!(lines(&Existing::default(), &star), created.to_owned() + "add dataset shop");
    assert_eq!(lines(&database_of(&star, true), &star), "");
}

#[test]
fn each_change_of_a_contract_is_the_operations_that_it_needs() {
    for (edits, expected) in [
        (&[("day ", "tip = { type = \"integer\" }\nday ")][..], "add column staging.shop.tip"),
        (&[("day   = { type = \"date\" }\n", "")], "drop column staging.shop.day"),
        (
            &[("town  = {", "city = { was = \"town\", "), ("[\"town\"]", "[\"city\"]")],
            "rename column star.dim_buyer.town to city\nrename column staging.shop.town to city",
        ),
        (
            &[("numeric(8,2)", "numeric(12,2)")],
            "change star.fact_receipt.paid from numeric(8,2) to numeric(12,2)\n\
             change staging.shop.paid from numeric(8,2) to numeric(12,2)",
        ),
        (&[("\"integer\", required = true", "\"integer\"")], "make staging.shop.part nullable"),
        (
            &[("{ type = \"date\"", "{ type = \"date\", required = true")],
            "make staging.shop.day not null",
        ),
        (&[("paid * 2", "paid * 3")], "change the formula of star.fact_receipt.double"),
        (
            &[("[\"buyer\"]\nmeasures", "[\"buyer\", { date = \"day\" }]\nmeasures")],
            "create star.dim_date\nadd column star.fact_receipt.date_key",
        ),
        (
            &[("[columns]", "[policy]\nstaging = \"keep\"\n[columns]")],
            "create index shop_load_id\nstart keeping rows in staging.shop",
        ),
        (
            &[("[\"id\"]", "[\"id\", \"part\"]")],
            "recreate star.fact_receipt: its key is PRIMARY KEY (id), \
             the contract says PRIMARY KEY (id, part)",
        ),
        (
            &[("key        = [\"buyer\"]", "key        = [\"part\"]")],
            "recreate star.dim_buyer: its key is PRIMARY KEY (buyer_key), UNIQUE (buyer), \
             the contract says PRIMARY KEY (buyer_key), UNIQUE (part)\n\
             recreate star.repeated_buyer: it refers to star.dim_buyer, which is recreated\n\
             recreate star.fact_receipt: it refers to star.dim_buyer, which is recreated",
        ),
        (
            &[("key        = [\"buyer\"]\nattributes = [\"town\"]", "key = [\"town\"]")],
            "recreate star.dim_buyer: its key is PRIMARY KEY (buyer_key), UNIQUE (buyer), \
             the contract says PRIMARY KEY (buyer_key), UNIQUE (town)\n\
             recreate star.fact_receipt: it refers to star.dim_buyer, which is recreated\ndrop star.repeated_buyer",
        ),
        (
            &[
                (
                    "[dimension.buyer]\nkey        = [\"buyer\"]",
                    "[dimension.guest]\nkey = [\"buyer\"]",
                ),
                ("dimensions = [\"buyer\"]", "dimensions = [\"guest\"]"),
            ],
            "create star.dim_guest\ncreate star.repeated_guest\n\
             drop column star.fact_receipt.buyer_key\nadd column star.fact_receipt.guest_key\n\
             drop star.repeated_buyer\ndrop star.dim_buyer",
        ),
    ] {
        assert_eq!(after(edits, true), expected, "{edits:?}");
    }
}

#[test]
fn a_fact_is_joined_before_all_other_changes_and_split_after_them() {
    let appended = [
        ("grain      = [\"id\"]\n", ""),
        ("[\"buyer\"]\nmeasures", "[\"buyer\", { date = \"day\" }]\nmeasures"),
        ("[columns]", "[policy]\noverwrite = \"ignore\"\n[columns]"),
    ];
    let whole = edited(&appended);
    let split = format!("{whole}partition = {{ by = \"day\", every = \"month\" }}\n");
    let wider = |contract: &str| star_of(&contract.replace("numeric(8,2)", "numeric(9,2)"));
    let from = |contract: &str| database_of(&star_of(contract), true);
    let change = "change star.fact_receipt.paid from numeric(8,2) to numeric(9,2)\n";
    let rest = "change staging.shop.paid from numeric(8,2) to numeric(9,2)\nupdate dataset shop";
    assert_eq!(lines(&from(&split), &star_of(&split)), "");
    assert_eq!(lines(&from(&split), &wider(&split)), format!("{change}{rest}"));
    assert_eq!(
        lines(&from(&whole), &wider(&split)),
        format!("{change}split star.fact_receipt by month of date_key\n{rest}")
    );
    assert_eq!(
        lines(&from(&split), &wider(&whole)),
        format!(
            "join the months of star.fact_receipt\n{change}create index fact_receipt_load_id\n{rest}"
        )
    );
}

#[test]
fn members_that_are_gone_need_tables_and_a_column() {
    let replace = ("[columns]", "[policy]\noverwrite = \"replace\"\n[columns]");
    let tables = "create star.extract_buyer\ncreate star.seen_buyer\ncreate star.presence_buyer";
    let flag = ("attributes = [\"town\"]", "attributes = [\"town\"]\nmissing = \"flag\"");
    assert_eq!(
        after(&[replace, flag], true),
        format!("add column star.dim_buyer.is_deleted\n{tables}")
    );
    let versions = ("attributes = [\"town\"]", "attributes = [\"town\"]\nhistory = \"versions\"");
    let keep = edited(&[
        replace,
        versions,
        ("[\"buyer\"]\nmeasures", "[\"buyer\"]\nas_of = \"day\"\nmeasures"),
    ]);
    let close = keep.replace("\"versions\"", "\"versions\"\nmissing = \"close\"");
    let (keep, close) = (star_of(&keep), star_of(&close));
    assert_eq!(
        lines(&database_of(&keep, true), &close),
        format!(
            "let versions in star.dim_buyer end when full extracts no longer have the member\n\
             add column star.history_buyer.reopens\n{tables}\nupdate dataset shop"
        )
    );
    assert_eq!(
        lines(&database_of(&close, true), &keep),
        "let versions in star.dim_buyer end only where the next one starts\n\
         drop column star.history_buyer.reopens\nupdate dataset shop\n\
         drop star.seen_buyer\ndrop star.presence_buyer\ndrop star.extract_buyer"
    );
}

#[test]
fn without_rows_no_fact_is_recreated_with_its_dimension_and_no_formula_matters() {
    let key = [("key        = [\"buyer\"]\nattributes = [\"town\"]", "key = [\"town\"]")];
    let said = after(&key, false);
    assert!(said.starts_with("recreate star.dim_buyer: "), "{said}");
    assert!(!said.contains("star.fact_receipt"), "{said}");
    assert_eq!(after(&[("paid * 2", "paid * 3")], false), "");
}

#[test]
fn a_key_that_the_rows_satisfy_is_swapped_around_the_changes_of_columns() {
    let wide = edited(&[("[\"paid\", {", "[\"paid\", \"part\", {")]);
    let narrow = edited(&[("[\"id\"]", "[\"id\", \"part\"]"), ("numeric(8,2)", "numeric(9,2)")]);
    let mut existing = database_of(&star_of(&wide), true);
    let star = star_of(&narrow);
    let fact = star.tables.iter().find(|table| table.name == "fact_receipt").unwrap();
    let table = existing.tables.get_mut("star.fact_receipt").unwrap();
    table.possible_keys = shape_of(fact).keys;
    let said = lines(&existing, &star);
    let expected = "\
change the key of star.fact_receipt: its key is PRIMARY KEY (id), the contract says PRIMARY KEY (id, part)
make star.fact_receipt.part not null
change star.fact_receipt.paid from numeric(8,2) to numeric(9,2)
add key PRIMARY KEY (id, part) to star.fact_receipt
change staging.shop.paid from numeric(8,2) to numeric(9,2)
update dataset shop";
    assert_eq!(said, expected);
}

#[test]
fn a_dataset_without_a_contract_is_dropped_with_the_facts_before_the_dimensions() {
    let cafe = SHOP.replace("shop", "cafe").replace("buyer", "guest").replace("receipt", "bill");
    let file = PathBuf::from("cafe/dataset.toml");
    let cafe = star::compile(&Catalog::read([(file, "cafe".to_owned(), cafe)]).unwrap());
    let mut existing = database_of(&star_of(&SHOP), true);
    let other = database_of(&cafe, true);
    existing.tables.extend(other.tables);
    existing.datasets.extend(other.datasets);
    assert_eq!(
        lines(&existing, &star_of(&SHOP)),
        "drop dataset cafe\ndrop star.repeated_guest\ndrop star.fact_bill\ndrop star.dim_guest\ndrop star.confirmed_bill"
    );
}

#[test]
fn a_function_a_trigger_or_an_index_that_somebody_changed_is_restored() {
    let star = star_of(&SHOP);
    let whole = || database_of(&star, true);
    let mut changed = [whole(), whole(), whole(), whole()];
    let [body, missing, trigger, index] = &mut changed;
    body.datasets.get_mut("shop").unwrap().functions[0].body.push(' ');
    missing.datasets.get_mut("shop").unwrap().functions.pop();
    trigger.datasets.get_mut("shop").unwrap().triggers.clear();
    index.tables.get_mut("star.fact_receipt").unwrap().indexes.clear();
    for existing in [body, missing, trigger] {
        assert_eq!(lines(existing, &star), "update dataset shop");
    }
    assert_eq!(lines(index, &star), "create index fact_receipt_load_id");
}

#[test]
fn what_is_lost_follows_from_the_counts() {
    let loss = |edits: &[(&str, &str)], measured: &Measured| {
        let operations = operations(&database_of(&star_of(&SHOP), true), &star_of(&edited(edits)));
        operations[0].kind().loss(measured)
    };
    let counts = |count, changed| Measured { count, changed, ..Measured::default() };
    let narrowed = [("numeric(8,2)", "integer")];
    assert_eq!(
        loss(&narrowed, &counts(2, Some(1))).as_deref(),
        Some("the exact value in 1 of 2 values")
    );
    assert_eq!(
        loss(&narrowed, &counts(1, None)).as_deref(),
        Some("1 value, because not all can be converted")
    );
    let dropped = [("attributes = [\"town\"]", "attributes = []")];
    let with_view = Measured { count: 0, changed: None, views: vec!["towns".to_owned()] };
    assert_eq!(
        loss(&dropped, &with_view).as_deref(),
        Some("0 values, and the view towns that uses it")
    );
    assert_eq!(loss(&[("numeric(8,2)", "numeric(9,2)")], &counts(5, None)), None);
}
