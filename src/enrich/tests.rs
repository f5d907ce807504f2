//! Tests of lookups in databases of both shapes and all sizes of records, and in tables.

use serde_json::json;

use super::mmdb::MmdbWriter;
use super::*;
use crate::dataset::Catalog;

const COLUMNS: &str =
    "ip = { type = \"inet\" }\nname = { type = \"text\" }\nnumber = { type = \"bigint\" }";

fn dataset(enrich: &str) -> Dataset {
    let contract = format!(
        "name = \"one\"\nmatch = [\"one/**\"]\n[columns]\n{COLUMNS}\n[enrich.geo]\n{enrich}\n\
         [fact.one]\ndegenerate = [\"ip\"]\n"
    );
    let file = ("one/dataset.toml".into(), "one".to_owned(), contract);
    let catalog = Catalog::read([file]).expect("a valid contract");
    catalog.dataset("one").expect("the dataset").clone()
}

pub(super) fn open(enrich: &str, bytes: impl Into<Vec<u8>>) -> Result<Enricher, String> {
    let dataset = dataset(enrich);
    let bytes = Bytes::from(bytes.into());
    Enricher::open(&dataset, &dataset.enrichments[0], bytes, "abc".to_owned())
}

/// What is found for a value, as the columns joined by blanks; `-` for null, the code of an error.
pub(super) fn found(enricher: &Enricher, value: &str) -> String {
    match enricher.find(value) {
        Ok(values) => {
            let texts: Vec<&str> = values.iter().map(|v| v.as_deref().unwrap_or("-")).collect();
            texts.join(" ")
        }
        Err(invalid) => invalid.code.to_owned(),
    }
}

pub(super) const DATABASE: &str = "from = \"ip\"\ndatabase = \"geo.mmdb\"\n[enrich.geo.columns]\n";
pub(super) const NESTED: &str = "country = { type = \"text\", path = \"country.iso_code\" }\n\
                      region = { type = \"text\", path = \"subdivisions.0.iso_code\" }\n\
                      latitude = { type = \"double\", path = \"location.latitude\" }\n\
                      asn = { type = \"bigint\", path = \"traits.autonomous_system_number\" }\n\
                      address_kind = { type = \"text\" }\n";

pub(super) fn nested(record_bits: usize, ip_version: u16) -> MmdbWriter {
    let place = |country: &str, region: &str, latitude: f64| {
        json!({
            "country": { "iso_code": country },
            "subdivisions": [{ "iso_code": region }, { "iso_code": "other" }],
            "location": { "latitude": latitude, "accuracy_radius": 10 },
            "traits": { "autonomous_system_number": 4_200_000_000_u32, "is_anycast": true, "shift": -3 },
        })
    };
    let writer = MmdbWriter::new(record_bits, ip_version)
        .add("1.0.0.0/8", place("AU", "NSW", -33.5))
        .add("1.2.0.0/16", place("DE", "", 52.25))
        .add("9.9.9.9/32", json!({ "country": { "iso_code": "US" } }))
        // These are never looked up.
        .add("10.0.0.0/8", place("XX", "X", 1.0))
        .add("224.0.0.0/4", place("XX", "X", 1.0));
    match ip_version {
        4 => writer,
        _ => writer
            .add("2a00::/16", place("FR", "IDF", 48.0))
            .add("fe80::/10", place("XX", "X", 1.0)),
    }
}

#[test]
fn addresses_are_found_in_databases_of_every_size_of_records() {
    for bits in [24, 28, 32] {
        for version in [4, 6] {
            let geo = open(&[DATABASE, NESTED].concat(), nested(bits, version).bytes()).unwrap();
            for _ in 0..2 {
                for (address, place) in [
                    ("1.1.1.1", "AU NSW -33.5 4200000000 public"),
                    ("1.2.255.255", "DE - 52.25 4200000000 public"),
                    ("::ffff:1.2.3.4", "DE - 52.25 4200000000 public"),
                    ("1.3.0.0/24", "AU NSW -33.5 4200000000 public"),
                    ("9.9.9.9", "US - - - public"),
                    ("9.9.9.8", "- - - - public"),
                    ("10.1.2.3", "- - - - private"),
                    ("224.0.0.1", "- - - - multicast"),
                    ("255.255.255.255", "- - - - reserved"),
                    ("fe80::1", "- - - - link-local"),
                    ("::1", "- - - - loopback"),
                    ("no address", "invalid_inet"),
                    ("1.2.3", "invalid_inet"),
                    ("1.2.3.4:80", "invalid_inet"),
                ] {
                    assert_eq!(found(&geo, address), place, "{address} in {bits} bits, {version}");
                }
            }
            let (france, brazil) = match version {
                4 => ("ipv6_not_in_database", "ipv6_not_in_database"),
                _ => ("FR IDF 48.0 4200000000 public", "- - - - public"),
            };
            assert_eq!(found(&geo, "2a00:1::1"), france);
            assert_eq!(found(&geo, "2801:80::1"), brazil);
            assert_eq!(geo.origin.file_type, "Test-City");
            assert_eq!(geo.origin.built.as_deref(), Some("2026-05-28T20:26:40Z"));
        }
    }
}

#[test]
fn a_database_without_any_address_of_a_kind_says_so_for_each_of_them() {
    let columns = "c = { type = \"text\" }\naddress_kind = { type = \"text\" }\n";
    let record = json!({ "c": "x" });
    let of = |bits, version, network: &str| {
        let bytes = MmdbWriter::new(bits, version).add(network, record.clone()).bytes();
        open(&[DATABASE, columns].concat(), bytes).unwrap()
    };
    for (geo, v4, v6) in [
        (of(24, 4, "1.0.0.0/8"), "- public", "ipv6_not_in_database"),
        // Published as a database for both, with networks of one kind.
        (of(28, 6, "1.0.0.0/8"), "- public", "ipv6_not_in_database"),
        (of(32, 6, "2a00::/16"), "ipv4_not_in_database", "- public"),
        (of(24, 6, "::/3"), "x public", "- public"),
    ] {
        assert_eq!((found(&geo, "9.9.9.9").as_str(), found(&geo, "2c00::1").as_str()), (v4, v6));
        assert_eq!(found(&geo, "::ffff:9.9.9.9"), v4);
        // These are known without the database.
        assert_eq!((found(&geo, "10.0.0.1"), found(&geo, "fe80::1")).0, "- private");
        assert_eq!(found(&geo, "ff02::1"), "- multicast");
    }
}

#[test]
fn a_record_may_be_flat_and_several_paths_are_tried_in_order() {
    let flat = MmdbWriter::new(24, 6)
        .add(
            "1.0.0.0/8",
            json!({ "country_code": "AU", "country": "Australia", "big": 1u64 << 60, "long": "x".repeat(300) }),
        )
        .bytes();
    let columns = "country_code = { type = \"text\" }\n\
                   name_of = { type = \"text\", path = [\"country.names.en\", \"country\"] }\n\
                   big = { type = \"numeric\" }\nall = { type = \"json\", path = \"country\" }\n";
    let geo = open(&[DATABASE, columns].concat(), flat.clone()).unwrap();
    assert_eq!(found(&geo, "1.2.3.4"), "AU Australia 1152921504606846976 \"Australia\"");
    let whole = "place = { type = \"json\", path = \"country\" }\n";
    let geo = open(&[DATABASE, whole].concat(), nested(28, 6).bytes()).unwrap();
    assert!(found(&geo, "9.9.9.9").contains("\"iso_code\""), "{}", found(&geo, "9.9.9.9"));

    let complaint = open(&[DATABASE, NESTED].concat(), flat).unwrap_err();
    assert_eq!(
        complaint,
        "column `country`: no record has the path `country.iso_code`; its first record has: big, country, \
         country_code, long"
    );
    let misspelt = "c = { type = \"text\", path = \"country.isocode\" }\n";
    let complaint = open(&[DATABASE, misspelt].concat(), nested(24, 4).bytes()).unwrap_err();
    assert!(complaint.contains(", did you mean `country.iso_code`?"), "{complaint}");
}

#[test]
fn a_value_that_is_not_of_its_columns_type_is_found_when_the_database_is_opened() {
    for (column, said) in [
        (
            "c = { type = \"integer\", path = \"country.iso_code\" }",
            "of 1.0.0.0/15 is not of its type",
        ),
        ("c = { type = \"integer\", path = \"location.latitude\" }", "expected a whole number"),
        (
            "c = { type = \"text\", path = \"country\" }",
            "expected one value, found a map or a list",
        ),
    ] {
        let complaint = open(&format!("{DATABASE}{column}\n"), nested(28, 4).bytes()).unwrap_err();
        assert!(
            complaint.starts_with("column `c`: the value at `") && complaint.contains(said),
            "{complaint}"
        );
        assert!(!complaint.contains("DE") && !complaint.contains("52.25"), "{complaint}");
    }
}

const TABLE: &str = "table = \"rates.csv\"\n[enrich.geo.columns]\n\
                     rate = { type = \"numeric(8,4)\" }\nsince = { type = \"date\", path = \"Valid From\" }\n";

#[test]
fn a_table_is_looked_up_by_the_value_that_the_columns_type_writes() {
    let csv = "\u{feff}Number;NAME; rate ;valid from;note\n7;seven;1.5;2024-02-29;x\n\n 08 ;\"e;ight\";;;\n";
    let by_number = open(&format!("from = \"number\"\n{TABLE}"), csv).unwrap();
    assert_eq!(found(&by_number, "7"), "1.5 2024-02-29");
    assert_eq!(found(&by_number, "8"), "- -");
    assert_eq!(found(&by_number, "9"), "- -");
    let by_name = open(&format!("from = \"name\"\nkey = \"Name\"\n{TABLE}"), csv).unwrap();
    assert_eq!(found(&by_name, "e;ight"), "- -");
    assert_eq!(found(&by_name, "seven"), "1.5 2024-02-29");
    assert_eq!(found(&by_name, "Seven"), "- -");
    assert_eq!(by_name.origin.file_type, "csv");
    // A decimal comma, as the contract says.
    let comma = "from = \"name\"\ntable = \"t.csv\"\n[enrich.geo.columns]\nrate = { type = \"numeric\", decimal = \",\" }\n";
    assert_eq!(found(&open(comma, "name;rate\na;1,25\n").unwrap(), "a"), "1.25");
    let code = "from = \"name\"\ntable = \"t.csv\"\n[enrich.geo.columns]\nzip = { type = \"text\", pad_left = 5 }\n";
    assert_eq!(found(&open(code, "name;zip\na;1067\n").unwrap(), "a"), "01067");
}

#[test]
fn a_table_that_is_not_right_is_refused_with_the_line() {
    for (csv, said) in [
        ("", "it is empty: expected a header"),
        ("name,rate,valid from\n", "the key: its header has no `number`, did you mean"),
        (
            "number,rat,valid from\n",
            "column `rate`: its header has no `rate`, did you mean `rat`?; it has: number, rat,",
        ),
        (
            "number,rate,valid from\n1,2,2024-01-01\n1,3,2024-01-01\n",
            "line 3: it has the key of line 2 again",
        ),
        (
            "number,rate,valid from\n1,2,2024-01-01\n01,3,\n",
            "line 3: it has the key of line 2 again",
        ),
        ("number,rate,valid from\n,2,2024-01-01\n", "line 2: expected a key, found none"),
        (
            "number,rate,valid from\nx,2,2024-01-01\n",
            "line 2: the key is not of the type of column `number`",
        ),
        ("number,rate,valid from\n1,a,2024-01-01\n", "line 2: column `rate`: expected a number"),
        ("number,rate,valid from\n1,2,2024-02-30\n", "line 2: column `since`: "),
        ("number,rate,valid from\n1,2\n", "line 2: expected 3 fields, found 2"),
        ("number,rate,valid from\n1,\"2\"x,2024-01-01\n", "line 2: "),
    ] {
        let csv = csv.replace("name,rate", "numbr,rate");
        let complaint = open(&format!("from = \"number\"\n{TABLE}"), csv).unwrap_err();
        assert!(complaint.contains(said), "{said}: {complaint}");
    }
}
