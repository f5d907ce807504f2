//! Loads rejected rows again after the contract was fixed: the star ends as if the contract had been right
//! from the start.

use serde_json::Value;

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::{assert_balanced, everything, meaning};
use crate::support::wait::within;
use crate::support::workbook::{Cell, workbook};
use crate::support::{TestDatabase, catalog_of, connect};

/// A shop whose days are written like this.
fn shop(days: &str, more: &str) -> String {
    format!(
        r#"
name  = "shop"
match = ["shop/**"]
[columns]
id        = {{ type = "bigint", required = true }}
buyer     = {{ type = "text", required = true }}
tier      = {{ type = "text" }}
item      = {{ type = "text", required = true }}
item_name = {{ type = "text" }}
day       = {{ type = "date", format = {days} }}
paid      = {{ type = "numeric(8,2)" }}
[policy]
rejects = "90%"
{more}
[dimension.buyer]
key        = ["buyer"]
attributes = ["tier"]
history    = "versions"
valid_from = "day"
[dimension.item]
key        = ["item"]
attributes = ["item_name"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer", "item", {{ date = "day" }}]
measures   = ["paid"]
as_of      = "day"
"#
    )
}

const STRICT: &str = r#""%Y-%m-%d""#;
const MENDED: &str = r#"["%Y-%m-%d", "%d.%m.%Y"]"#;

/// A shop whose contract can be fixed.
struct Shop {
    db: TestDatabase,
    cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn of(contract: &str) -> Shop {
        let catalog = catalog_of(&[("shop", contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::with_versions(&db, catalog).await;
        let shop = Shop { db, cloud, folder: tempfile::tempdir().unwrap() };
        shop.mend(contract);
        shop
    }

    fn mend(&self, contract: &str) {
        let folder = self.folder.path().join("shop");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("dataset.toml"), contract).unwrap();
    }

    /// The command line with the contract as it is now, as the owner of the database.
    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let datasets = self.folder.path().to_str().unwrap();
        let owner = [
            ("DATABASE_URL", self.db.url.as_str()),
            ("STARDROP_DATASETS", datasets),
            ("STARDROP_SALT", "a long secret"),
        ];
        self.cloud.stardrop(arguments, &owner)
    }

    async fn stardrop(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        run(self.command(arguments)).await
    }

    /// Everything that a replay may touch.
    async fn all(&self) -> String {
        let ledger = "select l.*, l.xmin from stardrop.load l order by 1";
        let tables = "select t.* from stardrop.load_table t order by 1, 2";
        let rejected = "select r.*, r.xmin from stardrop.rejected_row r order by 1, 2";
        let mut all = everything(&self.db).await;
        for sql in [ledger, tables, rejected] {
            all.push_str(&self.db.rows(sql).await);
        }
        all
    }
}

const BOOKS: &str = "select state, rows_read, rows_rejected, rows_staged, rows_inserted,
    rows_updated + rows_unchanged as others, checkpoint_rows, checkpoint_line from stardrop.load order by load_id";

/// Rows that disagree about buyers, items and receipts, half of them with the other kind of day.
fn file(rows: u64) -> String {
    let mut seed = 7_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % below
    };
    let mut text = "id,buyer,tier,item,item_name,day,paid\n".to_owned();
    for _ in 0..rows {
        let (id, buyer, tier, item, name) = (next(rows / 2), next(9), next(3), next(12), next(4));
        let (day, paid) = (next(20) + 1, next(90));
        let day =
            if next(2) == 0 { format!("2026-01-{day:02}") } else { format!("{day:02}.01.2026") };
        text.push_str(&format!("{id},b{buyer},t{tier},i{item},n{name},{day},{paid}.50\n"));
    }
    text
}

#[tokio::test]
async fn rows_rejected_at_first_end_up_as_if_the_contract_had_been_right_from_the_start() {
    let right = Shop::of(&shop(MENDED, "")).await;
    let wrong = Shop::of(&shop(STRICT, "")).await;
    for site in [&right, &wrong] {
        site.cloud.put_and_load("shop/a.csv", file(400)).await;
    }
    let rejected = wrong.db.text("select rows_rejected from stardrop.load").await;
    assert_eq!(rejected, "212");
    assert_ne!(meaning(&wrong.db).await, meaning(&right.db).await);

    wrong.mend(&shop(MENDED, ""));
    let (code, out, err) = wrong.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out, "load 1: s3://inbox/shop/a.csv: 212 rejected rows loaded, 0 still rejected\n");
    assert_eq!(meaning(&wrong.db).await, meaning(&right.db).await);
    assert_eq!(wrong.db.rows(BOOKS).await, right.db.rows(BOOKS).await);
    assert_eq!(wrong.db.text("select count(*) from stardrop.rejected_row").await, "0");
    let lines = "select id, load_id, source_line from star.fact_receipt order by 1";
    assert_eq!(wrong.db.rows(lines).await, right.db.rows(lines).await);
    let sums =
        "select sum(inserted) from stardrop.load_table where table_name = 'star.fact_receipt'";
    assert_eq!(wrong.db.text(sums).await, right.db.text(sums).await);
    for site in [&right, &wrong] {
        assert_balanced(&site.db).await;
    }
    // The event comes once more, and a second replay: nothing.
    let before = wrong.all().await;
    wrong.cloud.put_and_load("shop/b.csv", "id,buyer,tier,item,item_name,day,paid\n").await;
    let (code, out, _) = wrong.stardrop(&["replay", "--rejects", "1", "--json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report[0]["rows_loaded"]), (Some(0), &Value::from(0)), "{out}");
    wrong.db.run("delete from stardrop.load where load_id = 2").await;
    assert_eq!(wrong.all().await, before);
}

#[tokio::test]
async fn rows_that_are_kept_in_staging_are_kept_with_their_line() {
    let keep = "staging = \"keep\"";
    let right = Shop::of(&shop(MENDED, keep)).await;
    let wrong = Shop::of(&shop(STRICT, keep)).await;
    for site in [&right, &wrong] {
        site.cloud.put_and_load("shop/a.csv", file(60)).await;
    }
    wrong.mend(&shop(MENDED, keep));
    let (code, out, err) = wrong.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let kept = "select * from staging.shop order by load_id, source_line";
    assert_eq!(right.db.text("select count(*) from staging.shop").await, "60");
    assert_eq!(wrong.db.rows(kept).await, right.db.rows(kept).await);
    assert_eq!(meaning(&wrong.db).await, meaning(&right.db).await);
    assert_balanced(&wrong.db).await;
}

#[tokio::test]
async fn rows_that_break_the_fixed_contract_too_stay_with_their_new_reason() {
    let site = Shop::of(&shop(STRICT, "")).await;
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let rows = "1,a,t,i,n,2026-01-05,1.00\n2,a,t,i,n,05.01.2026,2.00\n3,a,t,i,n,06.01.2026,lots\n\
                4,a,t,i,n,\"some\nday\",4.00\n5,a,t,i,n,07.01.2026,5.00\n";
    site.cloud.put_and_load("shop/a.csv", format!("{head}{rows}")).await;
    // One that only Postgres sees.
    site.db.run("alter table staging.shop add constraint cheap check (paid < 5)").await;
    site.mend(&shop(MENDED, ""));
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1", "--json"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report[0]["rows_loaded"], &report[0]["rows_rejected"]), (&1.into(), &3.into()));
    let rejected =
        "select source_line, column_name, code, reason, raw from stardrop.rejected_row order by 1";
    insta::assert_snapshot!(site.db.rows(rejected).await, @r#"
    4|paid|invalid_number|expected a number|3,a,t,i,n,06.01.2026,lots
    5|day|invalid_date|expected the form %Y-%m-%d or %d.%m.%Y|4,a,t,i,n,"some
    day",4.00
    7|null|refused_by_database|new row for relation "shop_in" violates check constraint "cheap"|5,a,t,i,n,07.01.2026,5.00
    "#);
    assert_eq!(site.db.rows(BOOKS).await, "loaded|5|3|2|2|0|5|7");
    assert_eq!(
        site.db.rows("select id, source_line from star.fact_receipt order by 1").await,
        "1|2\n2|3"
    );
    assert_balanced(&site.db).await;
    let before = site.all().await;
    let (code, out, _) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!(code, Some(0));
    assert_eq!(out, "load 1: s3://inbox/shop/a.csv: 0 rejected rows loaded, 3 still rejected\n");
    assert_eq!(site.all().await, before);
}

#[tokio::test]
async fn a_newer_file_stays_the_newer_one() {
    let site = Shop::of(&shop(STRICT, "")).await;
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let mut old = site
        .cloud
        .put(
            "shop/a.csv",
            format!("{head}1,a,t,i,old,05.01.2026,1.00\n9,a,t,j,n,2026-01-05,9.00\n"),
        )
        .await;
    old.object_time = Some("2026-01-01T00:00:00Z".parse().unwrap());
    site.cloud.load(&old).await.unwrap();
    site.cloud.put_and_load("shop/b.csv", format!("{head}1,a,t,i,new,2026-01-05,2.00\n")).await;
    site.mend(&shop(MENDED, ""));
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let facts = "select id, paid, item_name from star.fact_receipt join star.dim_item using (item_key) order by 1";
    assert_eq!(site.db.rows(facts).await, "1|2.00|new\n9|9.00|n");
    assert_eq!(site.db.rows(BOOKS).await, "loaded|2|0|2|1|1|2|3\nloaded|1|0|1|1|0|1|2");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_fixed_encoding_and_protected_and_native_values_are_read_from_the_file_again() {
    let protected = shop(STRICT, "").replace(
        "tier      = { type = \"text\" }",
        "tier      = { type = \"text\", protect = \"sha256\" }",
    );
    let mended = protected.replace(STRICT, MENDED);
    let latin = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let text =
        format!("{head}1,a,gold,i,n,2026-01-05,1.00\n2,J\u{f8}rn,gold,i,n,05.01.2026,2.00\n");
    let serial = Cell::Number("46027".to_owned());
    let word = |text: &str| Cell::Text(text.to_owned());
    let number = |text: &str| Cell::Number(text.to_owned());
    let sheet = [
        head.trim().split(',').map(word).collect::<Vec<_>>(),
        vec![
            number("7"),
            word("a"),
            word("gold"),
            word("i"),
            word("n"),
            word("2026-01-05"),
            number("1.5"),
        ],
        vec![number("8"), word("b"), word("gold"), word("i"), word("n"), serial, number("2.5")],
    ];
    let book = workbook(&[("Sheet", &sheet)], false);
    let encoded = mended.replace("[columns]", "[file]\nencoding = \"windows-1252\"\n[columns]");
    let encoded = encoded.replace("%d.%m.%Y\"]", "%d.%m.%Y\", \"excel\"]").replace(
        "paid      = { type = \"numeric(8,2)\"",
        "paid      = { type = \"numeric(8,2)\", decimal = \",\", thousands = \".\"",
    );
    let site = Shop::of(&protected).await;
    let mut loader = site.cloud.loader_with(&[("STARDROP_SALT", "a long secret")]);
    for (key, bytes) in [("shop/a.csv", latin(&text)), ("shop/a.xlsx", book)] {
        let report = loader.load(&site.cloud.put(key, bytes).await, None).await.unwrap();
        assert_eq!((report.rows_read, report.rows_rejected), (2, 1), "{key}");
    }
    // Two mistakes in one row of the text: only the decimal mark is the workbook's own business.
    site.mend(&encoded.replace(", decimal = \",\", thousands = \".\"", ""));
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    site.mend(&encoded);
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "2"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let facts = "select id, buyer, length(tier) as hash, paid, date_key from star.fact_receipt join star.dim_buyer using (buyer_key) order by 1";
    assert_eq!(
        site.db.rows(facts).await,
        "1|a|64|1.00|2026-01-05\n2|J\u{f8}rn|64|2.00|2026-01-05\n7|a|64|1.50|2026-01-05\n8|b|64|2.50|2026-01-05"
    );
    let tiers = "select count(distinct tier) from star.dim_buyer where tier is not null";
    assert_eq!(site.db.text(tiers).await, "1", "the same value has the same hash");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_replay_that_is_killed_or_refused_in_the_middle_leaves_everything_as_it_was() {
    let site = Shop::of(&shop(STRICT, "")).await;
    site.cloud.put_and_load("shop/a.csv", file(60)).await;
    site.mend(&shop(MENDED, ""));
    let before = site.all().await;

    // The rows are normalised, and wait for the facts: killed there.
    let blocker = connect(&site.db.url).await;
    blocker.batch_execute("begin; lock table star.fact_receipt in exclusive mode").await.unwrap();
    let mut child = site.command(&["replay", "--rejects", "1"]).spawn().unwrap();
    site.db.eventually_a_session_waits_for_a_lock().await;
    // Another replay of the load is refused meanwhile.
    let (code, _, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("another worker holds the key of load 1"), "{err}");
    child.start_kill().unwrap();
    within("the killed replay ends", child.wait()).await.unwrap();
    blocker.batch_execute("rollback").await.unwrap();
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    site.db.eventually(locks, "0").await;
    assert_eq!(site.all().await, before);

    // An error after the rows, in the last statement: the books themselves.
    site.db
        .run("alter table stardrop.load_table add constraint never check (unchanged < 0) not valid")
        .await;
    let (code, _, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_ne!(code, Some(0), "{err}");
    site.db.run("alter table stardrop.load_table drop constraint never").await;
    assert_eq!(site.all().await, before);

    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let right = Shop::of(&shop(MENDED, "")).await;
    right.cloud.put_and_load("shop/a.csv", file(60)).await;
    assert_eq!(meaning(&site.db).await, meaning(&right.db).await);
    assert_eq!(site.db.rows(BOOKS).await, right.db.rows(BOOKS).await);
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn rejects_that_cannot_be_reloaded_alone_are_refused_with_a_reason() {
    let site = Shop::of(&shop(STRICT, "overwrite = \"replace\"")).await;
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let good = "1,a,t,i,n,2026-01-05,1.00\n";
    let bad = "2,a,t,i,n,05.01.2026,1.00\n3,a,t,i,n,05.01.2026,1.00\n";
    let text = format!("{head}{good}{bad}");
    site.cloud.put_and_load("shop/pruned.csv", &*text).await; // 1
    site.db.run("delete from stardrop.rejected_row where source_line = 3").await;
    let over = site.cloud.put("shop/over.csv", format!("{head}{bad}")).await;
    site.cloud.load(&over).await.unwrap_err(); // 2
    site.cloud.put_and_load("shop/undone.csv", &*text).await; // 3
    site.db.run("select stardrop.undo(3)").await;
    site.cloud.put_and_load("shop/replaced.csv", &*text).await; // 4
    let versions = site.cloud.put("shop/replaced.csv", format!("{head}{good}")).await;
    site.cloud.load(&versions).await.unwrap(); // 5
    site.cloud.put_and_load("shop/clean.csv", format!("{head}{good}")).await; // 6
    site.cloud
        .put_and_load("shop/quotes.csv", format!("{text}4,a,t,i,'n\n5,a,t,i,n',05.01.2026,1\n"))
        .await; // 7
    site.db.run("insert into staging.shop (id, buyer, item) values (1, 'a', 'i')").await; // 8
    site.mend(&shop(MENDED, "overwrite = \"replace\""));
    let mut said = String::new();
    for load in ["1", "2", "3", "4", "6", "7", "8", "99"] {
        if load == "7" {
            site.mend(
                &shop(MENDED, "overwrite = \"replace\"")
                    .replace("[columns]", "[file]\nquote = \"'\"\n[columns]"),
            );
        }
        let before = site.all().await;
        let (code, out, err) = site.stardrop(&["replay", "--rejects", load]).await;
        said.push_str(&format!("{load}: {} {out}{err}", code.unwrap()));
        assert_eq!(site.all().await, before, "{load}");
    }
    insta::assert_snapshot!(said, @"
    1: 2 stardrop: ledger: s3://inbox/shop/pruned.csv: only 1 of the 2 rejected rows of load 1 are still stored, the others were pruned: load the whole file again: stardrop replay 1
      mend the setting that the message names
    2: 2 stardrop: ledger: s3://inbox/shop/over.csv: load 2 failed, so its other rows are missing too: load the whole file again: stardrop replay 2
      mend the setting that the message names
    3: 2 stardrop: ledger: s3://inbox/shop/undone.csv: load 3 was undone: load the whole file again: stardrop replay 3
      mend the setting that the message names
    4: 2 stardrop: ledger: s3://inbox/shop/replaced.csv: a newer version of the key has replaced the rows of load 4, so its rejected rows can no longer be loaded
      mend the setting that the message names
    6: 0 load 6: s3://inbox/shop/clean.csv: 0 rejected rows loaded, 0 still rejected
    7: 2 stardrop: ledger: s3://inbox/shop/quotes.csv: with the contract as it is now, the file has other rows than load 7 read (4 rows now, 5 then): load the whole file again: stardrop replay 7
      mend the setting that the message names
    8: 2 stardrop: ledger: there is no load 8 of a file
      mend the setting that the message names
    99: 2 stardrop: ledger: there is no load 99 of a file
      mend the setting that the message names
    ");
}
