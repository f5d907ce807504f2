//! A batch against large tables reads a few rows of each for each row of its own, and scans no table.
//!
//! Postgres' own statistics count the scans of tables and the index entries that were read.

use std::collections::BTreeMap;

use crate::support::{TestDatabase, catalog_of};

/// Each kind of dimension, each kind of fact.
const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id      = { type = "integer", required = true }
kind    = { type = "text" }
paid    = { type = "integer" }
at      = { type = "timestamp" }
buyer   = { type = "integer" }
town    = { type = "text" }
first   = { type = "text" }
product = { type = "integer" }
name    = { type = "text" }
shelf   = { type = "integer" }
till    = { type = "integer" }
[dimension.buyer]
key        = ["buyer"]
attributes = ["town", "first"]
history    = { first = "first" }
[dimension.product]
key        = ["product"]
attributes = ["name", "shelf"]
history    = { name = "versions" }
valid_from = "at"
[dimension.till]
key = ["till"]
[fact.line]
dimensions = ["buyer", "product", "till", { date = "at" }]
measures   = ["paid"]
[fact.newest]
grain       = ["id"]
dimensions  = ["buyer", "product", { date = "at" }]
delete_when = "kind = 'delete'"
measures    = ["paid"]
[fact.oldest]
grain      = ["id"]
conflict   = "keep"
dimensions = ["product", { date = "at" }]
[policy]
overwrite = "ignore"
"#;

const LARGE: i64 = 50_000;

/// By table: whole scans, index entries read, rows.
type Reads = BTreeMap<String, (i64, i64, i64)>;

async fn reads(db: &TestDatabase) -> Reads {
    db.run("select pg_stat_force_next_flush()").await;
    let rows = db
        .client
        .query(
            "select t.relname::text, t.seq_scan::bigint, coalesce(sum(i.idx_tup_read), 0)::bigint,
                    c.reltuples::bigint
             from pg_stat_user_tables t join pg_class c on c.oid = t.relid
             left join pg_stat_user_indexes i using (relid)
             where t.schemaname = 'star' group by 1, 2, 4",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect()
}

fn rows(from: i64, to: i64, shift: i64) -> String {
    format!(
        "insert into staging.shop (id, kind, paid, at, buyer, town, first, product, name, shelf, till)
         select n, case when n % 10 = 3 then 'delete' end, n,
                timestamp '2026-01-01' + (n + {shift}) * interval '7 seconds', n, 't' || (n + {shift}) % 7,
                'f' || n, n / 4, 'p' || (n + {shift}) % 3, n % 5 + {shift}, n
         from generate_series({from}, {to}) n"
    )
}

#[tokio::test]
async fn a_small_batch_scans_no_large_table() {
    for (table, read) in reads_of_a_batch_of(10).await {
        assert!(read < 5_000, "{table}: {read} index entries");
    }
}

/// So many that, by its costs for a disk that turns, Postgres would rather scan all.
#[tokio::test]
async fn a_batch_of_a_hundredth_of_the_table_reads_no_more_for_each_row() {
    let (few, many) = (reads_of_a_batch_of(10).await, reads_of_a_batch_of(1_000).await);
    for (table, read) in many {
        // Index entries of deleted rows count until Postgres removes them, at no fixed time.
        // A scan of all would read 100,000 for each batch.
        let most = 4 * 100 * few[&table];
        assert!(read <= most, "{table}: {read} index entries, and not {most}");
    }
}

/// Sends four batches, and returns how many index entries of each large table were read for them.
async fn reads_of_a_batch_of(batch: i64) -> BTreeMap<String, i64> {
    let (db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    db.run(&rows(1, LARGE, 0)).await;
    db.run("analyze").await;
    let before = reads(&db).await;
    // Known and new ones, changed and unchanged, late and new versions, markers.
    for shift in [0, -3, 40_000] {
        db.run(&rows(50_000, 50_000 + batch - 1, shift)).await;
    }
    db.run(&rows(LARGE + 1, LARGE + batch, 1)).await;
    let mut large = BTreeMap::new();
    for (table, (scans, read, rows)) in reads(&db).await {
        let (scans_before, read_before, _) = before[&table];
        if rows >= 5_000 {
            assert_eq!(scans - scans_before, 0, "{table} was scanned");
            large.insert(table, read - read_before);
        }
    }
    // dim_buyer, dim_product, dim_till, history_product, three facts, tombstone_newest.
    assert_eq!(large.len(), 8, "{large:?}");
    large
}
