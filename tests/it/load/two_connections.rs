//! A load over two connections: the next batch is read, copied and normalised while the one before it is still open, and
//! the star is what one connection makes of the file.

use stardrop::load::{LoadReport, Outcome};
use tokio::task::JoinHandle;

use crate::load::exactly_once::sales;
use crate::support::TestDatabase;
use crate::support::cloud::Cloud;
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::wait::within;

const KEY: &str = "sales/2026/01/day.csv";

/// The loader's sessions, and what they do.
const SESSIONS: &str =
    "select concat_ws('|', count(*) filter (where query like 'copy %'), count(*)) from pg_stat_activity
    where usename = 'test_loader' and datname = current_database()";

/// A load that goes on by itself, in batches of 1,000 rows.
async fn start(cloud: &Cloud, text: &str, connections: &str) -> JoinHandle<LoadReport> {
    let object = cloud.put(KEY, text).await;
    let vars = [("STARDROP_BATCH_ROWS", "1000"), ("STARDROP_CONNECTIONS", connections)];
    let mut loader = cloud.loader_with(&vars);
    tokio::spawn(async move { loader.load(&object, None).await.unwrap() })
}

/// What the star has after a load over so many connections, and its report.
async fn loaded(texts: &[String], connections: &str) -> (TestDatabase, String, Vec<LoadReport>) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut reports = Vec::new();
    for text in texts {
        let load = start(&cloud, text, connections).await;
        reports.push(within("the load ends", load).await.unwrap());
    }
    assert_balanced(&db).await;
    let meaning = meaning(&db).await;
    (db, meaning, reports)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_batch_is_copied_while_one_waits_in_its_triggers() {
    for (connections, sessions) in [("2", "2|2"), ("1", "1|1")] {
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        let mut other = crate::support::connect(&db.url).await;
        let lock = other.transaction().await.unwrap();
        lock.batch_execute("lock table star.fact_sales in exclusive mode").await.unwrap();
        let load = start(&cloud, &sales(3000), connections).await;
        db.eventually(SESSIONS, sessions).await;
        db.eventually_a_session_waits_for_a_lock().await;
        assert_eq!(db.text("select checkpoint_rows from stardrop.load").await, "0");
        lock.commit().await.unwrap();
        let report = within("the load ends", load).await.unwrap();
        assert_eq!((report.outcome, report.batches), (Outcome::Loaded, 3), "{connections}");
        assert_balanced(&db).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_committed_after_the_one_before_it() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    // All members are known, so that the second batch has nothing to wait for but its turn.
    let first = cloud.put("sales/2026/01/first.csv", sales(3000)).await;
    cloud.load(&first).await.unwrap();
    let grain = "select pg_advisory_xact_lock(stardrop.table_lock('fact_sales'))";
    let mut other = crate::support::connect(&db.url).await;
    let lock = other.transaction().await.unwrap();
    lock.batch_execute(grain).await.unwrap();
    // The rows of the first batch are known, and wait for the lock; those of the second are new.
    let new = sales(9000).lines().skip(8001).map(|row| format!("{row}\n")).collect::<String>();
    let text = sales(1000) + &new;
    let load = start(&cloud, &text, "2").await;
    let waits = "select concat_ws('|',
                            count(*) filter (where l.objid::bigint = (t.turn & 4294967295) and l.classid::bigint = t.turn >> 32),
                            count(*))
                 from pg_locks l
                 cross join (select stardrop.turn_lock(2, 1, 0) as turn) t
                 where l.locktype = 'advisory' and not l.granted
                   and l.database = (select oid from pg_database where datname = current_database())";
    db.eventually(waits, "1|2").await;
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "3000");
    lock.commit().await.unwrap();
    let report = within("the load ends", load).await.unwrap();
    assert_eq!((report.rows_unchanged, report.rows_inserted), (1000, 1000));
    assert_balanced(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_changes_nothing_waits_with_its_checkpoint() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let first = cloud.put("sales/2026/01/first.csv", sales(3000)).await;
    cloud.load(&first).await.unwrap();
    // The first batch waits for a customer that somebody else is just inserting. The second one has nothing to wait for.
    let mut other = crate::support::connect(&db.url).await;
    let customer = other.transaction().await.unwrap();
    let insert = "insert into star.dim_customer (customer_id, load_id, source_line, source_load_id, source_time)
                  values (99999, 0, 0, 0, now())";
    customer.batch_execute(insert).await.unwrap();
    let text = sales(2000).replacen(",5,name 5,", ",99999,somebody new,", 1);
    let load = start(&cloud, &text, "2").await;
    let waits = "select string_agg(l.locktype, ' ' order by l.locktype) from pg_locks l
                 join pg_stat_activity a using (pid)
                 where not l.granted and a.datname = current_database()";
    db.eventually(waits, "advisory transactionid").await;
    customer.rollback().await.unwrap();
    let report = within("the load ends", load).await.unwrap();
    assert_eq!((report.rows_unchanged, report.rows_updated, report.batches), (1999, 1, 2));
    assert_eq!(db.text("select attempt from stardrop.load where load_id = 2").await, "1");
    assert_balanced(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_line_wins_over_two_connections_as_over_one() {
    // Each batch has the grains and the members of the one before it, with other values.
    let header = sales(0);
    let times = |first: u32| {
        let mut text = header.clone();
        for time in first..first + 6 {
            for row in 0..1000 {
                text.push_str(&format!(
                    "{row},1,2026-01-{:02} 10:00:00,{c},name {c} {time},Norway,p{p},product {p} {},{time},{}.50,\n",
                    row % 28 + 1,
                    time / 2,
                    row % 50,
                    c = row % 70,
                    p = row % 90,
                ));
            }
        }
        text
    };
    let texts = [times(1), times(4), sales(5000)];
    let (_db, one, _) = loaded(&texts, "1").await;
    let (db, two, reports) = loaded(&texts, "2").await;
    assert_eq!(two, one);
    for report in reports {
        assert!(report.batches > 4, "{report:?}");
    }
    assert_eq!(db.text("select count(*) from stardrop.load where second_pid > 0").await, "3");
    let newest = "select count(*) from star.fact_sales where quantity = 9";
    assert_ne!(db.text(newest).await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_postgres_refuses_is_rejected_in_any_batch() {
    for bad in [500, 1500, 2999, 4001] {
        let (order, line) = (bad / 3, bad % 3);
        let change = format!(
            "alter table star.fact_sales add constraint odd check (not (order_id = {order} and line_no = {line}))"
        );
        let mut stars = Vec::new();
        for connections in ["1", "2"] {
            let db = TestDatabase::migrated().await;
            db.run(&change).await;
            let cloud = Cloud::new(&db).await;
            let load = start(&cloud, &sales(5000), connections).await;
            let report = within("the load ends", load).await.unwrap();
            assert_eq!((report.rows_rejected, report.rows_inserted), (1, 4999), "{bad}");
            assert_balanced(&db).await;
            let rejected = db.rows("select source_line, code from stardrop.rejected_row").await;
            assert_eq!(rejected, format!("{}|refused_by_database", bad + 2));
            stars.push(meaning(&db).await);
        }
        assert_eq!(stars[0], stars[1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_second_connection_a_load_goes_on_with_one() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let limit = |connections: i32| {
        format!("alter database {} connection limit {connections}", db_name(&db))
    };
    db.run(&limit(2)).await;
    let load = start(&cloud, &sales(3000), "2").await;
    let report = within("the load ends", load).await.unwrap();
    db.run(&limit(-1)).await;
    assert_eq!((report.outcome, report.batches), (Outcome::Loaded, 3));
    assert_eq!(db.text("select count(second_pid) from stardrop.load").await, "0");
    assert_balanced(&db).await;
}

fn db_name(db: &TestDatabase) -> &str {
    db.url.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_wait_for_each_other_are_loaded_one_after_the_other() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let first = cloud.put("sales/2026/01/first.csv", sales(9000)).await;
    cloud.load(&first).await.unwrap();
    // One row in the middle of the first batch is changed, and none of the second: the first one looks as if it changed
    // nothing, and compares next to the second one. Then it wants the fact for itself.
    let mut rows: Vec<String> = sales(9000).lines().map(str::to_owned).collect();
    rows[2500] = rows[2500].replace(".50,", ".75,");
    let mut other = crate::support::connect(&db.url).await;
    let lock = other.transaction().await.unwrap();
    let fact = "select pg_advisory_xact_lock(stardrop.table_lock('fact_sales'))";
    lock.batch_execute(fact).await.unwrap();
    let object = cloud.put(KEY, rows.join("\n") + "\n").await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "3000")]);
    let load = tokio::spawn(async move { loader.load(&object, None).await.unwrap() });
    let waits = "select count(*) from pg_locks l where l.locktype = 'advisory' and not l.granted
                   and l.database = (select oid from pg_database where datname = current_database())";
    db.eventually(waits, "2").await;
    lock.commit().await.unwrap();
    let report = within("the load ends", load).await.unwrap();
    assert_eq!((report.rows_updated, report.rows_unchanged, report.batches), (1, 8999, 3));
    assert_balanced(&db).await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    db.eventually(deadlocks, "1").await;
}
