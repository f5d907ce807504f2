//! Tests of enriched columns: their values in COPY lines, and rows that are rejected for them.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::dataset::{Catalog, Dataset};
use crate::enrich::Enricher;
use crate::records::{CsvOptions, CsvReader, Record, RecordReader, Step};

const REGIONS: &str = "country,region,note\nDE,EU,\"a\tb\"\nUS,NA,\\\nFR,EU,\n";
const RATES: &str = "region;rate\nEU;1,5\nNA;2\n";

/// A dataset whose column `country` leads to a region, and that to a rate.
fn dataset(country: &str, more: &str) -> Dataset {
    let contract = format!(
        "name = \"one\"\nmatch = \"one/**\"\n[columns]\nid = {{ type = \"text\" }}\n{country}\n\
         [enrich.rates]\nfrom = \"region\"\ntable = \"rates.csv\"\n[enrich.rates.columns]\n\
         rate = {{ type = \"numeric(8,2)\", decimal = \",\" }}\n\
         [enrich.regions]\nfrom = \"country\"\ntable = \"regions.csv\"\n[enrich.regions.columns]\n\
         region = {{ type = \"text\" }}\nnote = {{ type = \"text\" {more} }}\n\
         [fact.one]\ndegenerate = [\"region\"]\nmeasures = [\"rate\"]\n"
    );
    let file = ("one/dataset.toml".into(), "one".to_owned(), contract);
    let catalog = Catalog::read([file]).unwrap_or_else(|errors| panic!("{errors:?}"));
    catalog.dataset("one").expect("the dataset").clone()
}

fn enrichers(dataset: &Dataset) -> Vec<Arc<Enricher>> {
    let opened = dataset.enrichments.iter().map(|enrichment| {
        let csv = if enrichment.name == "rates" { RATES } else { REGIONS };
        let bytes = Bytes::from_static(csv.as_bytes());
        Arc::new(Enricher::open(dataset, enrichment, bytes, String::new()).unwrap())
    });
    opened.collect()
}

/// The COPY lines of a file, each without its end; or its column, code and reason where it is rejected.
fn lines(dataset: &Dataset, enrichers: &[Arc<Enricher>], text: &str) -> Vec<String> {
    let mut reader = CsvReader::new(CsvOptions::default());
    reader.push(text.as_bytes());
    reader.end();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    let names: Vec<&str> = record.iter().map(|name| std::str::from_utf8(name).unwrap()).collect();
    let header = Header::by_name(dataset, &names).unwrap();
    let facts = ObjectFacts {
        bucket: "b",
        key: "one/DE.csv",
        is_path: false,
        version_id: None,
        object_time: None,
        sheet: None,
        entry: None,
    };
    let values = LoadValues::new(dataset, &header, &facts).unwrap();
    let writer = RowWriter::new(dataset, &header, "salt").with_load_values(values);
    let writer = writer.with_enrichers(dataset, enrichers);
    let mut lines = Vec::new();
    while reader.next(&mut record) == Ok(Step::Record) {
        let mut out = Vec::new();
        lines.push(match writer.write(&record, &mut out) {
            Ok(()) => String::from_utf8(out).unwrap().trim_end_matches('\n').to_owned(),
            Err(Rejection { column, code, reason, .. }) => {
                format!("{} {code}: {reason}", column.unwrap_or_default())
            }
        });
    }
    lines
}

#[test]
fn values_are_found_by_those_of_other_enrichments_and_escaped_for_copy() {
    let dataset = dataset("country = { type = \"text\" }", "");
    let names: Vec<&str> = dataset.enrichments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["regions", "rates"], "in the order in which they need each other");
    let file = "id,country\na,DE\nb,US\nc,FR\nd,XX\ne,\nf,\"\"\n\"\",\"\"\n,\n";
    let found = lines(&dataset, &enrichers(&dataset), file);
    assert_eq!(
        found,
        [
            "a\tDE\t1.5\tEU\ta\\tb\t2\t\\N",
            "b\tUS\t2\tNA\t\\\\\t3\t\\N",
            "c\tFR\t1.5\tEU\t\\N\t4\t\\N",
            "d\tXX\t\\N\t\\N\t\\N\t5\t\\N",
            "e\t\\N\t\\N\t\\N\t\\N\t6\t\\N",
            "f\t\t\\N\t\\N\t\\N\t7\t\\N",
            "\t\t\\N\t\\N\t\\N\t8\t\\N",
        ]
    );
}

#[test]
fn what_is_looked_up_may_be_protected_or_come_from_the_object() {
    for (country, text, line) in [
        (
            "country = { type = \"text\", protect = \"drop\" }",
            "id,country\na,US\n",
            "a\t\\N\t2\tNA\t\\\\\t2\t\\N",
        ),
        ("country = { type = \"text\", value = \"US\" }", "id\na\n", "a\tUS\t2\tNA\t\\\\\t2\t\\N"),
        (
            "country = { type = \"text\" }\n[file]\ntrim = true\nnull = \"-\"",
            "id,country\na,\" US \"\nb,-\n",
            "a\tUS\t2\tNA\t\\\\\t2\t\\N",
        ),
    ] {
        let dataset = dataset(country, "");
        assert_eq!(lines(&dataset, &enrichers(&dataset), text)[0], line, "{country}");
    }
    let hashed = dataset("country = { type = \"text\", protect = \"sha256\" }", "");
    let line = lines(&hashed, &enrichers(&hashed), "id,country\na,US\n").remove(0);
    assert!(line.ends_with("\t2\tNA\t\\\\\t2\t\\N") && !line.contains("US"), "{line}");
}

#[test]
fn a_row_without_a_required_value_is_rejected_and_so_is_every_row_without_the_file() {
    let dataset = dataset("country = { type = \"text\" }", ", required = true");
    let found = lines(&dataset, &enrichers(&dataset), "id,country\na,DE\nb,FR\nc,\n");
    let missing = "note missing_value: expected a value, found none";
    assert_eq!(found, ["a\tDE\t1.5\tEU\ta\\tb\t2\t\\N", missing, missing]);
    let found = lines(&dataset, &[], "id,country\na,DE\n");
    assert_eq!(found, ["rate not_looked_up: the file of its enrichment is not open"]);
}

#[test]
fn a_column_of_the_file_with_the_name_of_an_enriched_one_is_an_unknown_one() {
    let dataset = dataset("country = { type = \"text\" }", "");
    let found = lines(&dataset, &enrichers(&dataset), "id,country,region\na,DE,mine\n");
    assert_eq!(found, ["a\tDE\t1.5\tEU\ta\\tb\t2\t{\"region\":\"mine\"}"]);
}

#[test]
fn a_row_of_empty_quotes_has_no_value_whatever_is_looked_up_in_it() {
    let dataset = dataset(
        "country = { type = \"text\", value = \"US\" }\namount = { type = \"integer\" }",
        "",
    );
    let dataset = Dataset {
        columns: dataset.columns.into_iter().filter(|column| column.name != "id").collect(),
        ..dataset
    };
    let found = lines(&dataset, &enrichers(&dataset), "amount\n1\n\"\"\n");
    assert_eq!(found[0], "US\t1\t2\tNA\t\\\\\t2\t\\N");
    assert!(found[1].starts_with(" no_value: no column has a value"), "{}", found[1]);
}
