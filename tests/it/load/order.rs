//! Events that arrive twice, late or out of order, and versions of an object that replace each other.

use stardrop::load::LoadReport;
use stardrop::object::ObjectRef;

use crate::support::cloud::{BUCKET, Cloud};
use crate::support::{TestDatabase, catalog_of};

/// Lines without a key: a new version of a file replaces the old one.
const LINES: &str = r#"
name  = "lines"
match = ["lines/**/*.csv"]
[columns]
id  = { type = "integer" }
qty = { type = "integer" }
[fact.line]
measures = ["id", "qty"]
"#;

/// Rows with a grain, replaced file by file.
pub const STOCK: &str = r#"
name  = "stock"
match = ["stock/**/*.csv"]
[columns]
id  = { type = "integer", required = true }
qty = { type = "integer" }
[policy]
overwrite = "replace"
[fact.stock]
grain    = ["id"]
measures = ["qty"]
"#;

/// Rows with a grain, merged.
pub const PRICES: &str = r#"
name  = "prices"
match = ["prices/**/*.csv"]
[columns]
id    = { type = "integer", required = true }
price = { type = "integer" }
[dimension.item]
key        = ["id"]
attributes = ["price"]
[fact.price]
grain    = ["id"]
measures = ["price"]
"#;

/// Rows of which the first version counts.
const FIRSTS: &str = r#"
name  = "firsts"
match = ["firsts/**/*.csv"]
[columns]
id  = { type = "integer", required = true }
qty = { type = "integer" }
[policy]
overwrite = "ignore"
[fact.first]
grain    = ["id"]
measures = ["qty"]
"#;

/// A database and a bucket for one dataset.
pub struct Site {
    pub db: TestDatabase,
    pub cloud: Cloud,
}

pub async fn site(contract: (&str, &str)) -> Site {
    let catalog = catalog_of(&[contract]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    Site { db, cloud }
}

impl Site {
    pub async fn put(&self, key: &str, text: &str) -> ObjectRef {
        self.cloud.put(key, text).await
    }
    pub async fn load(&self, object: &ObjectRef) -> LoadReport {
        self.cloud.loader().load(object, None).await.unwrap()
    }
    pub async fn drop_and_load(&self, key: &str, text: &str) -> LoadReport {
        self.load(&self.put(key, text).await).await
    }
    async fn delete(&self, key: &str) {
        self.cloud.s3.client().delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    }
    /// For every load that is loaded, read = rejected + staged and so on; a check holds it too.
    async fn books_balance(&self) {
        let off = "select count(*) from stardrop.load where state = 'loaded' and (
            rows_read <> rows_rejected + rows_staged
            or rows_staged <> rows_inserted + rows_updated + rows_unchanged)";
        assert_eq!(self.db.text(off).await, "0");
    }
}

const LINES_NOW: &str = "select id, qty from star.fact_line order by 1, 2";

#[tokio::test]
async fn a_new_version_replaces_exactly_the_rows_of_the_old_one() {
    let site = site(("lines", LINES)).await;
    site.drop_and_load("lines/a.csv", "id,qty\n1,1\n2,2\n2,2\n").await;
    site.drop_and_load("lines/b.csv", "id,qty\n9,9\n").await;
    site.drop_and_load("lines/a.csv", "id,qty\n2,2\n3,3\n").await;
    assert_eq!(site.db.rows(LINES_NOW).await, "2|2\n3|3\n9|9");
    // Not even a header's worth of rows is left of a file that is empty now.
    site.drop_and_load("lines/a.csv", "id,qty\n").await;
    assert_eq!(site.db.rows(LINES_NOW).await, "9|9");
    site.books_balance().await;
}

#[tokio::test]
async fn replacing_by_grain_keeps_later_rows_of_other_keys() {
    let site = site(("stock", STOCK)).await;
    site.drop_and_load("stock/a.csv", "id,qty\n1,1\n2,2\n3,3\n").await;
    site.drop_and_load("stock/b.csv", "id,qty\n2,2\n").await;
    let report = site.drop_and_load("stock/a.csv", "id,qty\n3,3\n4,4\n").await;
    let now = "select id, qty from star.fact_stock order by 1";
    assert_eq!(site.db.rows(now).await, "2|2\n3|3\n4|4");
    assert_eq!(
        site.db
            .rows(&format!(
                "select l.rows_inserted, l.rows_updated, l.rows_unchanged, t.deleted
                 from stardrop.load l join stardrop.load_table t using (load_id)
                 where load_id = {} and table_name = 'star.fact_stock'",
                report.load_id.unwrap()
            ))
            .await,
        "1|0|1|1"
    );
    site.books_balance().await;
}

#[tokio::test]
async fn an_older_version_that_arrives_late_is_superseded() {
    let site = site(("lines", LINES)).await;
    let old = site.put("lines/a.csv", "id,qty\n1,1\n").await;
    let new = site.put("lines/a.csv", "id,qty\n2,2\n").await;
    assert_eq!(site.load(&new).await.outcome.as_str(), "loaded");
    assert_eq!(site.load(&old).await.outcome.as_str(), "superseded");
    assert_eq!(site.db.rows(LINES_NOW).await, "2|2");
    assert_eq!(site.load(&old).await.outcome.as_str(), "superseded", "and so the second time");
    // The ledger knew, without a look at the object.
    let why = "select notes from stardrop.load where state = 'superseded'";
    let new_id = site.db.text("select load_id from stardrop.load where state = 'loaded'").await;
    assert_eq!(site.db.text(why).await, format!("load {new_id} has a newer version of the key"));
}

#[tokio::test]
async fn an_object_overwritten_or_deleted_since_its_event_is_superseded_or_missing() {
    let site = site(("lines", LINES)).await;
    let old = site.put("lines/a.csv", "id,qty\n1,1\n").await;
    site.put("lines/a.csv", "id,qty\n2,2\n").await;
    assert_eq!(site.load(&old).await.outcome.as_str(), "superseded");
    let gone = site.put("lines/b.csv", "id,qty\n3,3\n").await;
    site.delete("lines/b.csv").await;
    assert_eq!(site.load(&gone).await.outcome.as_str(), "missing");
    assert_eq!(
        site.db.rows("select state from stardrop.load order by 1").await,
        "missing\nsuperseded"
    );
    // A request for a key that never was is kept, too.
    let never = ObjectRef {
        version_id: None,
        etag: None,
        size_bytes: None,
        object_time: None,
        sequencer: None,
        key: "lines/never.csv".to_owned(),
        ..gone.clone()
    };
    for _ in 0..2 {
        assert_eq!(site.load(&never).await.outcome.as_str(), "missing");
    }
    let kept = "select key, state from stardrop.load where etag is null";
    assert_eq!(site.db.rows(kept).await, "lines/never.csv|missing");
    // It is written again with the same bytes: now it exists.
    site.drop_and_load("lines/b.csv", "id,qty\n3,3\n").await;
    assert_eq!(site.db.rows(LINES_NOW).await, "3|3");
}

#[tokio::test]
async fn versions_written_in_the_same_millisecond_are_ordered_by_their_sequencers() {
    let site = site(("prices", PRICES)).await;
    for id in 0..8 {
        let key = format!("prices/{id}.csv");
        let first = site.put(&key, &format!("id,price\n{id},1\n")).await;
        site.load(&first).await;
        let second = site.put(&key, &format!("id,price\n{id},2\n")).await;
        let second = ObjectRef { object_time: first.object_time, ..second };
        assert_eq!(site.load(&second).await.outcome, stardrop::load::Outcome::Loaded);
    }
    let prices = "select price from star.fact_price
                  union select price from star.dim_item where item_key > 0";
    assert_eq!(site.db.rows(prices).await, "2");
}

#[tokio::test]
async fn versions_a_b_a_end_as_a() {
    let site = site(("lines", LINES)).await;
    let (a, b) = ("id,qty\n1,1\n", "id,qty\n2,2\n");
    let first = site.put("lines/a.csv", a).await;
    site.load(&first).await;
    let second = site.put("lines/a.csv", b).await;
    site.load(&second).await;
    let third = site.put("lines/a.csv", a).await;
    assert_eq!((&first.etag, &first.version_id), (&third.etag, &third.version_id));
    assert_eq!(site.load(&third).await.outcome.as_str(), "loaded");
    assert_eq!(site.db.rows(LINES_NOW).await, "1|1");
    // Deliveries of all three, again and in any order, change nothing.
    for object in [&second, &third, &first, &second] {
        site.load(object).await;
        assert_eq!(site.db.rows(LINES_NOW).await, "1|1");
    }
    assert_eq!(site.db.text("select max(generation) from stardrop.load").await, "1");
}

#[tokio::test]
async fn an_object_belongs_to_one_dataset() {
    let catalog = catalog_of(&[("prices", PRICES), ("firsts", FIRSTS)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("prices/a.csv", "id,price\n1,1\n").await;
    cloud.loader().load(&object, None).await.unwrap();
    let error = cloud.loader().load(&object, Some("firsts")).await.unwrap_err();
    assert!(error.to_string().contains("already loaded into dataset `prices`"), "{error}");
}

#[tokio::test]
async fn overwrite_ignore_keeps_the_first_version() {
    let site = site(("firsts", FIRSTS)).await;
    site.drop_and_load("firsts/a.csv", "id,qty\n1,1\n").await;
    let second = site.drop_and_load("firsts/a.csv", "id,qty\n1,2\n").await;
    assert_eq!(second.outcome.as_str(), "superseded");
    assert_eq!(site.db.rows("select qty from star.fact_first").await, "1");
}

#[tokio::test]
async fn files_in_any_order_give_the_same_facts_and_members() {
    let files = [
        ("prices/a.csv", "id,price\n1,1\n2,1\n3,1\n"),
        ("prices/b.csv", "id,price\n1,2\n2,1\n"),
        ("prices/c.csv", "id,price\n1,2\n3,3\n"),
        ("prices/d.csv", "id,price\n1,2\n2,4\n1,5\n"),
    ];
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
    for order in orders {
        let site = site(("prices", PRICES)).await;
        let mut objects = Vec::new();
        for (key, text) in files {
            objects.push(site.put(key, text).await);
        }
        for index in order {
            site.load(&objects[index]).await;
        }
        let facts = site.db.rows("select id, price from star.fact_price order by 1").await;
        assert_eq!(facts, "1|5\n2|4\n3|3", "{order:?}");
        let members = site
            .db
            .rows("select id, price from star.dim_item where id is not null order by 1")
            .await;
        assert_eq!(members, facts, "{order:?}");
    }
}
