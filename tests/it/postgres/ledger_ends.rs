//! The ledger's functions that a worker sends together with the commit, before it knows how the ones before them end.

use crate::support::TestDatabase;

const CLAIM: &str = "select * from stardrop.claim('sales', 'b', 'k', null, 'e', 1, now(), null, 'merge', true, interval '1 hour', now())";
const HELD: &str = "select count(*) from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())";

#[tokio::test]
async fn a_commit_behind_a_lost_claim_is_a_rollback() {
    let db = TestDatabase::migrated().await;
    db.run(CLAIM).await;
    let load_id: i64 = db.text("select load_id from stardrop.load").await.parse().unwrap();
    db.run("create table public.written (id integer)").await;
    for (attempt, held) in [(2, false), (1, true)] {
        db.run("begin; insert into public.written values (1)").await;
        let checkpoint = format!(
            "select stardrop.require_held(stardrop.checkpoint({load_id}, {attempt}, 0, 1, 1, 1, 1, interval '1 hour'))"
        );
        let refused = db.client.batch_execute(&checkpoint).await.err();
        let sqlstate = refused.map(|error| error.code().unwrap().code().to_owned());
        assert_eq!(sqlstate.as_deref(), (!held).then_some("SD005"));
        db.run("commit").await;
        let written = db.text("select count(*) from public.written").await;
        assert_eq!(written, if held { "1" } else { "0" });
    }
}

#[tokio::test]
async fn a_key_stays_locked_while_its_load_is_not_finished() {
    let db = TestDatabase::migrated().await;
    db.run(CLAIM).await;
    let release = "select rows_read, findings from stardrop.release_finished((select load_id from stardrop.load))";
    assert_eq!(db.rows(release).await, "null|null");
    assert_eq!(db.text(HELD).await, "1");
    // As by a worker that took the load over: this session's lock is of no use any more.
    db.run("update stardrop.load set worker_pid = 0").await;
    assert_eq!(db.rows(release).await, "0|[]");
    assert_eq!(db.text(HELD).await, "0");
}

#[tokio::test]
async fn only_a_claim_need_not_wait_for_the_disk() {
    let db = TestDatabase::migrated().await;
    let commits = "select current_setting('synchronous_commit')";
    db.run("begin").await;
    db.run(CLAIM).await;
    assert_eq!(db.rows(commits).await, "off", "without its session the claim is lost anyway");
    db.run("commit").await;
    assert_eq!(db.rows(commits).await, "on");
    // Whoever is told that there is nothing to load deletes the event.
    db.run("update stardrop.load set state = 'loaded', finished_at = now(); begin").await;
    db.run(CLAIM).await;
    assert_eq!(db.rows(commits).await, "on");
    db.run("rollback").await;
}
