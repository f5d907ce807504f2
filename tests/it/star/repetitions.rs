//! Members that a newer file has, too, are not written again, and yet count as new as that file.

use crate::support::connect;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

const CRM: &str = r#"
name  = "crm"
match = ["crm/*"]
[columns]
code = { type = "text" }
name = { type = "text" }
town = { type = "text" }
[dimension.buyer]
key        = ["code"]
attributes = ["name", "town"]
"#;

/// The oldest name and the newest town.
const FIRST_NAME: &str = "[dimension.buyer.history]\nname = \"first\"\n";

/// A further dataset with an attribute of the same dimension.
const VAT: &str = r#"
name  = "vat"
match = ["vat/*"]
[columns]
code = { type = "text" }
rate = { type = "integer" }
[dimension.buyer]
key        = ["code"]
attributes = ["rate"]
"#;

/// Facts that refer to the members, so that these stay without values.
const SALE: &str = r#"
name  = "sale"
match = ["sale/*"]
[columns]
id   = { type = "integer", required = true }
code = { type = "text" }
[fact.sale]
grain      = ["id"]
dimensions = ["buyer"]
"#;

async fn site() -> Site {
    Site::of(&[("crm", CRM), ("sale", SALE)]).await
}

fn file(rows: &[(u32, &str, &str)]) -> String {
    let line = |(code, name, town): &(u32, &str, &str)| format!("{code},{name},{town}\n");
    "code,name,town\n".to_owned() + &rows.iter().map(line).collect::<String>()
}

/// Customers 1 to `n`; each has their own name.
fn all(n: u32, town: &str) -> String {
    (1..=n)
        .fold("code,name,town\n".to_owned(), |text, code| format!("{text}{code},n{code},{town}\n"))
}

const WRITTEN: &str = "select md5(string_agg(code || ' ' || xmin, ',' order by code)) from star.dim_buyer where code <> '7'";
const NAMES: &str = "select code, name from star.dim_buyer where code is not null order by code";

/// From a batch size on the first rows are looked at before.
#[tokio::test]
async fn a_newer_file_writes_only_members_that_it_changes_and_an_older_one_changes_no_others() {
    for members in [200, 3_000] {
        let site = site().await;
        site.load("crm/a", 1, &all(members, "Rome")).await;
        let before = site.rows(WRITTEN).await;
        let newer = all(members, "Rome").replace("n7,", "new,");
        let report = site.load("crm/c", 3, &newer).await;
        assert_eq!((report.rows_inserted, report.rows_updated), (0, 1));
        assert_eq!(site.rows(WRITTEN).await, before);

        let rows = file(&[(5, "old5", "Rome"), (7, "old7", "Rome"), (9999, "late", "Rome")]);
        let report = site.load("crm/b", 2, &rows).await;
        assert_eq!((report.rows_inserted, report.rows_updated), (1, 0));
        let some =
            "select code, name from star.dim_buyer where code in ('5', '7', '9999') order by code";
        assert_eq!(site.rows(some).await, "5|n5\n7|new\n9999|late");

        // Without the newest file the members count as old as the first one again.
        assert_eq!(site.rows("select outcome from stardrop.undo(2)").await, "undone");
        site.load("crm/b2", 2, &file(&[(5, "old5", "Rome"), (7, "old7", "Rome")])).await;
        assert_eq!(site.rows(some).await, "5|old5\n7|old7\n9999|late");
        assert_balanced(&site.db).await;
    }
}

/// An undo gives a value to the files that had repeated it, and to no other ones.
#[tokio::test]
async fn an_undone_file_leaves_its_values_to_those_that_repeated_them() {
    let site = site().await;
    site.load("crm/0", 1, &file(&[(1, "older", "Rome"), (2, "older", "Rome")])).await;
    site.load("crm/again", 2, &file(&[(2, "older", "Rome"), (1, "older", "Rome")])).await;
    site.load("crm/a", 3, &file(&[(1, "Ann", "Rome"), (2, "Bob", "Rome")])).await;
    site.load("crm/b", 5, &file(&[(1, "Ann", "Rome"), (3, "Cid", "Rome")])).await;
    site.load("crm/c", 7, &file(&[(1, "Ann", "Rome"), (4, "Dan", "Rome")])).await;
    let id = |key: &str| format!("(select load_id from stardrop.load where key = 'crm/{key}.csv')");
    let undo = |key: &str| format!("select outcome from stardrop.undo({})", id(key));
    assert_eq!(site.rows(&undo("a")).await, "undone");
    // Nobody else has said what 2 is called: the one that repeated an older name does not count any more.
    assert_eq!(site.rows(NAMES).await, "1|Ann\n3|Cid\n4|Dan");
    site.load("crm/late", 6, &file(&[(1, "late", "Rome"), (2, "late", "Rome")])).await;
    assert_eq!(site.rows(NAMES).await, "1|Ann\n2|late\n3|Cid\n4|Dan");
    let source =
        format!("select source_load_id = {} from star.dim_buyer where code = '1'", id("b"));
    assert_eq!(site.rows(&source).await, "true");
    assert_eq!(site.rows(&undo("c")).await, "undone");
    site.load("crm/b3", 4, &file(&[(1, "older", "Rome")])).await;
    assert_eq!(site.rows(NAMES).await, "1|Ann\n2|late\n3|Cid");
    site.load("crm/b4", 6, &file(&[(1, "newer", "Rome"), (3, "newer", "Rome")])).await;
    assert_eq!(site.rows(NAMES).await, "1|newer\n2|late\n3|newer");
    assert_balanced(&site.db).await;
}

/// A member of which an undo takes the values does not keep notes of what was repeated before.
#[tokio::test]
async fn repetitions_of_values_that_are_gone_do_not_keep_others_out() {
    let site = site().await;
    site.load("crm/a", 1, &file(&[(1, "Ann", "Rome")])).await;
    site.load("crm/b", 5, &file(&[(1, "Ann", "Rome"), (2, "Bob", "Rome")])).await;
    site.load("crm/c", 7, &file(&[(1, "Anna", "Rome")])).await;
    site.load("sale/a", 1, "id,code\n1,1\n").await;
    assert_eq!(site.rows("select outcome from stardrop.undo(3)").await, "undone");
    assert_eq!(site.rows(NAMES).await, "1|null\n2|Bob");
    // Older than the file that had repeated the first name, which is gone.
    site.load("crm/d", 3, &file(&[(1, "Dora", "Rome")])).await;
    assert_eq!(site.rows(NAMES).await, "1|Dora\n2|Bob");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn attributes_of_several_datasets_are_repeated_one_by_one() {
    for history in ["", FIRST_NAME] {
        let crm = format!("{CRM}{history}");
        let site = Site::of(&[("crm", &crm), ("vat", VAT)]).await;
        site.load("crm/a", 1, &file(&[(1, "Ann", "Rome"), (2, "Bob", "Rome")])).await;
        site.load("vat/a", 1, "code,rate\n1,10\n2,20\n").await;
        site.load("crm/c", 9, &file(&[(1, "Ann", "Rome")])).await;
        site.load("vat/c", 4, "code,rate\n1,10\n").await;
        let before = site.rows(WRITTEN).await;
        // Older than the one, newer than the other: of member 1 only the rate may change.
        site.load("crm/b", 6, &file(&[(1, "Ann", "Oslo"), (2, "Bob", "Oslo")])).await;
        let star = "select code, name, town, rate from star.dim_buyer where code is not null order by code";
        assert_eq!(site.rows(star).await, "1|Ann|Rome|10\n2|Bob|Oslo|20", "{history}");
        assert_ne!(site.rows(WRITTEN).await, before);
        site.load("vat/b", 3, "code,rate\n1,11\n2,21\n").await;
        assert_eq!(site.rows(star).await, "1|Ann|Rome|10\n2|Bob|Oslo|21", "{history}");
        site.load("vat/d", 6, "code,rate\n1,12\n2,22\n").await;
        assert_eq!(site.rows(star).await, "1|Ann|Rome|12\n2|Bob|Oslo|22", "{history}");
        assert_eq!(site.rows("select outcome from stardrop.undo(3)").await, "undone");
        site.load("crm/b2", 5, &file(&[(1, "Ann", "Bern"), (2, "Bob", "Bern")])).await;
        assert_eq!(site.rows(star).await, "1|Ann|Bern|12\n2|Bob|Oslo|22", "{history}");
        assert_balanced(&site.db).await;
    }
}

/// A batch that would change a member waits for one that is just repeating it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_file_waits_for_the_commit_of_what_a_newer_one_repeats() {
    let site = site().await;
    site.load("crm/a", 1, &file(&[(1, "Ann", "Rome")])).await;
    let somebody = connect(&site.db.url).await;
    let repeat = "begin; insert into staging.crm (code, name, town) values ('1', 'Ann', 'Rome')";
    somebody.batch_execute(repeat).await.unwrap();
    let rows = file(&[(1, "old", "Rome")]);
    let loading = site.load("crm/b", 9, &rows);
    let ending = async {
        site.db.eventually_a_session_waits_for_a_lock().await;
        somebody.batch_execute("commit").await.unwrap();
    };
    let (report, ()) = tokio::join!(loading, ending);
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 0));
    assert_eq!(site.rows(NAMES).await, "1|Ann");
}

/// Batches that only bring new members, or repeat some, do not wait for each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_change_no_member_load_next_to_each_other() {
    let site = site().await;
    site.load("crm/a", 1, &file(&[(1, "Ann", "Rome")])).await;
    let somebody = connect(&site.db.url).await;
    let repeat = "begin; insert into staging.crm (code, name, town) values ('1', 'Ann', 'Rome'), ('2', 'Bob', 'Rome')";
    somebody.batch_execute(repeat).await.unwrap();
    let report = site.load("crm/b", 2, &file(&[(1, "Ann", "Rome"), (3, "Cid", "Rome")])).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (1, 0));
    somebody.batch_execute("commit").await.unwrap();
    assert_eq!(site.rows(NAMES).await, "1|Ann\n2|Bob\n3|Cid");
}

/// Two files insert the same new member and say different things of it; two others repeat what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_and_an_older_file_at_once_leave_what_the_newer_one_says() {
    for members in [300, 2_000] {
        let site = site().await;
        site.load("crm/a", 1, &all(members, "Rome")).await;
        for round in 0..6 {
            let town = if round % 2 == 0 { "Rome" } else { "Bern" };
            // One line of its own each, because a file with the content of another one is not loaded.
            let older = all(2 * members, "Oslo") + &format!("o{round},,\n");
            let newer = all(3 * members, town) + &format!("n{round},,\n");
            let (first, second) = (format!("crm/o{round}"), format!("crm/n{round}"));
            let (old, new) = (2 + 2 * round, 3 + 2 * round);
            tokio::join!(site.load(&first, old, &older), site.load(&second, new, &newer));
            let towns = "select string_agg(distinct town, ' '), count(*) from star.dim_buyer where town is not null";
            assert_eq!(site.rows(towns).await, format!("{town}|{}", 3 * members), "round {round}");
        }
        let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
        assert_eq!(site.rows(deadlocks).await, "0");
        assert_balanced(&site.db).await;
    }
}
