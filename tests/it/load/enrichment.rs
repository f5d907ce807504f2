//! `[enrich.*]`: places of addresses and values of tables, from the file to the star; files that are missing or
//! damaged.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use stardrop_local::s3::{Fault, FaultKind};

use crate::support::cloud::{Cloud, run};
use crate::support::mmdb::MmdbWriter;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

const USERS: &str = r#"
name  = "users"
match = "users/**"
[columns]
id         = { type = "bigint", required = true }
ip_address = { type = "text" }
paid_in    = { type = "text" }
[policy]
rejects = "50%"
[enrich.geo]
from     = "ip_address"
database = "GEO"
[enrich.geo.columns]
country      = { type = "text", path = ["country.iso_code", "country_code"] }
latitude     = { type = "numeric(8,4)", path = "location.latitude" }
address_kind = { type = "text" }
[enrich.rates]
from  = "paid_in"
table = "rates.csv"
key   = "currency"
[enrich.rates.columns]
rate = { type = "numeric(8,4)" }
[dimension.country]
key = "country"
[fact.users]
grain      = ["id"]
dimensions = ["country"]
measures   = ["latitude", { euros = "id * rate" }]
degenerate = ["ip_address", "address_kind"]
"#;

const RATES: &str = "currency,rate\nEUR,1\nUSD,0.5\n";

pub(super) const FILE: &str = "id,ip_address,paid_in\n1,1.2.3.4,EUR\n2,2a00::1,USD\n3,10.1.2.3,XXX\n4,239.1.1.1,\n\
                    5,9.9.9.9,EUR\n6,not an address,EUR\n7,,EUR\n8,\"::ffff:1.2.3.5\",USD\n9,240.0.0.1,EUR\n";

pub(super) const FACTS: &str = "select f.id, d.country, f.latitude, f.address_kind, f.euros
     from star.fact_users f left join star.dim_country d using (country_key) order by 1";

pub(super) fn geo(country: &str) -> Vec<u8> {
    MmdbWriter::new(28, 6)
        .add(
            "1.2.0.0/16",
            json!({ "country": { "iso_code": country }, "location": { "latitude": 52.5 } }),
        )
        .add(
            "2a00::/16",
            json!({ "country": { "iso_code": "FR" }, "location": { "latitude": -1.25 } }),
        )
        .bytes()
}

/// A database of the shape that has no maps, for IPv4 only.
fn flat(country: &str) -> Vec<u8> {
    MmdbWriter::new(24, 4)
        .add("1.0.0.0/8", json!({ "country_code": country, "location": { "latitude": 1 } }))
        .bytes()
}

pub(super) struct Users {
    pub db: TestDatabase,
    pub cloud: Cloud,
    pub folder: tempfile::TempDir,
}

impl Users {
    pub(super) async fn of(contract: &str) -> Users {
        let catalog = catalog_of(&[("users", contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        let users = Users { db, cloud, folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(users.file("dataset.toml").parent().unwrap()).unwrap();
        fs::create_dir(users.folder.path().join("tmp")).unwrap();
        fs::write(users.file("dataset.toml"), contract).unwrap();
        fs::write(users.file("rates.csv"), RATES).unwrap();
        users
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("datasets/users").join(name)
    }

    pub(super) async fn stardrop(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (datasets, tmp) = (path("datasets"), path("tmp"));
        let vars = [
            ("DATABASE_URL", self.db.url.as_str()),
            ("STARDROP_DATASETS", datasets.as_str()),
            ("TMPDIR", tmp.as_str()),
        ];
        run(self.cloud.stardrop(arguments, &vars)).await
    }

    /// Runs a command that must succeed.
    pub(super) async fn done(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.stardrop(arguments).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}: {out}");
        out
    }

    pub(super) async fn enrichment(&self, load: u32) -> Value {
        let sql = format!("select enrichment from stardrop.load where load_id = {load}");
        serde_json::from_str(&self.db.text(&sql).await).unwrap()
    }
}

pub(super) fn local() -> String {
    USERS.replace("GEO", "geo/City.mmdb")
}

pub(super) fn put_geo(users: &Users, bytes: &[u8]) {
    fs::create_dir_all(users.file("geo")).unwrap();
    fs::write(users.file("geo/City.mmdb"), bytes).unwrap();
}

#[tokio::test]
async fn places_of_addresses_and_values_of_tables_are_columns_of_the_star() {
    let users = Users::of(&local()).await;
    put_geo(&users, &geo("DE"));
    // An empty text is no address, and no fault either.
    users.cloud.put("users/a.csv", format!("{FILE}10,\"\",EUR\n")).await;
    users.done(&["load", "s3://inbox/users/"]).await;
    insta::assert_snapshot!(users.db.rows(FACTS).await, @r"
    1|DE|52.5000|public|1.0000
    2|FR|-1.2500|public|1.0000
    3|null|null|private|null
    4|null|null|multicast|null
    5|null|null|public|5.0000
    7|null|null|null|7.0000
    8|DE|52.5000|public|4.0000
    9|null|null|reserved|9.0000
    10|null|null|null|10.0000
    ");
    let rejected = "select source_line, column_name, code, reason from stardrop.rejected_row";
    let rejected = users.db.rows(rejected).await;
    assert_eq!(rejected, "7|ip_address|invalid_inet|expected an IPv4 or IPv6 address");
    let files = users.enrichment(1).await;
    let said = |n: usize, key: &str| files[n][key].as_str().unwrap_or("null").to_owned();
    assert_eq!(said(0, "name") + "/" + &said(1, "name"), "geo/rates");
    assert_eq!(said(0, "type") + " of " + &said(0, "built"), "Test-City of 2026-05-28T20:26:40Z");
    assert_eq!((said(1, "type"), said(1, "built")), ("csv".to_owned(), "null".to_owned()));
    assert!(said(0, "file").ends_with("datasets/users/geo/City.mmdb"), "{files}");
    use sha2::{Digest, Sha256};
    let sha256: String = Sha256::digest(geo("DE")).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(said(0, "sha256"), sha256);
    let status = users.done(&["status", "1"]).await;
    assert!(status.contains("Test-City") && status.contains(&sha256), "{status}");
    assert_balanced(&users.db).await;
}

#[tokio::test]
async fn a_missing_or_damaged_file_stops_the_load_before_its_first_row() {
    let users = Users::of(&local()).await;
    users.cloud.put("users/a.csv", FILE).await;
    let whole = geo("DE");
    let cut = |from: usize| whole[..whole.len() - from].to_vec();
    for (database, rates, said) in [
        (None, RATES, "there is no such file"),
        (Some(cut(whole.len())), RATES, "it is empty"),
        (Some(cut(400)), RATES, "it is truncated, or is not a MaxMind DB"),
        (Some(cut(30)), RATES, "its metadata does not fit it"),
        (Some([&[0xff; 7], &whole[7..]].concat()), RATES, "its search tree is broken"),
        (Some(b"id,name\n".to_vec()), RATES, "is not a MaxMind DB"),
        (Some(whole.clone()), "currency,rate\nEUR,x\n", "line 2: column `rate`: expected a number"),
        (Some(whole.clone()), "currency\nEUR\n", "its header has no `rate`"),
    ] {
        match database {
            Some(bytes) => put_geo(&users, &bytes),
            None => assert!(!users.file("geo/City.mmdb").exists()),
        }
        fs::write(users.file("rates.csv"), rates).unwrap();
        let (code, out, err) = users.stardrop(&["load", "s3://inbox/users/"]).await;
        let name = if rates == RATES { "geo" } else { "rates" };
        let file = if rates == RATES { "City.mmdb: " } else { "rates.csv: " };
        assert_eq!(code, Some(2), "{said}: {out}{err}");
        let all = out + &err;
        let stage =
            format!("enrich: s3://inbox/users/a.csv: enrichment `{name}` of dataset `users`: ");
        assert!(all.contains(&stage) && all.contains(file) && all.contains(said), "{said}: {all}");
        assert!(all.contains("replace the file named in the message"), "{all}");
        assert_eq!(
            users.db.rows("select state, rows_read, batches from stardrop.load").await,
            "loading|0|0"
        );
        assert_eq!(users.db.text("select count(*) from star.fact_users").await, "0");
    }
    fs::write(users.file("rates.csv"), RATES).unwrap();
    users.done(&["load", "s3://inbox/users/"]).await;
    assert_eq!(users.db.rows("select state, rows_staged from stardrop.load").await, "loaded|8");
}

#[tokio::test]
async fn a_database_in_s3_is_kept_in_the_temporary_folder_by_its_etag() {
    let users = Users::of(&USERS.replace("GEO", "s3://inbox/geo/City.mmdb")).await;
    users.cloud.put("users/a.csv", FILE).await;
    let (code, out, err) = users.stardrop(&["load", "s3://inbox/users/a.csv"]).await;
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(
        (out + &err).contains("enrichment `geo` of dataset `users`: s3://inbox/geo/City.mmdb: ")
    );
    let copies = || -> Vec<PathBuf> {
        let files = fs::read_dir(users.folder.path().join("tmp")).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    };
    let country = "select country from star.dim_country where country_key > 0 order by 1";
    let databases = [geo("DE"), geo("AT"), flat("CH")];
    let expected = ["DE\nFR", "AT\nDE\nFR", "AT\nCH\nDE\nFR"];
    for (n, (database, found)) in databases.iter().zip(expected).enumerate() {
        users.cloud.put("geo/City.mmdb", database.clone()).await;
        let text = FILE.replace("1,1.2.3.4", &format!("{},1.2.3.4", 100 + n));
        users.cloud.put("users/a.csv", text).await;
        users.done(&["load", "s3://inbox/users/a.csv"]).await;
        assert_eq!(users.db.rows(country).await, found);
        let copies = copies();
        assert_eq!(copies.len(), 1, "{copies:?}");
        assert_eq!(fs::read(&copies[0]).unwrap(), *database);
    }
    // An IPv6 address cannot be in the last one.
    let rejected = "select code, reason from stardrop.rejected_row where code like 'ipv6%'";
    insta::assert_snapshot!(users.db.rows(rejected).await, @"ipv6_not_in_database|expected an IPv4 address, because the database has no others: use one for IPv4 and IPv6");
    // A copy that is damaged is replaced; one that is whole is what is read.
    let copy = &copies()[0];
    fs::write(copy, vec![0; flat("CH").len()]).unwrap();
    let text = FILE.replace("1,1.2.3.4", "200,1.2.3.4");
    users.cloud.put("users/b.csv", text.clone()).await;
    users.done(&["load", "s3://inbox/users/b.csv"]).await;
    assert_eq!(fs::read(copy).unwrap(), flat("CH"));
    let faults = users.cloud.s3.faults();
    faults.push(Fault::new(FaultKind::CutAt(1)).of_key("geo/City.mmdb").always());
    users.cloud.put("users/c.csv", text.replace("200,", "201,")).await;
    users.done(&["load", "s3://inbox/users/c.csv"]).await;
    fs::remove_file(copy).unwrap();
    users.cloud.put("users/d.csv", text.replace("200,", "202,")).await;
    let (code, out, err) = users.stardrop(&["load", "s3://inbox/users/d.csv"]).await;
    assert_eq!(code, Some(3), "{out}{err}");
    assert_eq!(users.db.text("select count(*) from star.fact_users where id = 202").await, "0");
    faults.clear();
    users.done(&["load", "s3://inbox/users/d.csv"]).await;
    assert_eq!(users.db.text("select count(*) from star.fact_users where id = 202").await, "1");
}
