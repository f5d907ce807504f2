//! A batch looks each of its rows up in the month of that row, and reads no month as a whole, however many months its
//! rows are in. Postgres would rather read all of them, because it expects a look into every month for every row.
//!
//! Postgres' own statistics count the scans of tables and the index entries that were read.

use crate::support::{TestDatabase, catalog_of};

const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id    = { type = "integer", required = true }
at    = { type = "timestamp", required = true }
kind  = { type = "text" }
paid  = { type = "integer" }
[fact.newest]
grain       = ["id", "at"]
delete_when = "kind = 'delete'"
measures    = ["paid"]
partition   = { by = "at", every = "month" }
[fact.oldest]
grain     = ["at", "id"]
conflict  = "keep"
measures  = ["paid"]
partition = { by = "at", every = "month" }
[policy]
overwrite      = "ignore"
repeated_grain = "reject"
"#;

/// Rows in three years of months.
const LARGE: i64 = 72_000;

fn rows(from: i64, step: i64, count: i64, paid: &str) -> String {
    format!(
        "insert into staging.shop (id, at, kind, paid)
         select n, timestamp '2021-01-01' + n % 1080 * interval '1 day',
                case when n % 100 = 33 and {paid} > 0 then 'delete' end, {paid}
         from (select {from} + i * {step} as n from generate_series(0, {count} - 1) i) rows"
    )
}

/// Scans of whole months, looks into an index of one, and entries read there.
async fn reads(db: &TestDatabase) -> (i64, i64, i64) {
    db.run("select pg_stat_force_next_flush()").await;
    let row = db
        .client
        .query_one(
            "select sum(t.seq_scan)::bigint, sum(i.scans)::bigint, sum(i.entries)::bigint
             from pg_stat_user_tables t
             join (select relid, sum(idx_scan) as scans, sum(idx_tup_read) as entries
                   from pg_stat_user_indexes group by 1) i using (relid)
             where t.schemaname = 'star' and t.relname ~ '^fact_.*_p20[0-9_]*$'",
            &[],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn each_row_of_a_batch_is_looked_up_in_its_own_month() {
    let (db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    db.run(&rows(0, 1, LARGE, "0")).await;
    db.run("vacuum analyze").await;
    assert_eq!(db.text("select count(*) from stardrop.months('star.fact_newest')").await, "38");
    for batch in [10, 2_000] {
        let step = (LARGE - batch) / batch;
        // Known rows: the same, changed and deleted ones. Then new rows.
        for (from, paid) in [(0, "0"), (0, "n"), (LARGE, "1")] {
            let (scans, looks, entries) = reads(&db).await;
            db.run(&rows(from + batch, if from == 0 { step } else { 1 }, batch, paid)).await;
            let (scans_after, looks_after, entries_after) = reads(&db).await;
            let (looks, entries) = (looks_after - looks, entries_after - entries);
            assert_eq!(scans_after - scans, 0, "{batch} {from} {paid}");
            // Two facts, each with a few statements: far fewer than a look into each of 36 months for each row. The
            // first rows are looked up once more.
            let most = 2 * (6 * batch + 5 * batch.min(100)) + 200;
            assert!(looks <= most, "{batch} {from} {paid}: {looks} looks");
            assert!(entries <= 2 * most, "{batch} {from} {paid}: {entries} entries");
        }
    }
    let kept = "select count(*) from star.fact_oldest";
    assert_eq!(db.text(kept).await, (LARGE + 2_010).to_string());
}

/// A type 2 dimension, and a fact for each type of time.
const VERSIONS: &str = r#"
name  = "call"
match = ["call/*"]
[columns]
id   = { type = "integer", required = true }
at   = { type = "timestamptz", required = true }
who  = { type = "integer" }
plan = { type = "text" }
day  = { type = "date", required = true }
[dimension.who]
key        = ["who"]
attributes = ["plan"]
history    = "versions"
valid_from = "at"
[fact.by_time]
grain      = ["id", "at"]
dimensions = ["who"]
as_of      = "at"
partition  = { by = "at", every = "month" }
[fact.by_day]
grain      = ["id", "day"]
dimensions = ["who"]
as_of      = "day"
partition  = { by = "day", every = "month" }
[policy]
overwrite = "ignore"
"#;

#[tokio::test]
async fn facts_of_a_new_version_are_looked_for_in_the_months_of_the_version() {
    let (db, _) = TestDatabase::of(&catalog_of(&[("call", VERSIONS)])).await;
    db.run(&format!(
        "insert into staging.call (id, at, who, day, plan)
         select n, day, n % 4000, day, case when n <= 4000 then 'old' end
         from (select n, date '2021-01-01' + case when n <= 4000 then 0 else n % 1080 end as day
               from generate_series(1, {LARGE}) n) rows"
    ))
    .await;
    db.run("vacuum analyze").await;
    let (scans, looks, entries) = reads(&db).await;
    db.run(
        "insert into staging.call (id, at, who, day, plan)
         select -n, timestamptz '2023-11-20 00:00Z', n, date '2023-11-20', 'new' from generate_series(1, 500) n",
    )
    .await;
    let (scans_after, looks_after, entries_after) = reads(&db).await;
    assert_eq!(scans_after - scans, 0);
    // Each of the two facts has 72,500 rows.
    let read = entries_after - entries;
    assert!(read <= 5_000, "{read} entries, {} looks", looks_after - looks);
    // In 36 months there would be 36,000 looks.
    assert!(looks_after - looks <= 500 * 2 * 6, "{} looks", looks_after - looks);
    for (fact, time) in [("by_time", "at"), ("by_day", "day")] {
        let wrong = format!(
            "select count(*) from star.fact_{fact} f join star.dim_who d using (who_key)
             where d.plan <> case when f.{time} >= '2023-11-20 00:00Z' and d.who between 1 and 500
                                  then 'new' else 'old' end"
        );
        assert_eq!(db.text(&wrong).await, "0", "{fact}");
        let new = format!(
            "select count(*) from star.fact_{fact} join star.dim_who using (who_key) where plan = 'new'"
        );
        assert_ne!(db.text(&new).await, "500");
    }
}
