//! `{"extract": ..}`: the `loader` program extracts within an invocation, and stops before its time is over.

use std::time::Duration;

use serde_json::{Value, json};

use super::Way;
use crate::lambda::events::{sample, success};
use crate::support::cloud::BUCKET;
use crate::support::mariadb::MariadbDatabase;
use crate::support::runtime_api::{Answer, Function};
use crate::support::secrets::{secret, secrets};
use crate::support::wait::eventually;

const SINCE: [&str; 6] = ["--table", "orders", "--to", "s3://inbox/orders/", "--since", "at"];

/// A table, and a user with a password that may read it.
async fn orders() -> Option<(MariadbDatabase, String)> {
    let mut source = MariadbDatabase::new().await?;
    let reader = source.name.replace("test", "lambda");
    source
        .run(&format!(
            "create table orders (id int primary key, at timestamp not null, note text);
             insert into orders values (1, now() - interval 1 hour, 'a'), (2, now() - interval 1 hour, '');
             create user {reader}@'127.0.0.1' identified by 'p@ss';
             grant select on {}.* to {reader}@'127.0.0.1'",
            source.name
        ))
        .await;
    Some((source, reader))
}

/// The function in the way's cloud.
async fn start(way: &Way, more: &[(&str, &str)]) -> Function {
    let folder = way.folder();
    let mut vars = way.cloud.vars();
    for (name, value) in [&[("STARDROP_DATASETS", folder.as_str())], more].concat() {
        vars.retain(|(known, _)| known != name);
        vars.push((name.to_owned(), value.to_owned()));
    }
    Function::start(&vars).await
}

fn refused(answer: Answer) -> (String, String) {
    let Answer::Error(error) = answer else { panic!("{answer:?}") };
    let text = |key: &str| error[key].as_str().unwrap().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[tokio::test]
async fn a_function_extracts_with_a_secret_and_loads_what_it_has_extracted() {
    let Some((mut source, reader)) = orders().await else { return };
    for (format, file) in [("csv", "00000.csv.zst"), ("parquet", "00000.parquet")] {
        let way = Way::new(&source.url, &[&SINCE[..], &["--format", format]].concat()).await;
        let (address, asked) = secrets(secret(&reader, "p@ss")).await;
        let mut function = start(&way, &[("AWS_ENDPOINT_URL_SECRETS_MANAGER", &address)]).await;
        let mut event = sample("extract.json");
        let request = &mut event["extract"];
        request["source"] = source.url.replace("root@", "somebody@").into();
        request["to"] = format!("s3://{BUCKET}/orders/").into();
        request["since"] = "at".into();
        request["format"] = format.into();

        let answer = success(function.invoke(event.clone()).await);
        let [report] = answer["extracted"].as_array().unwrap().as_slice() else {
            panic!("{answer}")
        };
        let key = format!("orders/since=start/{file}");
        assert_eq!(report["files"], json!([format!("s3://{BUCKET}/{key}")]), "{answer}");
        assert_eq!((&report["rows"], &report["window"]["from"]), (&json!(2), &Value::Null));
        assert!(asked.lock().unwrap()[0].contains("secretsmanager.GetSecretValue"));
        let lines = function.lines();
        assert!(lines.iter().any(|line| line["message"] == "extracted"), "{lines:?}");
        assert!(!format!("{lines:?}").contains("p@ss"), "{lines:?}");

        // The event of the file, which the same function gets.
        let event_of_file = json!({ "bucket": BUCKET, "key": key });
        let answer = success(function.invoke(event_of_file).await);
        assert_eq!(answer["loads"][0]["rows_read"], 2, "{answer}");
        let rows = "select id, note from star.fact_orders order by id";
        assert_eq!(way.db.rows(rows).await, "1|a\n2|");

        // The next run begins where this one ended, and a row in the overlap counts once.
        source.run("insert into orders values (3, now() - interval 5 second, 'new')").await;
        super::next_second().await;
        let answer = success(function.invoke(event).await);
        assert_eq!(answer["extracted"][0]["rows"], 1, "{answer}");
        source.run("delete from orders where id = 3").await;
    }
}

/// Rows that never end, as fast as a slow source sends them.
fn endless(source: &MariadbDatabase) -> Value {
    json!({ "extract": {
        "source": source.url, "to": format!("s3://{BUCKET}/endless/"), "compression": "none",
        "query": {
            "name": "endless",
            "sql": "select seq, repeat('x', 2000) as note, sleep(0.0001) as slept from seq_1_to_1000000000",
        },
    } })
}

#[tokio::test]
async fn an_extract_that_does_not_fit_says_what_fits_and_leaves_nothing() {
    let Some((source, _)) = orders().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let mut function = start(&way, &[]).await;
    let (kind, message) =
        refused(function.invoke_for(endless(&source), Duration::from_secs(16)).await);
    assert_eq!(kind, "OutOfTime", "{message}");
    assert!(message.contains(".endless does not fit in one invocation: "), "{message}");
    let rows = message.split_once("invocation: ").unwrap().1.split_once(" rows, ").unwrap();
    let megabytes = rows.1.split_once(" MB").unwrap().0.parse::<u64>().unwrap();
    // An upload had begun.
    assert!(rows.0.parse::<u64>().unwrap() > 5_000 && megabytes > 9, "{message}");
    assert!(message.contains("raise timeout_seconds"), "{message}");
    assert_eq!((way.unfinished().await, way.keys().await.len()), (0, 0));
    // The function lives on.
    let answer = success(function.invoke(sample("health.json")).await);
    assert_eq!(answer["database"]["reachable"], true, "{answer}");
}

#[tokio::test]
async fn a_function_that_is_shut_down_aborts_its_upload() {
    let Some((source, _)) = orders().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let mut function = start(&way, &[]).await;
    function.begin(endless(&source), Duration::from_secs(600));
    eventually("a part is sent", async || way.unfinished().await == 1).await;
    let pid = function.program.id().unwrap().to_string();
    super::overtaken::signal("TERM", &pid).await;
    let answer = function.answer_or_end().await;
    assert!(!matches!(answer, Some(Answer::Success(_))), "{answer:?}");
    let _ = function.program.wait().await;
    assert!(way.keys().await.is_empty());
    // What Lambda's half a second was too short for, the next run aborts.
    let options = ["--table", "orders", "--to", "s3://inbox/endless/"];
    way.extract(&options).await;
    assert_eq!(way.unfinished().await, 0);
}

#[tokio::test]
async fn what_a_function_cannot_extract_has_its_sentence() {
    let Some((source, reader)) = orders().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let (address, _) = secrets(secret(&reader, "wrong")).await;
    let mut function = start(&way, &[("AWS_ENDPOINT_URL_SECRETS_MANAGER", &address)]).await;
    let url = source.url.as_str();
    let with_password = url.replace("root@", "root:hunter2@");
    for (more, kind, said) in [
        (json!({ "source": with_password }), "MalformedEvent", "the URL has a password"),
        (json!({ "to": "/tmp/out" }), "MalformedEvent", "extract.to: expected s3://bucket/prefix/"),
        (json!({ "tables": ["nothing"] }), "BadSource", "there is no table"),
        (json!({ "secret": "arn:x" }), "SourceDenied", "refused the user"),
        (json!({ "iam": true }), "BadSetting", "an IAM token needs an encrypted connection"),
        (
            json!({ "iam": true, "source": "postgres://a@127.0.0.1/x" }),
            "BadSetting",
            "must be require, verify-ca or verify-full with an IAM token",
        ),
        (json!({ "to": "s3://no-such-bucket/a/" }), "NoBucket", "no-such-bucket"),
    ] {
        let mut event = json!({ "extract": {
            "source": url, "tables": ["orders"], "to": format!("s3://{BUCKET}/a/"),
        } });
        for (key, value) in more.as_object().unwrap() {
            event["extract"][key] = value.clone();
        }
        let (found, message) = refused(function.invoke(event).await);
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(said) && !message.contains("hunter2"), "{message}");
    }
    assert!(way.keys().await.is_empty());
}
