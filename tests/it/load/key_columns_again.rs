//! Columns that are not in the file, when rows are loaded later: after a kill, by a replay, and as corrected
//! rows in a file of their own.

use crate::load::key_columns::USERS;
use crate::support::cloud::{BUCKET, Cloud, run};
use crate::support::killed::killed_in_a_batch;
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::{TestDatabase, catalog_of};

/// A database and a bucket with versions for a contract, and the folder of the contract.
struct Users {
    db: TestDatabase,
    cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Users {
    async fn of(contract: &str) -> Users {
        let catalog = catalog_of(&[("users", contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::with_versions(&db, catalog).await;
        let users = Users { db, cloud, folder: tempfile::tempdir().unwrap() };
        users.fix(contract);
        users
    }

    fn fix(&self, contract: &str) {
        let folder = self.folder.path().join("users");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("dataset.toml"), contract).unwrap();
    }

    fn command(&self, arguments: &[&str], more: (&str, &str)) -> tokio::process::Command {
        let datasets = self.folder.path().to_str().unwrap();
        let vars = [("DATABASE_URL", self.db.url.as_str()), ("STARDROP_DATASETS", datasets), more];
        self.cloud.stardrop(arguments, &vars)
    }

    async fn stardrop(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        run(self.command(arguments, ("STARDROP_BATCH_ROWS", "1000"))).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_before_and_after_a_kill_have_the_same_object() {
    let contract = USERS.replace(
        "line    =",
        "written = { type = \"timestamptz\", source = \"object_time\" }\nline    =",
    );
    let contract = contract.replace("[\"place\",", "[\"written\", \"place\",");
    let users = Users::of(&contract).await;
    let rows: String = (1..=1_000).map(|id| format!("{id},s{}\n", id % 5)).collect();
    let mut object =
        users.cloud.put("users/batch=7/20260102.csv", format!("id,segment\n{rows}")).await;
    // The loader waits in its third batch.
    let insert =
        "insert into star.fact_seen (batch, id, person_key, batch_key, date_key, as_of, load_id,
            source_line)
        values (7, 501, -1, -1, '0001-01-01', 'infinity', 0, 0)";
    let address = format!("s3://{BUCKET}/users/batch=7/20260102.csv");
    let arguments = ["load", address.as_str()];
    let loader = users.command(&arguments, ("STARDROP_BATCH_ROWS", "200"));
    killed_in_a_batch(&users.db, loader, insert).await;
    assert_eq!(users.db.text("select checkpoint_rows from stardrop.load").await, "400");

    // The event that comes now gives another time for the same version than the listing did.
    object.object_time = Some("2030-01-01T00:00:00Z".parse().unwrap());
    users.cloud.load(&object).await.unwrap();
    let all =
        "select count(*), count(distinct id), min(batch), max(batch), min(date_key), max(date_key),
            count(distinct written), min(line), max(line), bool_and(line = source_line),
            bool_and(written = (select object_time from stardrop.load))
        from star.fact_seen";
    assert_eq!(users.db.rows(all).await, "1000|1000|7|7|2026-01-02|2026-01-02|1|2|1001|true|true");
    assert_balanced(&users.db).await;
}

const ROWS: &str = "id,segment\n1,a\ntwo,b\n3,c\nfour,d\n5,e\n";

#[tokio::test]
async fn rows_that_are_undone_and_replayed_have_the_same_object() {
    let written = "written = { type = \"timestamptz\", source = \"object_time\" }\n\
                   version = { type = \"text\", source = \"version_id\" }\nline    =";
    let contract = USERS.replace("line    =", written);
    let users =
        Users::of(&contract.replace("[\"place\",", "[\"written\", \"version\", \"place\",")).await;
    let mut object = users.cloud.put("users/batch=7/20260102.csv", ROWS).await;
    object.object_time = Some("2026-01-02T03:04:05.678901Z".parse().unwrap());
    users.cloud.load(&object).await.unwrap();
    // A newer version, which the replay does not read.
    users.cloud.put("users/batch=7/20260102.csv", "id,segment\n9,z\n").await;
    let all =
        "select batch, id, date_key, place, line, segment, written, version from star.fact_seen
        order by 1, 2";
    let before = (users.db.rows(all).await, meaning(&users.db).await);
    assert!(before.0.contains("2026-01-02T03:04:05.678901+00:00"), "{}", before.0);
    for arguments in [&["replay", "1"][..], &["undo", "1"], &["replay", "1"]] {
        let (code, out, err) = users.stardrop(arguments).await;
        assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
        let rows = users.db.rows(all).await;
        if arguments[0] == "undo" {
            assert_eq!(rows, "");
        } else {
            assert_eq!((rows, meaning(&users.db).await), before);
        }
    }
    assert_balanced(&users.db).await;
}

#[tokio::test]
async fn corrected_rows_in_a_file_of_their_own_have_the_values_of_their_object() {
    let right = Users::of(USERS).await;
    let wrong = Users::of(USERS).await;
    right
        .cloud
        .put_and_load("users/batch=7/20260102.csv", ROWS.replace("two", "2").replace("four", "4"))
        .await;
    let report = wrong.cloud.put_and_load("users/batch=7/20260102.csv", ROWS).await;
    assert_eq!(report.rows_rejected, 2);
    let (code, out, err) = wrong.stardrop(&["rejects", "1", "--csv"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(out.trim_start_matches('\u{feff}'), @r#"
    id,segment,"rejected_column","rejected_reason","batch","day","place","file","line"
    two,b,"id","expected a whole number","7","20260102","inbox","20260102.csv","3"
    four,d,"id","expected a whole number","7","20260102","inbox","20260102.csv","5"
    "#);
    // One row is fixed, then the other: rows that are rejected again keep their object.
    let fixed = out.replace("two,b", "2,b");
    assert_eq!(wrong.cloud.put_and_load("users/fix.csv", fixed).await.rows_rejected, 1);
    let (code, out, err) = wrong.stardrop(&["rejects", "2", "--csv"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let fixed = out.replace("four,d", "4,d");
    assert_eq!(wrong.cloud.put_and_load("users/fix2.csv", fixed).await.rows_rejected, 0);
    let seen = "select batch, id, date_key, line, place, segment, b.file, p.segment as of_day, p.valid_from
        from star.fact_seen join star.dim_batch b using (batch_key) join star.dim_person p using (person_key)
        order by 1, 2";
    // The name of the table's own column `batch` is that of the fact.
    let seen = seen.replacen("batch, id", "fact_seen.batch, fact_seen.id", 1);
    let seen = seen.replacen("segment, b.file", "fact_seen.segment, b.file", 1);
    assert_eq!(wrong.db.rows(&seen).await, right.db.rows(&seen).await);
    assert_balanced(&wrong.db).await;
}

#[tokio::test]
async fn corrected_rows_of_a_file_that_has_columns_of_the_same_names_keep_both() {
    let users = Users::of(USERS).await;
    let own = "id,segment,batch,ORIGIN\n1,a,x,y\ntwo,b,x,y\n3,c,x,y\n";
    let report = users.cloud.put_and_load("users/batch=6/20260102.csv", own).await;
    assert_eq!(report.rows_rejected, 1);
    let (_, out, _) = users.stardrop(&["rejects", "1", "--csv"]).await;
    users.cloud.put_and_load("users/fix.csv", out.replace("two,b", "2,b")).await;
    let rows = "select f.batch, f.id, b.origin, f.line, f.extra ->> 'batch', f.extra ->> 'ORIGIN'
        from star.fact_seen f join star.dim_batch b using (batch_key) order by 2";
    assert_eq!(users.db.rows(rows).await, "6|1|crm|2|x|y\n6|2|crm|3|x|y\n6|3|crm|4|x|y");
    assert_balanced(&users.db).await;
}

#[tokio::test]
async fn rejected_rows_that_could_not_keep_the_values_of_their_object_are_not_written_as_if_they_could()
 {
    let contract = "name = \"users\"\nmatch = \"users/**\"\nfrom_key = \"users/{tag}/*\"\n[file]\nquote = \"\"\n\
                    [columns]\ntag = { type = \"text\", required = true }\nid = { type = \"integer\", required = true }\n\
                    [policy]\nrejects = \"90%\"\n[fact.seen]\ngrain = [\"tag\", \"id\"]\n";
    let users = Users::of(contract).await;
    let mut load = 0;
    for (tag, file, is_written) in [
        ("fine", "a.csv", true),
        ("NULL", "a.csv", false),
        ("a,b", "a.csv", false),
        (" a", "a.csv", false),
        ("fine", "a.jsonl", true),
    ] {
        let rows = if file == "a.csv" { "id\n1\nx\n" } else { "{\"id\":1}\n{\"id\":\"x\"}\n" };
        let report = users.cloud.put_and_load(&format!("users/{tag}/{file}"), rows).await;
        assert_eq!(report.rows_rejected, 1);
        load += 1;
        let (code, out, err) = users.stardrop(&["rejects", &load.to_string(), "--csv"]).await;
        assert_eq!(
            (code == Some(0), !out.is_empty()),
            (is_written, is_written),
            "{tag}: {out}{err}"
        );
        assert_eq!(err.contains("would be read as another one"), !is_written, "{err}");
        assert_eq!(err.contains("the rows have no place for tag"), file == "a.jsonl", "{err}");
    }
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_a_failed_load_of_reconcile_and_stays_one() {
    let users = Users::of(USERS).await;
    users.cloud.put_and_load("users/batch=7/20260102.csv", ROWS).await;
    let odd = users.cloud.put("users/batch=seven/20260102.csv", "id\n1\n").await;
    users.cloud.load(&odd).await.unwrap_err();
    // An event of it was lost.
    users.cloud.put("users/20260102.csv", "id,segment\n1,a\n").await;
    let (code, out, err) = users.stardrop(&["reconcile", "s3://inbox/", "--heal"]).await;
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(
        format!("{out}{err}").contains("users/20260102.csv` does not fit from_key"),
        "{out}{err}"
    );
    let (code, out, err) = users.stardrop(&["reconcile", "s3://inbox/", "--json"]).await;
    assert_eq!(code, Some(1), "{err}");
    let found: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    let found: Vec<String> =
        found.iter().map(|one| format!("{} {}", one["difference"], one["key"])).collect();
    assert_eq!(
        found,
        ["\"failed\" \"users/20260102.csv\"", "\"failed\" \"users/batch=seven/20260102.csv\""]
    );
}

#[tokio::test]
async fn rejected_rows_that_a_fixed_contract_accepts_have_the_values_of_their_object() {
    let text_id = |contract: &str| {
        contract.replace("id      = { type = \"integer\"", "id      = { type = \"text\"")
    };
    let gone = "segment = { type = \"text\", required = true }";
    let strict = text_id(USERS).replace("segment = { type = \"text\" }", gone);
    let right = Users::of(&text_id(USERS)).await;
    let wrong = Users::of(&strict).await;
    let rows = "id,segment\n1,a\n2,\n3,c\n4,\n";
    for users in [&right, &wrong] {
        users.cloud.put_and_load("users/batch=7/20260102.csv", rows).await;
    }
    wrong.fix(&text_id(USERS));
    let (code, out, err) = wrong.stardrop(&["migrate"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, err) = wrong.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(meaning(&wrong.db).await, meaning(&right.db).await);
    let lines = "select batch, id, line, source_line from star.fact_seen order by 1, 2";
    assert_eq!(wrong.db.rows(lines).await, right.db.rows(lines).await);
    assert_balanced(&wrong.db).await;
}

#[tokio::test]
async fn a_replay_is_refused_before_rows_are_deleted_where_the_key_no_longer_fits() {
    let users = Users::of(USERS).await;
    users.cloud.put_and_load("users/batch=7/20260102.csv", ROWS).await;
    users.fix(&USERS.replace("batch={batch}/{day}", "number={batch}/{day}"));
    let (code, out, err) = users.stardrop(&["replay", "1"]).await;
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(format!("{out}{err}").contains("does not fit from_key"), "{out}{err}");
    assert_eq!(users.db.text("select count(*) from star.fact_seen").await, "3");
    // A load that failed because of its key is loaded after a fix of the contract.
    users.fix(USERS);
    let odd = users.cloud.put("users/number=8/20260102.csv", "id,segment\n1,a\n").await;
    assert!(users.cloud.load(&odd).await.is_err());
    users.fix(&USERS.replace(
        "\"users/batch={batch}/{day}.csv*\"",
        "[\"users/batch={batch}/{day}.csv*\", \"users/number={batch}/{day}.csv*\"]",
    ));
    let (code, out, err) = users.stardrop(&["replay", "--failed"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    let batches = "select batch, count(*) from star.fact_seen group by 1 order by 1";
    assert_eq!(users.db.rows(batches).await, "7|3\n8|1");
}
