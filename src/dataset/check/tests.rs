//! The messages for each kind of error in a contract.

use std::path::PathBuf;

use super::*;
use crate::dataset::{Catalog, MissingColumn, RejectBudget, UnknownColumn};

const SALES: &str = r#"
name  = "sales"
match = ["sales/**/*.csv"]

[columns]
order_id    = { type = "bigint", required = true }
line_no     = { type = "integer", required = true }
order_ts    = { type = "timestamp", from = ["Order Date"] }
customer_id = { type = "text" }
country     = { type = "text" }
quantity    = { type = "integer" }

[dimension.customer]
key        = ["customer_id"]
attributes = ["country"]

[fact.sales]
grain      = ["order_id", "line_no"]
dimensions = ["customer", { date = "order_ts" }]
measures   = ["quantity"]
"#;

fn read(text: &str) -> Result<Dataset, Vec<ContractError>> {
    let contract =
        (PathBuf::from("datasets/sales/dataset.toml"), "sales".to_owned(), text.to_owned());
    Catalog::read([contract]).map(|catalog| catalog.datasets()[0].clone())
}

/// The errors of the sample contract with one text replaced.
fn complaint(from: &str, to: &str) -> String {
    assert!(SALES.contains(from), "the sample has no {from}");
    let errors = read(&SALES.replacen(from, to, 1)).expect_err("this must not pass");
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_contract_without_settings_has_the_defaults() {
    let sales = read(SALES).unwrap();
    assert_eq!(sales.policy.rejects, RejectBudget::Share(0.01));
    assert_eq!(sales.policy.unknown_column, UnknownColumn::Keep);
    assert_eq!(sales.policy.missing_column, MissingColumn::RejectFile);
    assert_eq!(sales.file.null, ["", "NULL"]);
    assert_eq!(sales.file.header_rows, 1);
    let names: Vec<&str> = sales.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["order_id", "line_no", "order_ts", "customer_id", "country", "quantity"]);
    assert_eq!(sales.column("order_ts").unwrap().source.names(), ["order_ts", "Order Date"]);
    assert_eq!(sales.facts[0].dates[0].column, "date_key");
    assert_eq!(sales.facts[0].dimensions[0].column, "customer_key");
}

#[test]
fn every_error_names_file_line_and_fix() {
    let cases = [
        ("attributes = [\"country\"]", "attributes = [\"countri\"]"),
        ("quantity    = { type = \"integer\" }", "quantity    = { type = \"integr\" }"),
        ("[dimension.customer]", "[dimension.custmer]"),
        ("measures   = [\"quantity\"]", "measure    = [\"quantity\"]"),
        (
            "line_no     = { type = \"integer\", required = true }",
            "line_no     = { type = \"integer\" }",
        ),
        ("name  = \"sales\"", "name  = \"Sales\""),
        ("name  = \"sales\"", "name  = \"orders\""),
        ("match = [\"sales/**/*.csv\"]", "match = [\"sales/[\"]"),
        ("{ date = \"order_ts\" }", "{ date = \"country\" }"),
        ("country     = { type", "load_id     = { type"),
        ("country     = { type", "country     = { from = [\"ORDER DATE \"], type"),
        ("measures   = [\"quantity\"]", "measures   = [\"quantity\", \"quantity\"]"),
        ("[columns]", "[policy]\nrejects = \"lots\"\n[columns]"),
        ("[columns]", "[columns"),
        ("[columns]", "[policy]\noverwrite = \"replcae\"\n[columns]"),
        ("[columns]", "[policy]\noverwrite = \"replace\"\nsame_content = \"skip\"\n[columns]"),
        ("country     = { type", "ctid        = { type"),
        ("country     = { ", "country     = { was = \"quantity\", "),
        ("country     = { ", "country     = { was = \"Old Land\", "),
        (
            "grain      = [\"order_id\", \"line_no\"]",
            "degenerate = [\"order_ts\"]\n[policy]\noverwrite = \"merge\"\n[fact.sold]",
        ),
        ("key        = ", "history = \"version\"\nkey        = "),
        ("key        = ", "history = { contry = \"first\" }\nkey        = "),
        ("key        = ", "valid_from = \"order_ts\"\nkey        = "),
        ("key        = ", "history = \"versions\"\nvalid_from = \"country\"\nkey        = "),
        ("grain      = ", "conflict = \"kep\"\ngrain      = "),
        ("grain      = ", "conflict = \"keep\"\ndelete_when = \"quantity < 0\"\ngrain      = "),
        ("grain      = ", "delete_when = \"quantty < 0\"\ngrain      = "),
        (
            "[columns]",
            "[policy]\noverwrite = \"replace\"\n[fact.x]\ngrain = [\"order_id\"]\nconflict = \"keep\"\n[columns]",
        ),
        (
            "[columns]",
            "[policy]\noverwrite = \"replace\"\n[fact.x]\ngrain = [\"order_id\"]\ndelete_when = \"quantity < 0\"\n[columns]",
        ),
        ("[\"quantity\"]", "[{ amount = \"(select 1)\" }]"),
        ("[\"quantity\"]", "[{ order_id = \"quantity\" }]"),
        ("[\"customer\",", "[{ dimension = \"customer\", key = [\"line_no\"], as = \"payer\" },"),
        ("[\"customer\",", "[{ dimension = \"customer\", kee = [\"line_no\"] },"),
        (
            "[\"customer\", { date = \"order_ts\" }]",
            "[\"customer\"]\n[dimension.town]\nkey = [\"line_no\"]\nattributes = [\"country\"]\nhistory = \"versions\"\n[fact.y]\ndimensions = [\"town\"]",
        ),
        ("[fact.sales]", "[view.fact_x]\nsql = \"select 1\"\n[fact.sales]"),
    ];
    let said: Vec<String> = cases.iter().map(|(from, to)| complaint(from, to)).collect();
    insta::assert_snapshot!(said.join("\n---\n"));
}

#[test]
fn one_text_stands_for_a_list_of_itself() {
    let text = SALES
        .replace("match = [\"sales/**/*.csv\"]", "match = \"sales/**/*.csv\"")
        .replace("from = [\"Order Date\"]", "from = \"Order Date\"")
        .replace("key        = [\"customer_id\"]", "key        = \"customer_id\"")
        .replace("attributes = [\"country\"]", "attributes = \"country\"")
        .replace("[columns]", "[file]\nnull = \"-\"\n[columns]")
        .replace("{ type = \"integer\" }", "{ type = \"integer\", currency = \"€\" }");
    let sales = read(&text).unwrap();
    assert_eq!(sales.patterns, ["sales/**/*.csv"]);
    assert_eq!(sales.column("order_ts").unwrap().source.names(), ["order_ts", "Order Date"]);
    assert_eq!(sales.dimensions[0].key, ["customer_id"]);
    assert_eq!(sales.dimensions[0].attributes, ["country"]);
    assert_eq!(sales.file.null, ["-"]);
    // The position of an error is that of the text.
    let said = complaint("key        = [\"customer_id\"]", "key = \"custmer_id\"");
    assert!(said.starts_with("datasets/sales/dataset.toml:14: `custmer_id` is not"), "{said}");
    let said = complaint("from = [\"Order Date\"]", "from = 5");
    assert!(said.contains("expected a text in quotes, or a list of them"), "{said}");
}

#[test]
fn no_error_is_reported_that_only_follows_from_another() {
    for (from, to, found) in [
        // The date of a column whose type is not valid.
        (
            "order_ts    = { type = \"timestamp\"",
            "order_ts    = { type = \"timestmp\"",
            "did you mean",
        ),
        ("type = \"timestamp\",", "type = \"timestamp\", format = \"DD.MM.YYYY\",", "write it as"),
        ("customer_id = { type = \"text\" }", "customer_id = { type = \"txt\" }", "unknown type"),
        (
            "country     = { type = \"text\" }",
            "country     = { type = \"txt\", protect = \"sha256\" }",
            "unknown type",
        ),
        // The columns that refer to one whose name is not valid.
        ("customer_id = { type", "\"Kunde-Nr\" = { type", "must consist of a-z"),
        ("customer_id = { type", "load_id = { type", "is reserved"),
        (
            "[\"sales/**/*.csv\"]",
            "\"s3://bucket/sales/*.csv\"",
            "write \"sales/*.csv\", without s3://",
        ),
        (
            "attributes = [\"country\"]",
            "attributes = [\"country\"]\nhistory = \"version\"\nvalid_from = \"order_ts\"",
            "must be one of overwrite, versions, first",
        ),
        (
            "type = \"timestamp\",",
            "type = \"timestamptz\", repeated_hour = \"first\", time_zone = \"Berlin\",",
            "did you mean \"Europe/Berlin\"?",
        ),
    ] {
        let said = complaint(from, to);
        assert!(said.contains(found) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn an_unknown_value_of_staging_is_refused_with_a_suggestion() {
    let said = complaint("[columns]", "[policy]\nstaging = \"keeps\"\n[columns]");
    assert!(said.contains("staging = \"keeps\" must be one of transient, keep"), "{said}");
    assert!(said.starts_with("datasets/sales/dataset.toml:"), "{said}");
}

#[test]
fn settings_of_a_file_that_contradict_each_other_are_refused() {
    for (file, expected) in [
        ("header = false\nheader_rows = 2", "header_rows is for files with a header"),
        ("header_rows = 0", "header_rows must be 1 to 10"),
        ("encoding = \"latin-1\"", "\"latin-1\", did you mean \"windows-1252\"? use a label"),
        ("encoding = \"ANSI\"", "did you mean \"windows-1252\"?"),
        ("encoding = \"utf-8-sig\"", "did you mean \"utf-8\"?"),
        ("encoding = \"klingon\"", "unknown encoding \"klingon\": use a label"),
        ("skip = -1", "expected a whole number of 0 or more, without quotes, found -1"),
        ("skip_footer = 101", "skip_footer must be 0 to 100"),
        ("format = \"jsonl\"\nskip = 1", "skip is for CSV and workbooks, not for jsonl"),
        ("format = \"jsonl\"\nskip_footer = 1", "skip_footer is for CSV and workbooks"),
        ("format = \"parquet\"\nskip = 1", "skip is for CSV and workbooks, not for parquet"),
        ("trailing_comment = true", "set comment"),
        ("record_end = \"\"", "record_end must be 1 to 8 bytes long"),
        ("record_end = \"\\\"\\n\"", "record_end must not contain the quote or the escape"),
        ("delimiter = \"|\"\nrecord_end = \"|\"", "record_end must not be the delimiter"),
        ("comment = \"|\"\nrecord_end = \"|\\n\"", "record_end must not contain the comment"),
    ] {
        let said = complaint("[columns]", &format!("[file]\n{file}\n[columns]"));
        assert!(said.contains(expected) && said.lines().count() == 1, "{file}: {said}");
    }
    let file = "[file]\nheader = false\nskip_footer = 2\nrecord_end = \"&|\\n\"\n[columns]";
    let sales = read(&SALES.replace("[columns]", file)).unwrap();
    assert_eq!((sales.file.header_rows, sales.file.skip_footer), (0, 2));
    assert_eq!(sales.file.record_end.as_deref(), Some(&b"&|\n"[..]));
}

#[test]
fn a_column_that_holds_a_protected_value_of_another_is_refused() {
    let with = |file: &str, person: &str| {
        let text = SALES
            .replace("match = [\"sales/**/*.csv\"]", file)
            .replace("[dimension", &format!("{person}\nmail = {{ type = \"text\", from = [\"Person.Contact.mail\"], protect = \"sha256\" }}\n[dimension"));
        read(&text).err().map(|errors| errors[0].to_string())
    };
    let json = "match = [\"sales/**\"]\n[file]\nformat = \"jsonl\"";
    let person = "person = { type = \"json\" }";
    for file in [json, "match = [\"sales/**\"]", "match = [\"sales/**/*.parquet\"]"] {
        for holder in [person, "a = { type = \"text\", from = [\"PERSON.contact\"] }"] {
            let error = with(file, holder).unwrap_or_default();
            assert!(
                error.contains("holds the value of `mail`, which is protected"),
                "{file} {holder}: {error}"
            );
        }
        for harmless in [
            "person = { type = \"json\", protect = \"drop\" }",
            "personal = { type = \"json\" }",
            "person_contact = { type = \"text\", from = [\"person.contact.phone\"] }",
        ] {
            assert_eq!(with(file, harmless), None, "{file} {harmless}");
        }
    }
    // In CSV each name is a column of its own.
    assert_eq!(with("match = [\"sales/**/*.csv\"]", person), None);
    // A letter may be composed in one name and decomposed in the other.
    let composed = "own = { type = \"text\", protect = \"drop\", from = [\"caf\u{e9}.mail\"] }";
    let decomposed = "cafe = { type = \"json\", from = [\"cafe\u{301}\"] }";
    let error = with(json, &format!("{composed}\n{decomposed}"));
    assert!(error.is_some_and(|error| error.contains("holds the value of `own`")));
}

#[test]
fn columns_that_are_not_in_the_file_are_checked_with_their_patterns() {
    let from_key = "match = [\"sales/**/*.csv\"]\nfrom_key = ";
    let cases = [
        ("match = [\"sales/**/*.csv\"]", format!("{from_key}\"sales/{{contry}}/*.csv\"")),
        ("match = [\"sales/**/*.csv\"]", format!("{from_key}\"sales/{{country\"")),
        ("match = [\"sales/**/*.csv\"]", format!("{from_key}\"country={{country}}/*.csv\"")),
        ("match = [\"sales/**/*.csv\"]", format!("{from_key}[]")),
        (
            "match = [\"sales/**/*.csv\"]",
            format!("{from_key}[\"sales/{{country}}/*.csv\", \"sales/x/{{quantity}}.csv\"]"),
        ),
        ("country     = { ", "country     = { source = \"filename\", ".to_owned()),
        ("country     = { ", "country     = { source = \"key\", from = \"Land\", ".to_owned()),
        ("country     = { ", "country     = { source = \"key\", value = \"x\", ".to_owned()),
        ("country     = { ", "country     = { source = \"key\", protect = \"sha256\", ".to_owned()),
        ("quantity    = { ", "quantity    = { value = \"1,5\", ".to_owned()),
        ("quantity    = { ", "quantity    = { value = [1], ".to_owned()),
        ("quantity    = { ", "quantity    = { source = \"object_time\", ".to_owned()),
        ("country     = { ", "country     = { source = \"line\", ".to_owned()),
        (
            "[columns]\norder_id    = {",
            "[file]\nformat = \"csv\"\n[columns]\nsheet = { type = \"text\", source = \"sheet\" }\norder_id    = {".to_owned(),
        ),
    ];
    let said: Vec<String> = cases.iter().map(|(from, to)| complaint(from, to)).collect();
    insta::assert_snapshot!(said.join("\n---\n"));
    let error = read(
        "name = \"sales\"\nmatch = \"sales/*\"\n[columns]\nkey = { type = \"text\", source = \"key\" }\n\
         [fact.sales]\ndegenerate = \"key\"\n",
    );
    assert!(error.unwrap_err()[0].message.contains("must name a column of the file"));
}

#[test]
fn files_with_the_same_bytes_are_loaded_where_a_column_comes_from_the_object() {
    let skips = |text: &str| read(text).unwrap().policy.skip_same_content;
    assert!(skips(SALES));
    for given in ["source = \"line\"", "value = 1"] {
        assert!(
            skips(&SALES.replace("quantity    = { ", &format!("quantity    = {{ {given}, "))),
            "{given}"
        );
    }
    let of_name = SALES.replace("country     = { ", "country     = { source = \"file_name\", ");
    assert!(!skips(&of_name));
    assert!(skips(&of_name.replace("[columns]", "[policy]\nsame_content = \"skip\"\n[columns]")));
}
