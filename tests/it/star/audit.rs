//! Audit: when a row first came, and whether another load has changed it since.

use stardrop::{ledger, migrate, star};

use crate::support::catalog_of;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

fn contract(policy: &str, fact: &str) -> String {
    format!(
        "name = \"orders\"\nmatch = [\"orders/*\"]\n[columns]\nid = {{ type = \"integer\", required = true }}\n\
         quantity = {{ type = \"integer\" }}\nkind = {{ type = \"text\" }}\n[policy]\n{policy}\n[fact.order]\n\
         measures = [\"quantity\"]\n{fact}\n"
    )
}

async fn site(policy: &str, fact: &str) -> Site {
    Site::of(&[("orders", &contract(policy, fact))]).await
}

async fn load(site: &Site, key: &str, day: u8, rows: &str) {
    site.load(key, day, &format!("id,quantity,kind\n{rows}")).await;
}

/// Each row with its first load, and `changed` if it has been updated.
const ROWS: &str = "select id, quantity, first_load_id, load_id,
    case when updated_at is null then 'new' else 'changed' end,
    coalesce(updated_at >= loaded_at, loaded_at is not null)
    from star.fact_order order by 1, 2";

#[tokio::test]
async fn a_row_is_updated_when_another_load_changes_a_value() {
    let site = site("", "grain = [\"id\"]\naudit = true\ndelete_when = \"kind = 'gone'\"").await;
    load(&site, "orders/2", 2, "1,10,\n2,20,\n3,30,\n4,40,\n").await;
    load(&site, "orders/3", 3, "1,10,\n2,21,\n3,30,gone\n").await;
    assert_eq!(
        site.rows(ROWS).await,
        "1|10|1|1|new|true\n2|21|1|2|changed|true\n4|40|1|1|new|true"
    );
    // An older file that arrives late changes nothing; a row that was deleted comes first again.
    load(&site, "orders/1", 1, "1,5,\n4,5,\n").await;
    load(&site, "orders/4", 4, "3,31,\n").await;
    assert_eq!(
        site.rows(ROWS).await,
        "1|10|1|1|new|true\n2|21|1|2|changed|true\n3|31|4|4|new|true\n4|40|1|1|new|true"
    );
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn rows_that_one_file_repeats_are_not_updated_by_it_however_large_its_batches_are() {
    for batch_rows in ["1", "100"] {
        let site = site("", "grain = [\"id\"]\naudit = true").await;
        let text = "id,quantity,kind\n1,10,\n1,11,\n1,12,\n";
        let object = site.cloud.put("orders/1.csv", text).await;
        let mut loader = site.cloud.loader_with(&[("STARDROP_BATCH_ROWS", batch_rows)]);
        loader.load(&object, None).await.unwrap();
        assert_eq!(site.rows(ROWS).await, "1|12|1|1|new|true", "{batch_rows}");
    }
}

#[tokio::test]
async fn without_a_grain_every_row_is_new_and_a_replaced_file_keeps_when_its_rows_first_came() {
    let append = site("", "degenerate = [\"id\"]\naudit = true").await;
    load(&append, "orders/1", 1, "1,10,\n").await;
    load(&append, "orders/2", 2, "1,10,\n").await;
    assert_eq!(append.rows(ROWS).await, "1|10|1|1|new|true\n1|10|2|2|new|true");

    let replace = site("overwrite = \"replace\"", "grain = [\"id\"]\naudit = true").await;
    load(&replace, "orders/1", 1, "1,10,\n2,20,\n3,30,\n").await;
    load(&replace, "orders/1", 2, "1,10,\n2,21,\n").await;
    assert_eq!(replace.rows(ROWS).await, "1|10|1|1|new|true\n2|21|1|2|changed|true");
}

#[tokio::test]
async fn after_an_undo_a_row_counts_as_brought_by_the_load_that_changed_it() {
    let site = site("", "grain = [\"id\"]\naudit = true").await;
    load(&site, "orders/1", 1, "1,10,\n2,20,\n").await;
    load(&site, "orders/2", 2, "1,11,\n3,30,\n").await;
    let changed = "select updated_at from star.fact_order where id = 1";
    let time = site.rows(changed).await;
    ledger::undo(&site.db.client, 1).await.unwrap();
    assert_eq!(site.rows(ROWS).await, "1|11|2|2|new|true\n3|30|2|2|new|true");
    assert_eq!(site.rows("select loaded_at from star.fact_order where id = 1").await, time);
}

#[tokio::test]
async fn audit_can_be_added_to_a_fact_with_rows() {
    let mut site = site("", "grain = [\"id\"]").await;
    load(&site, "orders/1", 1, "1,10,\n2,20,\n").await;
    let catalog = catalog_of(&[("orders", &contract("", "grain = [\"id\"]\naudit = true"))]);
    let report = migrate::run(&mut site.db.client, &star::compile(&catalog)).await.unwrap();
    assert!(!report.changes.is_empty());
    site.cloud.catalog = catalog.into();
    load(&site, "orders/2", 2, "1,11,\n2,20,\n3,30,\n").await;
    let rows = "select id, first_load_id, loaded_at is null, updated_at is null from star.fact_order order by 1";
    assert_eq!(site.rows(rows).await, "1|null|true|false\n2|null|true|true\n3|2|false|true");
}
