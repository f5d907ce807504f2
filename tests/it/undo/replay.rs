//! Loads a finished load again: the star ends as if it had been loaded once, and rows that cannot be loaded
//! again are not deleted.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::{TestDatabase, catalog_of};

const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id   = { type = "integer", required = true }
code = { type = "text" }
name = { type = "text" }
paid = { type = "integer" }
[policy]
same_content = "load"
[dimension.buyer]
key        = ["code"]
attributes = ["name"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer"]
measures   = ["paid"]
"#;

const STAR: &str =
    "select id, paid, name from star.fact_receipt join star.dim_buyer using (buyer_key) order by 1";

pub struct Shop {
    pub db: TestDatabase,
    cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn new() -> Shop {
        Shop::of(SHOP).await
    }

    pub async fn of(contract: &str) -> Shop {
        let catalog = catalog_of(&[("shop", contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::with_versions(&db, catalog).await;
        let shop = Shop { db, cloud, folder: tempfile::tempdir().unwrap() };
        shop.contract(contract);
        shop
    }

    fn contract(&self, text: &str) {
        let folder = self.folder.path().join("shop");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("dataset.toml"), text).unwrap();
    }

    pub async fn stardrop(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let datasets = self.folder.path().to_str().unwrap();
        let owner = [("DATABASE_URL", self.db.url.as_str()), ("STARDROP_DATASETS", datasets)];
        run(self.cloud.stardrop(arguments, &owner)).await
    }

    /// A file of that day, in January.
    async fn load(&self, key: &str, day: u32, rows: &str) {
        self.load_with(key, day, &format!("id,code,name,paid\n{rows}")).await;
    }

    /// The same with the header in the text.
    pub async fn load_with(&self, key: &str, day: u32, text: &str) {
        let mut object = self.cloud.put(&format!("shop/{key}"), text.to_owned()).await;
        object.object_time = Some(format!("2026-01-{day:02}T00:00:00Z").parse().unwrap());
        self.cloud.load(&object).await.unwrap();
    }
}

#[tokio::test]
async fn after_a_replay_an_older_file_is_still_the_older_one() {
    let shop = Shop::new().await;
    shop.load("new.csv", 9, "1,K,new,1\n").await;
    let (code, _, err) = shop.stardrop(&["replay", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    shop.load("old.csv", 2, "2,K,old,2\n").await;
    assert_eq!(shop.db.rows(STAR).await, "1|1|new\n2|2|new");
}

#[tokio::test]
async fn a_replay_keeps_what_other_files_have_confirmed() {
    // The row of the first file is confirmed by one that wins over the third, which comes late.
    for (conflict, days) in [("update", [1, 5, 3]), ("keep", [5, 1, 3])] {
        let keep = SHOP.replace("measures ", &format!("conflict = \"{conflict}\"\nmeasures "));
        let shop = Shop::of(&keep).await;
        shop.load("a.csv", days[0], "1,K,x,5\n2,K,x,5\n").await;
        shop.load("c.csv", days[1], "1,K,x,5\n3,K,x,6\n").await;
        let (code, out, err) = shop.stardrop(&["replay", "1"]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.contains("load 2 had confirmed rows of load 1: it is loaded again"), "{out}");
        let (code, out, _) = shop.stardrop(&["replay", "2", "1"]).await;
        assert_eq!((code, out.matches(" rows read").count()), (Some(0), 3), "{out}");
        shop.load("d.csv", days[2], "1,K,x,9\n").await;
        assert_eq!(shop.db.rows(STAR).await, "1|5|x\n2|5|x\n3|6|x", "{conflict}");
        assert_balanced(&shop.db).await;
    }
}

#[tokio::test]
async fn an_undo_names_the_loads_that_had_confirmed_the_same_rows() {
    let shop = Shop::new().await;
    for (key, day) in [("a.csv", 1), ("b.csv", 3), ("c.csv", 4)] {
        shop.load(key, day, "1,K,x,5\n").await;
    }
    let (_, out, _) = shop.stardrop(&["undo", "3"]).await;
    assert!(out.contains("older files may still arrive, run: stardrop replay 2\n"), "{out}");
    let (code, ..) = shop.stardrop(&["replay", "2"]).await;
    assert_eq!(code, Some(0));
    shop.load("d.csv", 2, "1,K,y,9\n").await;
    assert_eq!(shop.db.rows(STAR).await, "1|5|x");
}

#[tokio::test]
async fn an_undo_counts_the_rows_that_it_deletes_and_not_those_that_the_load_had_deleted() {
    let contract = SHOP.replace("measures ", "delete_when = \"paid < 0\"\nmeasures ");
    let shop = Shop::of(&contract).await;
    shop.load("a.csv", 1, "1,K,x,5\n2,K,x,5\n").await;
    shop.load("b.csv", 2, "1,K,x,-1\n3,K,x,5\n4,K,x,5\n").await;
    assert_eq!(shop.db.text("select count(*) from star.fact_receipt").await, "3");
    let (_, out, _) = shop.stardrop(&["undo", "2"]).await;
    assert!(out.starts_with("2 rows deleted from star.fact_receipt\n"), "{out}");
    assert_eq!(shop.db.text("select count(*) from star.fact_receipt").await, "1");
}

#[tokio::test]
async fn a_replay_that_cannot_start_deletes_nothing() {
    let shop = Shop::new().await;
    shop.load("a.csv", 1, "1,K,x,5\n").await;
    let before = shop.db.rows("select l.*, l.xmin from stardrop.load l").await;
    // Another contract than the database has; none at all; one that the old file does not fit.
    let wider = SHOP
        .replace("paid = {", "note = { type = \"text\" }\npaid = {")
        .replace("measures ", "degenerate = [\"note\"]\nmeasures ");
    let mut refused = Vec::new();
    shop.contract(&wider);
    refused.push(shop.stardrop(&["replay", "1"]).await);
    let (here, elsewhere) = (shop.folder.path().join("shop"), shop.folder.path().join("other"));
    std::fs::rename(here, &elsewhere).unwrap();
    let other = SHOP.replace("\"shop", "\"other").replace("buyer]", "seller]");
    std::fs::write(elsewhere.join("dataset.toml"), other.replace("\"buyer\"]", "\"seller\"]"))
        .unwrap();
    refused.push(shop.stardrop(&["replay", "1"]).await);
    std::fs::remove_dir_all(elsewhere).unwrap();
    shop.contract(&wider);
    assert_eq!(shop.stardrop(&["migrate"]).await.0, Some(0));
    refused.push(shop.stardrop(&["replay", "--dataset", "shop"]).await);
    for ((code, _, err), (wanted, message)) in refused.iter().zip([
        (2, "the database has another version of dataset `shop`"),
        (2, "there is no dataset `shop`"),
        (1, "column note is not in the header"),
    ]) {
        assert_eq!(*code, Some(wanted), "{err}");
        assert!(err.contains(message), "{err}");
    }
    assert_eq!(shop.db.rows(STAR).await, "1|5|x");
    assert_eq!(shop.db.rows("select l.*, l.xmin from stardrop.load l").await, before);
}

/// What a file says of three receipts and of their buyers.
fn rows(values: &[(u8, u8)]) -> String {
    let line =
        |(id, (name, paid)): (usize, &(u8, u8))| format!("{id},K{},n{name},{paid}\n", id % 2);
    values.iter().enumerate().map(line).collect()
}

/// Each file has values for all rows: an undone load leaves no value that only its file had.
#[test]
fn an_undo_and_the_replays_that_it_names_leave_what_the_other_files_say() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = || prop::collection::vec((0..2_u8, 0..2_u8), 3);
    let files = (prop::collection::vec(file(), 5), 0..4_usize, Just((1..=5).collect::<Vec<u32>>()));
    let files = files.prop_flat_map(|(files, undone, days)| {
        (Just(files), Just(undone), Just(days).prop_shuffle())
    });
    let mut runner = TestRunner::new(Config {
        cases: 12,
        max_shrink_iters: 12,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&files, |(files, undone, days)| {
        runtime.block_on(async {
            let (all, others) = (Shop::new().await, Shop::new().await);
            // The last one comes late, when the undoing is over.
            for (at, values) in files.iter().enumerate().take(4) {
                all.load(&format!("{at}.csv"), days[at], &rows(values)).await;
                if at != undone {
                    others.load(&format!("{at}.csv"), days[at], &rows(values)).await;
                }
            }
            let load = (undone + 1).to_string();
            let (_, out, _) = all.stardrop(&["undo", &load, "--json"]).await;
            let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
            let mut again: Vec<u64> = Vec::new();
            for key in ["replay", "confirm", "members"] {
                again.extend(
                    answer[key].as_array().unwrap().iter().filter_map(|load| load.as_u64()),
                );
            }
            again.sort_unstable();
            again.dedup();
            if !again.is_empty() {
                let again: Vec<String> = again.iter().map(u64::to_string).collect();
                let arguments: Vec<&str> =
                    ["replay"].into_iter().chain(again.iter().map(String::as_str)).collect();
                let (code, _, err) = all.stardrop(&arguments).await;
                assert_eq!(code, Some(0), "{err}");
            }
            for site in [&all, &others] {
                site.load("late.csv", days[4], &rows(&files[4])).await;
                assert_balanced(&site.db).await;
            }
            prop_assert_eq!(
                meaning(&all.db).await,
                meaning(&others.db).await,
                "undone: {}",
                undone
            );
            Ok(())
        })
    });
    result.unwrap();
}
