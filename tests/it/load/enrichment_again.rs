//! `[enrich.*]` with files that are replaced: loads that are replayed, rejected rows that load, the loader's health.

use std::fs;

use serde_json::{Value, json};

use super::enrichment::{FACTS, FILE, Users, geo, local, put_geo};
use crate::lambda::events::{sample, success};
use crate::support::cloud::QUEUE;
use crate::support::mmdb::MmdbWriter;
use crate::support::runtime_api::Function;
use crate::support::star_content::{assert_balanced, meaning};

#[tokio::test]
async fn a_new_database_is_refreshed_by_the_name_of_the_dataset() {
    let users = Users::of(&local()).await;
    put_geo(&users, &geo("DE"));
    users.cloud.put("users/a.csv", FILE).await;
    users.cloud.put("users/b.csv", FILE.replace("1,1.2.3.4", "10,1.2.3.4")).await;
    users.done(&["load", "s3://inbox/users/"]).await;
    let refresh = ["load", "--refresh-enrichment", "users"];
    let out = users.done(&refresh).await;
    assert!(out.starts_with("0 loads of `users` used other files, 2 used these\n"), "{out}");
    let before = meaning(&users.db).await;

    // Nothing is undone for a database that cannot be opened.
    put_geo(&users, b"x");
    let (code, out, err) = users.stardrop(&refresh).await;
    assert_eq!(code, Some(2), "{out}{err}");
    let (code, out, err) = users.stardrop(&["replay", "1"]).await;
    assert_eq!(code, Some(2), "{out}{err}");
    assert_eq!(meaning(&users.db).await, before);
    assert_eq!(users.db.rows("select distinct state from stardrop.load").await, "loaded");

    put_geo(&users, &geo("AT"));
    let out = users.done(&refresh).await;
    assert!(out.starts_with("2 loads of `users` used other files, 0 used these\n"), "{out}");
    let countries =
        "select distinct country from star.fact_users join star.dim_country using (country_key)
        where country_key > 0 order by 1";
    assert_eq!(users.db.rows(countries).await, "AT\nFR");
    let out = users.done(&refresh).await;
    assert!(out.starts_with("0 loads"), "{out}");
    assert_balanced(&users.db).await;

    // The star is what it would be if the new database had been there from the start.
    let right = Users::of(&local()).await;
    put_geo(&right, &geo("AT"));
    right.cloud.put("users/a.csv", FILE).await;
    right.cloud.put("users/b.csv", FILE.replace("1,1.2.3.4", "10,1.2.3.4")).await;
    right.done(&["load", "s3://inbox/users/"]).await;
    assert_eq!(users.db.rows(FACTS).await, right.db.rows(FACTS).await);

    let (code, _, err) = users.stardrop(&["load", "--refresh-enrichment", "user"]).await;
    assert_eq!(code, Some(2), "{err}");
}

#[tokio::test]
async fn rejected_rows_load_by_a_database_that_knows_their_address() {
    let required = local().replace("\"country_code\"]", "\"country_code\"], required = true");
    let users = Users::of(&required.replace("50%", "90%")).await;
    put_geo(&users, &geo("DE"));
    users.cloud.put("users/a.csv", FILE).await;
    users.done(&["load", "s3://inbox/users/"]).await;
    let counts = "select rows_staged, rows_rejected from stardrop.load";
    assert_eq!(users.db.rows(counts).await, "3|6");
    let more = MmdbWriter::new(32, 6)
        .add(
            "9.0.0.0/8",
            json!({ "country": { "iso_code": "US" }, "location": { "latitude": 2.5 } }),
        )
        .bytes();
    put_geo(&users, &more);
    let out = users.done(&["replay", "--rejects", "1"]).await;
    assert!(out.ends_with("1 rejected rows loaded, 5 still rejected\n"), "{out}");
    assert_eq!(users.db.rows(counts).await, "4|5");
    let names: Vec<Value> =
        users.enrichment(1).await.as_array().unwrap().iter().map(|f| f["name"].clone()).collect();
    assert_eq!(names, ["geo", "rates", "geo"], "rows of both databases are in the star");
    // Both are other files than one of them alone.
    let out = users.done(&["load", "--refresh-enrichment", "users"]).await;
    assert!(out.starts_with("1 loads of `users` used other files"), "{out}");
    assert_balanced(&users.db).await;
}

#[tokio::test]
async fn mock_rows_have_addresses_where_they_are_looked_up() {
    let users = Users::of(&local()).await;
    put_geo(&users, &geo("DE"));
    let out = users.folder.path().join("mock.csv").display().to_string();
    let (code, _, err) =
        users.stardrop(&["generate", "users", "--rows", "500", "--out", &out]).await;
    assert_eq!(code, Some(0), "{err}");
    users.cloud.put("users/mock.csv", fs::read_to_string(&out).unwrap()).await;
    users.done(&["load", "s3://inbox/users/"]).await;
    let counts = "select rows_read, rows_rejected from stardrop.load";
    assert_eq!(users.db.rows(counts).await, "500|0");
    let kinds = "select distinct address_kind from star.fact_users where ip_address is not null";
    assert_eq!(users.db.rows(kinds).await, "public");
}

#[tokio::test]
async fn health_opens_the_files_and_names_those_that_it_cannot_use() {
    let users = Users::of(&local()).await;
    let queue = users.cloud.sqs.queue_url(QUEUE);
    let datasets = users.folder.path().join("datasets").display().to_string();
    let mut vars = users.cloud.vars();
    for (name, value) in [("STARDROP_QUEUE_URL", queue), ("STARDROP_DATASETS", datasets)] {
        vars.retain(|(known, _)| known != name);
        vars.push((name.to_owned(), value));
    }
    let mut function = Function::start(&vars).await;
    for (database, said) in [
        (None, Some("there is no such file")),
        (Some(b"x".to_vec()), Some("is not a MaxMind DB")),
        (Some(geo("DE")), None),
        (Some(geo("DE")[..200].to_vec()), Some("it is truncated")),
    ] {
        if let Some(bytes) = database {
            put_geo(&users, &bytes);
        }
        let answer = success(function.invoke(sample("health.json")).await);
        assert_eq!(answer["healthy"], said.is_none(), "{answer}");
        let failing = answer["failing"]["enrich.users"].as_str();
        assert_eq!(failing.is_some(), said.is_some(), "{answer}");
        for part in said.into_iter().chain(["enrichment `geo` of dataset `users`", "City.mmdb"]) {
            assert!(failing.is_none_or(|failing| failing.contains(part)), "{part}: {answer}");
        }
    }
}
