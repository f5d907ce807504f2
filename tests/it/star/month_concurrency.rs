//! Batches that need the same new months, or write the same dimensions, wait for each other and not for readers.

use super::months::{EVENTS, events};
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, connect};

/// A transaction that has inserted into the same new months, and has not committed yet.
fn insert(from: u32, rows: u32, who: &str) -> String {
    format!(
        "insert into staging.events (id, at, who, paid, day)
         select n, timestamptz '2024-01-10 00:00Z' + n % 3 * interval '1 month', '{who}' || n % 5, n,
                date '2024-01-10' + n % 90
         from generate_series({from}, {}) n",
        from + rows - 1
    )
}

#[tokio::test]
async fn two_batches_that_need_the_same_new_month_both_succeed() {
    for foreign_keys in [false, true] {
        // Batches with tombstones wait for each other anyway.
        let mut text = EVENTS.replace("delete_when = \"kind = 'gone'\"\n", "");
        if foreign_keys {
            text = text.replace("partition ", "foreign_keys = true\npartition ");
        }
        let (db, _) = TestDatabase::of(&catalog_of(&[("events", &text)])).await;
        let (first, second) = (connect(&db.url).await, connect(&db.url).await);
        first.batch_execute(&format!("begin; {}", insert(1, 30, "a"))).await.unwrap();
        let other = insert(101, 30, "b");
        let waiting = tokio::spawn(async move { second.batch_execute(&other).await });
        db.eventually_a_session_waits_for_a_lock().await;
        // Who reads does not wait.
        let timeout = "set statement_timeout = '5s'; select count(*) from star.fact_event";
        connect(&db.url).await.batch_execute(timeout).await.unwrap();
        first.batch_execute("commit").await.unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(db.text("select count(*) from star.fact_event").await, "60");
        assert_eq!(db.text("select count(*) from star.fact_visit").await, "60");
        assert_balanced(&db).await;
    }
}

#[tokio::test]
async fn a_batch_that_needs_a_new_month_waits_for_no_reader() {
    let site = events().await;
    site.db.run(&insert(1, 30, "a")).await;
    let reader = connect(&site.db.url).await;
    reader.batch_execute("begin; select count(*) from star.fact_event").await.unwrap();
    let writer = connect(&site.db.url).await;
    let later = "set statement_timeout = '5s';
        insert into staging.events (id, at, day) values (1, '2030-05-05 00:00Z', '2031-05-05')";
    writer.batch_execute(later).await.unwrap();
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(site.rows("select count(*) from star.fact_event").await, "31");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loaders_of_files_with_the_same_new_months_lose_no_row_and_do_not_deadlock() {
    let shared = EVENTS
        .replace("partition ", "foreign_keys = true\npartition ")
        .replace("delete_when = \"kind = 'gone'\"\n", "");
    // Another dataset that writes to the same dimensions, and has a month of its own to add.
    let visits = "name = \"calls\"\nmatch = [\"calls/*\"]\n[columns]\nid = { type = \"integer\", required = true }\n\
        at = { type = \"timestamptz\", required = true }\nwho = { type = \"text\" }\ncity = { type = \"text\" }\n\
        [dimension.city]\nkey = [\"city\"]\n[dimension.who]\nkey = [\"who\"]\n[fact.call]\ngrain = [\"id\", \"at\"]\n\
        dimensions = [\"city\", \"who\", { date = \"at\" }]\nforeign_keys = true\n\
        partition = { by = \"at\", every = \"month\" }\n";
    let site = Site::of(&[("events", &shared), ("calls", visits)]).await;
    let mut loads = Vec::new();
    for n in 0..8u32 {
        // Months in another order in each file, and the same grains in two of them.
        let rows: Vec<String> = (0..120u32)
            .map(|row| {
                let month = 1 + (row * [5, 7, 11, 1][(n % 4) as usize] + n) % 12;
                if n % 2 == 0 {
                    let id = row + n / 4 * 60;
                    format!(
                        "{id},2024-{month:02}-03T00:00:00Z,w{},sold,{n},2025-{month:02}-03",
                        row % 17
                    )
                } else {
                    format!("{row},2024-{month:02}-03T00:00:00Z,w{},c{}", row % 19, row % 5)
                }
            })
            .collect();
        let (key, head) = match n % 2 {
            0 => (format!("events/{n}.csv"), "id,at,who,kind,paid,day"),
            _ => (format!("calls/{n}.csv"), "id,at,who,city"),
        };
        let object = site.cloud.put(&key, format!("{head}\n{}\n", rows.join("\n"))).await;
        let mut loader = site.cloud.loader_with(&[("STARDROP_BATCH_ROWS", "40")]);
        loads.push(tokio::spawn(async move { loader.load(&object, None).await.map(drop) }));
    }
    for load in loads {
        load.await.unwrap().unwrap();
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(site.db.text(deadlocks).await, "0");
    assert_eq!(site.rows("select count(*) from star.fact_visit").await, "480");
    let counted = "select (select count(*) from star.fact_event) = (
            select sum(inserted) - sum(deleted) from stardrop.load_table where table_name = 'star.fact_event')";
    assert_eq!(site.rows(counted).await, "true");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn several_inserts_of_one_transaction_may_add_months() {
    let text = EVENTS.replace("partition ", "foreign_keys = true\npartition ");
    let (db, _) = TestDatabase::of(&catalog_of(&[("events", &text)])).await;
    let later = insert(1, 30, "a").replace("2024", "2027");
    db.run(&format!("begin; {}; {later}; commit", insert(1, 30, "a"))).await;
    assert_eq!(db.text("select count(*) from star.fact_event").await, "60");
    assert_balanced(&db).await;
}

/// To attach a table with foreign keys, Postgres locks the tables that it refers to in an order of its own.
#[tokio::test]
async fn a_batch_that_adds_months_does_not_deadlock_with_one_that_writes_the_same_dimensions() {
    // By the names of the foreign keys: this dimension is before the calendar then.
    let events =
        EVENTS.replace("partition ", "foreign_keys = true\npartition ").replace("who", "buyer");
    let calls = "name = \"call\"\nmatch = [\"call/*\"]\n[columns]\nbuyer = { type = \"text\" }\n\
        day = { type = \"date\" }\n[dimension.buyer]\nkey = [\"buyer\"]\n\
        [fact.call]\ndimensions = [\"buyer\", { date = \"day\" }]\n";
    let (db, _) = TestDatabase::of(&catalog_of(&[("events", &events), ("call", calls)])).await;
    // The first batch stops when it has locked the calendar and no other dimension.
    db.run(
        "create function hold() returns trigger language plpgsql as
         'begin perform pg_advisory_xact_lock_shared(42); return new; end';
         create trigger hold before insert on star.dim_date for each row execute function hold();
         select pg_advisory_lock(42)",
    )
    .await;
    let mut batches = Vec::new();
    let call = "insert into staging.call (buyer, day) values ('new', '2024-01-10')".to_owned();
    for (sql, waiting) in [(call, "1"), (insert(1, 30, "a").replace("who", "buyer"), "2")] {
        let session = connect(&db.url).await;
        batches.push(tokio::spawn(async move { session.batch_execute(&sql).await }));
        let waits = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        db.eventually(waits, waiting).await;
    }
    db.run("select pg_advisory_unlock(42)").await;
    for batch in batches {
        batch.await.unwrap().unwrap();
    }
    assert_eq!(db.text("select count(*) from star.fact_event").await, "30");
    assert_balanced(&db).await;
}
