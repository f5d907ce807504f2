//! Tests of the contract's enrichments: their order, their columns, and the messages for each kind of error.

use crate::dataset::{Catalog, ColumnSource, Dataset, EnrichmentFile};

const USERS: &str = r#"
name  = "users"
match = "users/**"

[columns]
id         = { type = "bigint", required = true }
ip_address = { type = "inet" }
paid       = { type = "date" }

[enrich.rates]
from  = "country"
table = "rates.csv"
[enrich.rates.columns]
rate = { type = "numeric(8,4)", path = "Rate" }

[enrich.geo]
from     = "ip_address"
database = "GeoLite2-City.mmdb"
[enrich.geo.columns]
country      = { type = "text", path = ["country.iso_code", "country_code"], required = true }
address_kind = { type = "text" }

[enrich.network]
from     = "ip_address"
database = "s3://geo/asn/GeoLite2-ASN.mmdb"
[enrich.network.columns]
owner = { type = "text", path = "autonomous_system_organization" }

[dimension.place]
key = "country"
attributes = "owner"
[fact.users]
grain = ["id", "country"]
dimensions = ["place"]
measures = ["rate", { twice = "rate * 2" }]
degenerate = "address_kind"
"#;

fn read(text: &str) -> Result<Dataset, String> {
    let contract = ("contracts/users/dataset.toml".into(), "users".to_owned(), text.to_owned());
    match Catalog::read([contract]) {
        Ok(catalog) => Ok(catalog.datasets()[0].clone()),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

#[test]
fn enriched_columns_are_columns_like_all_others_behind_those_of_the_file() {
    let users = read(USERS).unwrap();
    let names: Vec<&str> = users.columns.iter().map(|column| column.name.as_str()).collect();
    let all = ["id", "ip_address", "paid", "rate", "country", "address_kind", "owner"];
    assert_eq!(names, all);
    assert!(users.columns[3..].iter().all(|column| column.source == ColumnSource::Enriched));
    let names: Vec<&str> = users.enrichments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["geo", "network", "rates"], "in the order in which they need each other");
    let geo = &users.enrichments[0];
    assert_eq!(geo.file, EnrichmentFile::Local("contracts/users/GeoLite2-City.mmdb".into()));
    assert_eq!(geo.columns[0].paths, ["country.iso_code", "country_code"]);
    assert_eq!(geo.columns[1].paths, ["address_kind"]);
    assert_eq!(users.enrichments[1].file.to_string(), "s3://geo/asn/GeoLite2-ASN.mmdb");
    let layer = USERS.replace("\"GeoLite2-City.mmdb\"", "\"/opt/geo/City.mmdb\"");
    assert_eq!(read(&layer).unwrap().enrichments[0].file.to_string(), "/opt/geo/City.mmdb");
}

#[test]
fn every_error_names_line_and_fix() {
    let cases = [
        (
            "from     = \"ip_address\"\ndatabase = \"Geo",
            "from     = \"ip_adress\"\ndatabase = \"Geo",
        ),
        ("from     = \"ip_address\"\ndatabase = \"Geo", "from     = \"paid\"\ndatabase = \"Geo"),
        ("ip_address = { type = \"inet\" }", "ip_address = { type = \"inett\" }"),
        ("table = \"rates.csv\"", "tabel = \"rates.csv\""),
        ("table = \"rates.csv\"", ""),
        ("table = \"rates.csv\"", "table = \"rates.csv\"\ndatabase = \"x.mmdb\""),
        ("table = \"rates.csv\"", "table = \" \""),
        ("\"s3://geo/asn/GeoLite2-ASN.mmdb\"", "\"s3://geo\""),
        ("database = \"s3", "key = \"x\"\ndatabase = \"s3"),
        ("owner = { type = \"text\",", "owner = { type = \"txt\","),
        ("owner = { type = \"text\",", "owner = { type = \"text\", form = \"x\","),
        ("owner = {", "paid = {"),
        ("owner = {", "load_id = {"),
        ("owner = { type = \"text\", path = \"autonomous_system_organization\" }", ""),
        ("path = \"autonomous_system_organization\"", "path = \"a..b\""),
        ("path = \"autonomous_system_organization\"", "path = []"),
        ("address_kind = { type = \"text\" }", "address_kind = { type = \"inet\" }"),
        ("from     = \"ip_address\"\ndatabase = \"Geo", "from     = \"owner\"\ndatabase = \"Geo"),
        ("from  = \"country\"", "from  = \"rate\""),
        ("[enrich.network]", "[enrich.Network]"),
        (", required = true }\naddress", " }\naddress"),
        ("owner = {", "owner = { was = \"paid\","),
    ];
    let said = cases.map(|(from, to)| {
        assert!(USERS.contains(from), "the sample has no {from}");
        let mut text = USERS.replacen(from, to, 1);
        if to == "[enrich.Network]" {
            text = text.replace("enrich.network", "enrich.Network");
        }
        if to == "from     = \"owner\"\ndatabase = \"Geo" {
            text = text.replace("from     = \"ip_address\"", "from     = \"country\"");
        }
        read(&text).expect_err(to)
    });
    let protected = USERS
        .replace(
            "paid       = { type = \"date\" }",
            "paid = { type = \"text\", protect = \"sha256\" }",
        )
        .replace("from  = \"country\"", "from = \"paid\"\nkey = \"Customer\"")
        .replace(
            "path = \"Rate\" }",
            "path = \"Rate\" }\nagain = { type = \"text\", path = \"customer \" }",
        );
    assert_eq!(
        read(&protected).unwrap_err(),
        "contracts/users/dataset.toml:11: column `again` holds the value of `paid`, which is protected: remove it"
    );
    insta::assert_snapshot!(said.join("\n---\n"));
}
