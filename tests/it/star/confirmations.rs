//! Rows of a fact that a newer file has, too, are not written again, and yet count as new as that file.

use crate::support::connect;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

const STOCK: &str = r#"
name  = "stock"
match = ["stock/*"]
[columns]
id  = { type = "integer", required = true }
rev = { type = "integer" }
qty = { type = "integer" }
[fact.stock]
grain    = ["id"]
measures = ["qty"]
"#;

async fn site(more: &str) -> Site {
    Site::of(&[("stock", &format!("{STOCK}{more}\n"))]).await
}

/// A file with these rows: id, rev, qty.
fn file(rows: impl IntoIterator<Item = (u32, u32, u32)>) -> String {
    let mut text = "id,rev,qty\n".to_owned();
    for (id, rev, qty) in rows {
        text.push_str(&format!("{id},{rev},{qty}\n"));
    }
    text
}

/// What tells whether rows were written.
const WRITTEN: &str = "select md5(string_agg(f.id || ' ' || f.xmin, ',' order by f.id)) from star.fact_stock f where f.id <> 7";
const STAR: &str = "select id, qty from star.fact_stock order by id";

#[tokio::test]
async fn a_newer_file_writes_only_rows_that_it_changes_and_an_older_one_changes_none_of_the_others()
{
    let site = site("").await;
    site.load("stock/a", 1, &file((1..=200).map(|id| (id, 0, id)))).await;
    let before = site.rows(WRITTEN).await;
    let newer = (1..=200).rev().map(|id| (id, 0, if id == 7 { 70 } else { id }));
    let report = site.load("stock/c", 3, &file(newer)).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 1));
    assert_eq!(site.rows(WRITTEN).await, before);

    let report = site.load("stock/b", 2, &file([(5, 0, 50), (7, 0, 700), (300, 0, 3)])).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (1, 0));
    let old = format!("{WRITTEN} and f.id <= 200");
    assert_eq!(site.rows(&old).await, before);
    let at = "select id, qty from star.fact_stock where id in (5, 7, 300) order by 1";
    assert_eq!(site.rows(at).await, "5|5\n7|70\n300|3");

    // Without the newest file its rows count as old as the first one again.
    assert_eq!(site.rows("select outcome from stardrop.undo(2)").await, "undone");
    site.load("stock/b2", 2, &file([(5, 0, 51), (7, 0, 701)])).await;
    assert_eq!(site.rows(at).await, "5|51\n7|701\n300|3");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn with_the_oldest_row_kept_an_older_file_confirms() {
    let site = site("conflict = \"keep\"").await;
    site.load("stock/c", 3, &file([(1, 0, 10), (2, 0, 20)])).await;
    // The second row of a grain loses to the first, which is the one that is there.
    site.load("stock/a", 1, &file([(1, 0, 10), (1, 0, 11)])).await;
    site.load("stock/b", 2, &file([(1, 0, 12), (2, 0, 22)])).await;
    assert_eq!(site.rows(STAR).await, "1|10\n2|22");
    assert_eq!(
        site.rows("select load_id, id from star.fact_stock order by id").await,
        "1|1\n3|2",
        "the load that last changed the row"
    );
    site.load("stock/z", 1, &file([(1, 0, 13)])).await;
    assert_eq!(site.rows(STAR).await, "1|10\n2|22");
}

#[tokio::test]
async fn a_higher_version_wins_over_a_row_that_a_newer_file_has_confirmed() {
    let site = site("version = \"rev\"").await;
    site.load("stock/a", 1, &file([(1, 1, 10), (2, 1, 20)])).await;
    site.load("stock/c", 3, &file([(2, 1, 20), (1, 1, 10)])).await;
    site.load("stock/b", 2, &file([(1, 2, 11), (2, 1, 21)])).await;
    assert_eq!(site.rows(STAR).await, "1|11\n2|20");
}

/// Of batches that are in the order of their grains, none is sorted; others are.
#[tokio::test]
async fn large_batches_give_the_same_star_in_any_order_of_their_rows() {
    const ROWS: u32 = 12_000;
    let site = site("").await;
    let sums = "select count(*), sum(qty), sum(qty::bigint * id) from star.fact_stock";
    let report = site.load("stock/a", 1, &file((1..=ROWS).map(|id| (id, 0, id)))).await;
    assert_eq!(report.rows_inserted, u64::from(ROWS));
    // Each thousandth row is another one, and the last of a grain wins.
    let newer = |id: u32| if id.is_multiple_of(1000) { id + 1 } else { id };
    let twice = (1..=ROWS).rev().flat_map(|id| [(id, 0, 0), (id, 0, newer(id))]);
    let report = site.load("stock/b", 2, &file(twice)).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 12));
    let expected = |row: &dyn Fn(u32) -> u32| {
        let of = |id: u32| u64::from(row(id));
        let (sum, product) = (1..=ROWS)
            .fold((0, 0), |(sum, product), id| (sum + of(id), product + of(id) * u64::from(id)));
        format!("{ROWS}|{sum}|{product}")
    };
    assert_eq!(site.rows(sums).await, expected(&newer));
    let report = site.load("stock/c", 3, &file((1..=ROWS).rev().map(|id| (id, 0, id)))).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 12));
    assert_eq!(site.rows(sums).await, expected(&|id| id));
    // Late, all changed, and half of the rows new.
    let late = (1..=2 * ROWS).map(|id| (id, 0, 1));
    let report = site.load("stock/b2", 2, &file(late)).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (u64::from(ROWS), 0));
    let old =
        "select count(*), sum(qty), sum(qty::bigint * id) from star.fact_stock where id <= 12000";
    assert_eq!(site.rows(old).await, expected(&|id| id));
    assert_balanced(&site.db).await;
}

/// Two batches have the same new rows and the same known one, in other orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_meet_in_new_and_in_known_rows_wait_for_each_other_and_never_deadlock() {
    for known in [false, true] {
        let site = site("").await;
        if known {
            site.load("stock/a", 1, &file([(1, 0, 10)])).await;
        }
        let somebody = connect(&site.db.url).await;
        somebody
            .batch_execute(
                "begin; insert into staging.stock (id, qty) values (1, 11), (2, 12), (3, 13)",
            )
            .await
            .unwrap();
        let rows = file([(4, 0, 40), (3, 0, 30), (2, 0, 20), (1, 0, 10)]);
        let loading = site.load("stock/b", 9, &rows);
        let ending = async {
            site.db.eventually_a_session_waits_for_a_lock().await;
            somebody.batch_execute("commit").await.unwrap();
        };
        let (report, ()) = tokio::join!(loading, ending);
        // Rows inserted by hand are as new as their transaction.
        assert_eq!((report.rows_inserted, report.rows_updated), (1, 0), "{known}");
        assert_eq!(site.rows(STAR).await, "1|11\n2|12\n3|13\n4|40", "{known}");
        let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
        assert_eq!(site.rows(deadlocks).await, "0");
        assert_balanced(&site.db).await;
    }
}

/// A batch that would change a row waits for one that is just confirming it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_file_waits_for_the_commit_of_what_a_newer_one_confirms() {
    let site = site("").await;
    site.load("stock/a", 1, &file([(1, 0, 10)])).await;
    let somebody = connect(&site.db.url).await;
    let confirm = "begin; insert into staging.stock (id, qty) values (1, 10)";
    somebody.batch_execute(confirm).await.unwrap();
    let rows = file([(1, 0, 99)]);
    let loading = site.load("stock/b", 9, &rows);
    let ending = async {
        site.db.eventually_a_session_waits_for_a_lock().await;
        somebody.batch_execute("commit").await.unwrap();
    };
    let (report, ()) = tokio::join!(loading, ending);
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 0));
    assert_eq!(site.rows(STAR).await, "1|10");
}

/// A batch with new rows of its own finds the lock taken by one that waits for these rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_and_an_older_file_at_once_leave_what_the_newer_one_says() {
    let site = site("").await;
    site.load("stock/a", 1, &file((1..=300).map(|id| (id, 0, 1)))).await;
    let older = file((1..=600).map(|id| (id, 0, 2)));
    // Its first rows are new, so it begins with an insert.
    let newer = file((301..=900).chain(1..=300).map(|id| (id, 0, if id <= 150 { 1 } else { 3 })));
    for round in 0..6 {
        let (first, second) = (format!("stock/o{round}"), format!("stock/n{round}"));
        tokio::join!(site.load(&first, 2, &older), site.load(&second, 3, &newer));
        let wrong = "select count(*) from star.fact_stock
                     where qty <> case when id <= 150 then 1 else 3 end";
        assert_eq!(site.rows(wrong).await, "0", "round {round}");
    }
    assert_eq!(site.rows("select count(*) from star.fact_stock").await, "900");
}

const REPLACE: &str = "[policy]\noverwrite = \"replace\"";

/// A newer version of a file writes what it changes, and deletes what it lacks unless another file has it.
#[tokio::test]
async fn a_version_that_replaces_another_writes_only_rows_that_it_changes() {
    let site = site(REPLACE).await;
    site.load("stock/a", 1, &file((1..=200).map(|id| (id, 0, id)))).await;
    let before = site.rows(WRITTEN).await;
    // Another file has some of the rows, and one of its own.
    site.load("stock/b", 2, &file([(3, 0, 3), (4, 0, 4), (900, 0, 9)])).await;
    assert_eq!(site.rows(&format!("{WRITTEN} and f.id < 900")).await, before);
    let newer = (2..=200).rev().filter(|id| *id != 3);
    let newer = newer.map(|id| (id, 0, if id == 7 { 70 } else { id }));
    let report = site.load("stock/a", 3, &file(newer)).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 1));
    let some = "select id, qty from star.fact_stock where id in (1, 2, 3, 4, 7, 900) order by 1";
    assert_eq!(site.rows(some).await, "2|2\n3|3\n4|4\n7|70\n900|9");

    // Without the other file nobody has 3 any more; 4 is one of the first file.
    site.load("stock/b", 4, &file([(900, 0, 9)])).await;
    assert_eq!(site.rows(some).await, "2|2\n4|4\n7|70\n900|9");

    // An older file that comes late changes no row that a newer version has repeated.
    site.load("stock/c", 2, &file([(5, 0, 50), (7, 0, 71), (901, 0, 1)])).await;
    let late = "select id, qty from star.fact_stock where id in (5, 7, 901) order by 1";
    assert_eq!(site.rows(late).await, "5|5\n7|70\n901|1");
    assert_balanced(&site.db).await;
}

/// The rows of a version count as new as that version, not as the first one that had them.
#[tokio::test]
async fn versions_of_several_files_leave_the_same_star_in_any_order_of_theirs() {
    type Load = (&'static str, u8, Vec<(u32, u32, u32)>);
    let loads: [Load; 5] = [
        ("stock/a", 1, vec![(1, 0, 1), (2, 0, 2)]),
        ("stock/b", 2, vec![(1, 0, 1), (3, 0, 3)]),
        ("stock/a", 3, vec![(1, 0, 1), (2, 0, 20)]),
        ("stock/b", 4, vec![(1, 0, 1), (3, 0, 3), (4, 0, 4)]),
        ("stock/c", 3, vec![(1, 0, 9), (4, 0, 9), (5, 0, 9)]),
    ];
    for order in
        [[0, 1, 2, 3, 4], [1, 0, 2, 4, 3], [4, 0, 1, 2, 3], [1, 3, 4, 0, 2], [0, 2, 4, 1, 3]]
    {
        let site = site(REPLACE).await;
        for at in order {
            let (key, day, rows) = &loads[at];
            site.load(key, *day, &file(rows.iter().copied())).await;
        }
        assert_eq!(site.rows(STAR).await, "1|1\n2|20\n3|3\n4|4\n5|9", "{order:?}");
        assert_balanced(&site.db).await;
    }
}
