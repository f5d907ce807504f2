//! Tests of headers: names in several rows, columns without a name, and what errors say.

use super::*;
use crate::dataset::{Catalog, ColumnSource, Dataset};

fn dataset(file: &str, policy: &str) -> Dataset {
    let contract = format!(
        "name = \"one\"\nmatch = [\"one/**\"]\n[file]\n{file}\n[columns]\n\
         visit_no = {{ type = \"integer\", required = true }}\nname = {{ type = \"text\" }}\n\
         paid = {{ type = \"numeric(8,2)\", from = [\"amount paid\"] }}\n[policy]\n{policy}\n\
         [fact.one]\ndegenerate = [\"name\"]\n"
    );
    let file = ("one/dataset.toml".into(), "one".to_owned(), contract);
    let catalog = Catalog::read([file]).expect("a valid contract");
    catalog.dataset("one").expect("the dataset").clone()
}

/// What the error says of a header with these names.
fn said(policy: &str, names: &[&str]) -> String {
    let error = Header::by_name(&dataset("", policy), names).expect_err("it does not fit");
    error.at(1, Some(b",")).to_string()
}

#[test]
fn an_error_shows_the_header_the_delimiter_and_the_likely_cause() {
    insta::assert_snapshot!(said("", &["visit_no;name;paid"]), @"no column of the contract is in the header: it has one column only: set delimiter = \";\", or skip if lines come before the header; line 1, split at `,`: `visit_no;name;paid`");
    insta::assert_snapshot!(said("", &["Report of May"]), @"no column of the contract is in the header: it has one column only: set delimiter, or skip if lines come before the header; line 1, split at `,`: `Report of May`");
    insta::assert_snapshot!(said("", &["7", "Zo\u{eb}", "12.50"]), @"no column of the contract is in the header: it looks like data: set header = false if the file has no header; line 1, split at `,`: `7`, `Zo\u{eb}`, `12.50`");
    insta::assert_snapshot!(said("", &["a", "b"]), @"no column of the contract is in the header: is this a file of the dataset? Set skip if lines come before the header, or add the file's spellings to `from`; line 1, split at `,`: `a`, `b`");
    insta::assert_snapshot!(said("", &["Visit No", "name", "paid"]), @"required column visit_no is not in the header: add `Visit No` to `from` of visit_no; line 1, split at `,`: `Visit No`, `name`, `paid`");
    insta::assert_snapshot!(said("", &["visit_no", "full name", "total"]), @"column name, paid is not in the header: add `full name` to `from` of name, or set missing_column = \"null\"; line 1, split at `,`: `visit_no`, `full name`, `total`");
    insta::assert_snapshot!(said("", &["visit_no", "name"]), @"column paid is not in the header: add its spelling in the file to `from`, or set missing_column = \"null\"; line 1, split at `,`: `visit_no`, `name`");
    let many: Vec<String> = (0..30).map(|n| format!("{}{n}", "x".repeat(50))).collect();
    let long = said("", &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(long.ends_with(" and 10 more") && long.len() < 1_300, "{long}");
}

#[test]
fn a_file_with_none_of_the_columns_is_refused_whatever_may_be_null() {
    let dataset = dataset("", "missing_column = \"null\"");
    let dataset = Dataset {
        columns: dataset.columns.into_iter().filter(|column| !column.required).collect(),
        ..dataset
    };
    let error = Header::by_name(&dataset, &["Zo\u{eb}", "7"]).expect_err("no column is found");
    assert!(!error.to_string().contains("missing_column"), "{error}");
    assert!(Header::by_name(&dataset, &["name"]).is_ok());
}

#[test]
fn a_header_that_may_be_a_row_is_not_shown_where_values_are_protected() {
    let mut dataset = dataset("", "");
    dataset.columns[1].protect = Some(crate::dataset::Protect::Drop);
    let error = Header::by_name(&dataset, &["7", "Zo\u{eb}", "1"]).expect_err("it does not fit");
    let said = error.at(1, Some(b",")).to_string();
    assert!(!said.contains("Zo\u{eb}") && said.contains("is not shown"), "{said}");
}

#[test]
fn columns_without_a_name_are_unknown_columns_also_at_the_end() {
    let all = ["visit_no", "", "name", "paid", "", " "];
    let header = Header::by_name(&dataset("", ""), &all).expect("it fits");
    let unknown: Vec<&str> = header.unknown.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(unknown, ["column_2", "column_5", "column_6"]);
    assert_eq!((header.width, header.named_width), (6, 4));
    assert_eq!(header.notes().as_deref(), Some("unknown columns: column_2"));
    let reject = dataset("", "unknown_column = \"reject\"");
    assert!(Header::by_name(&reject, &["visit_no", "name", "paid", "", ""]).is_ok());
    assert!(Header::by_name(&reject, &all).is_err());
    let exported = ["visit_no", "name", "paid", "", REJECTED[0], REJECTED[1]];
    assert!(Header::by_name(&reject, &exported).is_ok_and(|header| header.named_width == 6));
    let trailing = dataset("trailing_delimiter = true", "");
    let header = Header::by_name(&trailing, &["visit_no", "name", "paid", ""]).expect("it fits");
    assert_eq!((header.width, header.unknown.len()), (3, 0));
}

#[test]
fn the_names_of_a_header_in_several_rows_are_joined() {
    let dataset = dataset("header_rows = 2", "");
    let joined = |rows: &[&[&str]]| {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        join_names(&dataset, &rows).join("|")
    };
    assert_eq!(joined(&[&["id", "Q1", "Q2"], &["", "net", "net"]]), "id|Q1 net|Q2 net");
    assert_eq!(
        joined(&[&["Sales", "", "Costs", ""], &["a", "b", "a", "b"]]),
        "Sales a|Sales b|Costs a|Costs b"
    );
    assert_eq!(joined(&[&["amount", "", ""], &["paid", "name", ""]]), "amount paid|name|");
    assert_eq!(joined(&[&["a"], &["b", " c "], &["", "", "d"]]), "a b|c|a c d");
}

#[test]
fn a_file_that_is_no_delimited_text_is_called_what_it_is() {
    for (first, word) in [
        ("<!DOCTYPE html><html><body>403</body></html>", "a web page"),
        ("<?xml version=\"1.0\"?>", "XML"),
        ("{\"id\": 1}", "format = \"jsonl\""),
        ("[", "format = \"jsonl\""),
        ("version https://git-lfs.github.com/spec/v1", "Git LFS"),
        ("%PDF-1.7", "PDF"),
        ("  ", "nothing but blanks"),
    ] {
        for names in [&[first][..], &[first, first]] {
            let error = Header::by_name(&dataset("", ""), names).expect_err("it does not fit");
            let said = error.to_string();
            assert!(said.contains(word) && !said.contains("set delimiter"), "{said}");
        }
    }
}

#[test]
fn composed_and_decomposed_letters_of_a_header_are_the_same() {
    let mut dataset = dataset("", "");
    dataset.columns[1].source = ColumnSource::File(vec!["Zo\u{eb}".to_owned()]);
    for name in ["Zo\u{eb}", "Zoe\u{308}", "ZOE\u{308}"] {
        let header = Header::by_name(&dataset, &["visit_no", name, "paid"]);
        assert!(header.is_ok_and(|header| header.fields[1] == Some(1)), "{name:?}");
    }
}
