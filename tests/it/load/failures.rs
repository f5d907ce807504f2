//! Failures around the loader: each is reported in one line that says what to do, and no event is lost.

use serde_json::{Value, json};
use stardrop::error::{Error, ErrorKind};
use stardrop::handler::Handler;
use stardrop::load::Outcome;
use stardrop::settings::Settings;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};

use crate::load::exactly_once::sales;
use crate::support::cloud::{
    BUCKET, Cloud, LOADER, as_user, object_of, queue_event, run, settings_of,
};
use crate::support::{TestDatabase, catalog_of, connect, project_catalog, root};

pub const KEY: &str = "sales/2026/a.csv";

/// Sends an event through the queue's envelope to a loader that cannot work, and again to one that
/// can.
pub async fn comes_back_and_loads(event: &Value, now: &mut Handler, later: &mut Handler) {
    let queued = queue_event(std::slice::from_ref(event));
    let back = json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] });
    assert_eq!(now.handle(&queued, None).await.unwrap(), back);
    assert_eq!(now.handle(&queued, None).await.unwrap(), back, "the second time");
    assert_eq!(later.handle(&queued, None).await.unwrap(), json!({ "batchItemFailures": [] }));
}

/// One line, with these words, and a hint that says what to do.
pub fn assert_clear(error: &Error, kind: ErrorKind, words: &[&str], hint: &str) {
    let text = error.to_string();
    assert_eq!(error.kind, kind, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    let given = error.kind.policy().hint;
    assert!(given.contains(hint), "`{hint}` is not in: {given}");
}

/// What the command line says: the message, what to do, and nothing else.
pub async fn assert_says(
    cloud: &Cloud,
    more: &[(&str, &str)],
    address: &str,
    exit: i32,
    words: &[&str],
) {
    let (code, out, err) = run(cloud.stardrop(&["load", address], more)).await;
    assert_eq!(code, Some(exit), "{out}{err}");
    for word in words {
        assert!(err.contains(word), "`{word}` is not in: {err}");
    }
    for trace in ["panicked", "backtrace", "Error {", "DbError", "src/"] {
        assert!(!err.contains(trace), "{err}");
    }
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 2, "more than the message and what to do:\n{err}");
    assert!(lines[0].starts_with("stardrop: "), "{err}");
}

pub fn address(key: &str) -> String {
    format!("s3://{BUCKET}/{key}")
}

pub async fn migrated_cloud() -> (TestDatabase, Cloud) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    (db, cloud)
}

pub async fn assert_loaded(db: &TestDatabase) {
    assert_eq!(
        db.rows("select state, rows_inserted, (select count(*) from star.fact_sales) as facts from stardrop.load").await,
        "loaded|30|30"
    );
}

pub fn handler(cloud: &Cloud, settings: Settings) -> Handler {
    cloud.handler_of(cloud.loader_of(settings))
}

#[tokio::test]
async fn a_wrong_password_is_reported_and_the_event_loads_once_it_is_fixed() {
    // A separate server: the shared one lets everybody in without a password.
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let rules = folder.path().join("pg_hba.conf");
    std::fs::write(
        &rules,
        "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
    )
    .unwrap();
    let pg_bin = std::env::var_os("PG_BIN").filter(|v| !v.is_empty()).map(std::path::PathBuf::from);
    let bin_dir = find_binaries(pg_bin.as_deref(), std::env::var_os("PATH").as_deref()).unwrap();
    let mut options = PostgresOptions::throwaway(bin_dir);
    options.settings.push(("hba_file".to_owned(), rules.display().to_string()));
    let server =
        tokio::task::spawn_blocking(|| LocalPostgres::start(options)).await.unwrap().unwrap();
    let url = server.url("postgres");
    let mut db = TestDatabase { client: connect(&url).await, url };
    stardrop::migrate::run(&mut db.client, &stardrop::star::compile(&project_catalog()))
        .await
        .unwrap();
    let cloud = Cloud::new(&db).await;
    db.run(&format!("alter role {LOADER} password 'right-secret'")).await;
    let with = |password: &str| as_user(&db.url, &format!("{LOADER}:{password}"));
    let event = cloud.put_event(KEY, sales(30)).await;
    let wrong = with("wrong-secret");
    let error =
        cloud.loader_of(settings_of(&wrong, &[])).load(&object_of(&event), None).await.unwrap_err();
    let words =
        ["connect: s3://inbox/", "password authentication failed for user", LOADER, "127.0.0.1:"];
    assert_clear(&error, ErrorKind::DatabaseDenied, &words, "check user, password");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_says(&cloud, &[("DATABASE_URL", &wrong)], &address(KEY), 3, &words[1..]).await;

    let right = with("right-secret");
    let mut now = handler(&cloud, settings_of(&wrong, &[]));
    comes_back_and_loads(&event, &mut now, &mut handler(&cloud, settings_of(&right, &[]))).await;
    assert_loaded(&db).await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_reported_and_the_event_loads_once_it_does() {
    let (db, cloud) = migrated_cloud().await;
    let event = cloud.put_event(KEY, sales(30)).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = format!("postgres://{LOADER}@127.0.0.1:{port}/shop");
    let error = cloud
        .loader_of(settings_of(&nowhere, &[]))
        .load(&object_of(&event), None)
        .await
        .unwrap_err();
    let words = ["cannot connect to Postgres at 127.0.0.1:"];
    assert_clear(&error, ErrorKind::NoDatabase, &words, "start the database");
    assert_says(&cloud, &[("DATABASE_URL", &nowhere)], &address(KEY), 3, &words).await;
    let mut now = handler(&cloud, settings_of(&nowhere, &[]));
    comes_back_and_loads(&event, &mut now, &mut cloud.handler()).await;
    assert_loaded(&db).await;
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_reported_and_the_event_loads_once_it_does() {
    let (db, cloud) = migrated_cloud().await;
    let mut event = cloud.put_event(KEY, sales(30)).await;
    event["Records"][0]["s3"]["bucket"]["name"] = "elsewhere".into();
    let error = cloud.load(&object_of(&event)).await.unwrap_err();
    let words = ["s3://elsewhere/", "the bucket does not exist"];
    assert_clear(&error, ErrorKind::NoBucket, &words, "AWS_ENDPOINT_URL_S3");
    assert_says(&cloud, &[], "s3://elsewhere/sales", 3, &words).await;
    let queued = queue_event(std::slice::from_ref(&event));
    let back = json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] });
    assert_eq!(cloud.handler().handle(&queued, None).await.unwrap(), back);
    cloud.s3.create_bucket("elsewhere").unwrap();
    cloud.s3.put_bytes("elsewhere", KEY, sales(30)).await.unwrap();
    assert_eq!(
        cloud.handler().handle(&queued, None).await.unwrap(),
        json!({ "batchItemFailures": [] })
    );
    assert_loaded(&db).await;
}

#[tokio::test]
async fn a_deleted_object_is_recorded_as_missing_and_not_retried() {
    let (db, cloud) = migrated_cloud().await;
    let event = cloud.put_event(KEY, sales(30)).await;
    cloud.s3.client().delete_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    let report = cloud.load(&object_of(&event)).await.unwrap();
    assert_eq!(report.outcome, Outcome::Missing);
    let queued = queue_event(std::slice::from_ref(&event));
    assert_eq!(
        cloud.handler().handle(&queued, None).await.unwrap(),
        json!({ "batchItemFailures": [] })
    );
    let row = db.rows("select state, notes from stardrop.load").await;
    assert!(row.starts_with("missing|object: ") && row.contains("does not exist"), "{row}");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
}

#[tokio::test]
async fn a_file_of_an_unknown_format_is_reported_before_anything_is_read() {
    let text = std::fs::read_to_string(root().join("examples/sales/dataset.toml")).unwrap();
    let catalog = catalog_of(&[("sales", &text.replace("sales/**/*.xlsx", "sales/**"))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    for (key, words) in [
        ("sales/a.doc.gz", "no format has the suffix .doc"),
        ("sales/a", "the key has no suffix that names a format"),
    ] {
        let error = cloud.load(&cloud.put(key, "\x1f\u{8b}").await).await.unwrap_err();
        assert_clear(
            &error,
            ErrorKind::UnsupportedFormat,
            &[&address(key), words],
            "convert the file",
        );
    }
    assert_eq!(
        db.rows("select state, count(*), min(failure_stage) from stardrop.load group by 1").await,
        "failed|2|decode"
    );
}
