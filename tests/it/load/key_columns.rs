//! Columns that are not in the file: the object's key, its other properties, the row's line and constants, in
//! every role that a column can have.

use serde_json::json;
use stardrop::error::{Decision, ErrorKind};
use stardrop::load::Outcome;
use stardrop::object;

use crate::load::resume::parquet;
use crate::support::cloud::{BUCKET, Cloud};
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{text, workbook};
use crate::support::{TestDatabase, catalog_of};

/// Users in numbered batches, each with a day: both are in the key.
pub const USERS: &str = r#"
name     = "users"
match    = "users/**"
from_key = "users/batch={batch}/{day}.csv*"
[columns]
batch   = { type = "integer", required = true }
day     = { type = "date", format = "%Y%m%d" }
id      = { type = "integer", required = true }
segment = { type = "text" }
origin  = { type = "text", value = "crm" }
place   = { type = "text", source = "bucket" }
file    = { type = "text", source = "file_name" }
line    = { type = "bigint", source = "line" }
[policy]
rejects = "50%"
[dimension.person]
key        = "id"
attributes = "segment"
history    = "versions"
valid_from = "day"
[dimension.batch]
key        = ["batch", "origin"]
attributes = "file"
[fact.seen]
grain      = ["batch", "id"]
dimensions = ["person", "batch", { date = "day" }]
measures   = ["line"]
degenerate = ["place", "segment"]
as_of      = "day"
"#;

const SEEN: &str = "select f.batch, f.id, f.date_key, f.line, f.place, f.segment, p.segment as of_day,
        b.origin, b.file
    from star.fact_seen f join star.dim_person p using (person_key) join star.dim_batch b using (batch_key)
    order by 1, 2";

#[tokio::test]
async fn parts_of_the_key_are_grain_keys_attributes_measures_and_times() {
    let site = Site::of(&[("users", USERS)]).await;
    let load = |key, text| site.load(key, 1, text);
    load("users/batch=2/20260201", "id,segment\n1,gold\n2,blue\n").await;
    load("users/batch=1/20260101", "segment,id\nsilver,1\n").await;
    let all = "1|1|2026-01-01|2|inbox|silver|silver|crm|20260101.csv\n\
               2|1|2026-02-01|2|inbox|gold|gold|crm|20260201.csv\n\
               2|2|2026-02-01|3|inbox|blue|blue|crm|20260201.csv";
    assert_eq!(site.rows(SEEN).await, all);
    let versions = "select id, segment, valid_from::date, valid_to::date from star.dim_person
        where id = 1 order by valid_from";
    assert_eq!(site.rows(versions).await, "1|silver|2026-01-01|2026-02-01\n1|gold|2026-02-01|null");
    // The same bytes in another batch are other rows; the same batch once more is none.
    let same = load("users/batch=3/20260201", "id,segment\n1,gold\n2,blue\n").await;
    assert_eq!((same.outcome, same.rows_inserted), (Outcome::Loaded, 2));
    let again = load("users/batch=3/20260201", "id,segment\n1,gold\n2,blue\n").await;
    assert_eq!(again.rows_inserted, 0);
    assert_eq!(site.rows("select count(*) from star.fact_seen").await, "5");
    // A batch that is corrected replaces its values.
    load("users/batch=3/20260201", "id,segment\n1,red\n").await;
    let red = "select batch, segment from star.fact_seen where id = 1 order by 1";
    assert_eq!(site.rows(red).await, "1|silver\n2|gold\n3|red");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_key_that_does_not_fit_fails_its_load_once_with_one_sentence() {
    let site = Site::of(&[("users", USERS)]).await;
    for (key, said) in [
        (
            "users/20260201.csv",
            "the key `users/20260201.csv` does not fit from_key = \"users/batch={batch}/{day}.csv*\": rename \
             the object, or change from_key",
        ),
        (
            "users/batch=seven/20260201.csv",
            "column `batch` is the part of the object's key (from_key), which is `seven`: expected a whole \
             number",
        ),
        (
            "users/batch=7/20261399.csv",
            "column `day` is the part of the object's key (from_key), which is `20261399`: not a date of \
             the calendar",
        ),
        (
            "users/batch=__HIVE_DEFAULT_PARTITION__/20260101.csv",
            "column `batch` needs a value, and the part of the object's key (from_key) has none",
        ),
    ] {
        let object = site.cloud.put(key, "id,segment\n1,gold\n").await;
        let error = site.cloud.load(&object).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadFile, "{error}");
        assert_eq!(error.kind.policy().decision, Decision::Fail);
        assert_eq!(error.to_string(), format!("rows: s3://{BUCKET}/{key}: {said}"));
    }
    let failed = "select count(*), sum(rows_read) from stardrop.load where state = 'failed'";
    assert_eq!(site.rows(failed).await, "4|0");
    assert_eq!(site.rows("select count(*) from star.fact_seen").await, "0");
    // An event has the key percent-encoded once more than Hive does.
    let event = site.cloud.put_event("users/batch=1%32/20260204.csv", "id,segment\n5,red\n").await;
    let event = crate::support::cloud::queue_event(&[event]);
    site.cloud.handler().handle(&event, None).await.unwrap();
    assert_eq!(
        site.rows("select batch, id, date_key from star.fact_seen").await,
        "12|5|2026-02-04"
    );
    // The message of a key that does not fit is done: SQS does not send it again.
    let event = site.cloud.put_event("users/x.csv", "id,segment\n").await;
    let event = crate::support::cloud::queue_event(&[event]);
    let answer = site.cloud.handler().handle(&event, None).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
}

#[tokio::test]
async fn the_version_the_time_and_the_key_of_an_object_are_columns() {
    let contract = r#"
name     = "logs"
match    = "logs/**"
[columns]
id       = { type = "integer", required = true }
version  = { type = "text", source = "version_id" }
written  = { type = "timestamptz", source = "object_time" }
here     = { type = "timestamp", source = "object_time", time_zone = "Asia/Tokyo" }
path     = { type = "text", source = "key" }
[dimension.object]
key        = "path"
attributes = "version"
history    = "versions"
valid_from = "written"
[fact.log]
grain      = ["path", "id"]
dimensions = ["object", { date = "written", as = "written" }, { date = "here", as = "here" }]
degenerate = ["version", "written", "here"]
version    = "written"
as_of      = "written"
"#;
    let catalog = catalog_of(&[("logs", contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::with_versions(&db, catalog).await;
    let mut versions = Vec::new();
    for (time, bytes) in
        [("2026-01-02T20:30:40.123456789Z", "id\n1\n"), ("2026-01-03T00:00:00Z", "id\n1\n2\n")]
    {
        let mut object = cloud.put("logs/a b+c.csv", bytes).await;
        object.object_time = Some(time.parse().unwrap());
        versions.push(object.version_id.clone().unwrap());
        cloud.load(&object).await.unwrap();
    }
    let facts = "select id, path, version, written, here, written_date_key, here_date_key
        from star.fact_log order by 1";
    db.run("set time zone 'UTC'").await;
    let second = "2026-01-03T00:00:00+00:00|2026-01-03T09:00:00|2026-01-03|2026-01-03";
    assert_eq!(
        db.rows(facts).await,
        format!("1|logs/a b+c.csv|{0}|{second}\n2|logs/a b+c.csv|{0}|{second}", versions[1])
    );
    let members =
        "select version, valid_from from star.dim_object where path is not null order by 2";
    assert_eq!(
        db.rows(members).await,
        format!(
            "{}|2026-01-02T20:30:40.123456+00:00\n{}|2026-01-03T00:00:00+00:00",
            versions[0], versions[1]
        )
    );
    assert_balanced(&db).await;
}

#[tokio::test]
async fn every_format_has_columns_that_are_not_in_the_file() {
    let contract = |file: &str, column: &str| {
        format!(
            "name = \"things\"\nmatch = \"things/**\"\nfrom_key = \"things/day={{day}}/*\"\n[file]\n{file}\n\
             [columns]\nday = {{ type = \"date\", required = true }}\nid = {{ type = \"integer\" }}\n{column}\n\
             name = {{ type = \"text\" }}\nsource = {{ type = \"text\", value = \"s\" }}\n\
             [policy]\nunknown_column = \"reject\"\n\
             [fact.thing]\ngrain = \"day\"\nconflict = \"keep\"\ndegenerate = [\"id\", \"name\", \"source\", \"where\"]\n"
        )
    };
    let line = "where = { type = \"bigint\", source = \"line\" }";
    let sheet = "where = { type = \"text\", source = \"sheet\" }";
    let row = |cells: [&str; 2]| Vec::from(cells.map(text));
    let book =
        workbook(&[("Empty", &[]), ("May 2026", &[row(["id", "name"]), row(["1", "n"])])], false);
    for (file, column, name, bytes, wanted) in [
        ("", line, "a.jsonl", b"{\"name\": \"n\", \"id\": 1}\n".to_vec(), "1|n|s|1"),
        ("", line, "a.parquet", parquet(), "1|name 1, \"1\"|s|2"),
        ("", sheet, "a.xlsx", book.clone(), "1|n|s|May 2026"),
        ("", line, "b.xlsx", book, "1|n|s|2"),
        ("header = false", line, "a.csv", b"1,n\n".to_vec(), "1|n|s|1"),
        ("skip = 1", line, "a.csv", b"x\nid,name\n1,n\n".to_vec(), "1|n|s|3"),
    ] {
        let site = Site::of(&[("things", &contract(file, column))]).await;
        let report = site.cloud.put_and_load(&format!("things/day=2026-01-02/{name}"), bytes).await;
        assert_eq!(report.rows_rejected, 0, "{name}");
        let facts = "select day, id, name, source, \"where\" from star.fact_thing";
        assert_eq!(site.rows(facts).await, format!("2026-01-02|{wanted}"), "{name}");
    }
    // Only a workbook has sheets.
    let site = Site::of(&[("things", &contract("", sheet))]).await;
    let object = site.cloud.put("things/day=2026-01-02/a.csv", "id,name\n1,n\n").await;
    let error = site.cloud.load(&object).await.unwrap_err();
    assert!(error.to_string().contains("the object is not a workbook"), "{error}");
}

#[tokio::test]
async fn a_local_file_has_the_end_of_its_path_as_its_key() {
    let site = Site::of(&[("users", USERS)]).await;
    let folder = tempfile::tempdir().unwrap();
    let batch = folder.path().join("in/users/batch=4");
    std::fs::create_dir_all(&batch).unwrap();
    std::fs::write(batch.join("20260203.csv"), "id,segment\n9,x\n").unwrap();
    let file = object::local_file(&batch.join("20260203.csv")).unwrap();
    site.cloud.load(&file).await.unwrap();
    let seen = "select batch, id, date_key, place from star.fact_seen";
    assert_eq!(site.rows(seen).await, "4|9|2026-02-03|file");
    std::fs::write(folder.path().join("20260203.csv"), "id,segment\n8,x\n").unwrap();
    let file = object::local_file(&folder.path().join("20260203.csv")).unwrap();
    let error = site.cloud.loader().load(&file, Some("users")).await.unwrap_err();
    assert!(error.to_string().contains("does not fit from_key"), "{error}");
    // The folder in which somebody keeps the files may have the name of one of the bucket's.
    let nested = folder.path().join("users/batch=9/in/users/batch=4");
    std::fs::create_dir_all(&nested).unwrap();
    std::fs::write(nested.join("20260203.csv"), "id,segment\n9,y\n").unwrap();
    let file = object::local_file(&nested.join("20260203.csv")).unwrap();
    site.cloud.loader().load(&file, Some("users")).await.unwrap();
    assert_eq!(site.rows("select batch, id, segment from star.fact_seen").await, "4|9|y");
}
