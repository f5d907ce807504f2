//! Tests of the SQL that a contract has next to its columns: views, `views.sql`, `normalise.sql`.

use std::fs;

use stardrop::{dataset_files, migrate, star};

use crate::support::TestDatabase;
use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;

const TILL: &str = r#"
name  = "till"
match = ["till/*"]
[columns]
id   = { type = "integer", required = true }
shop = { type = "text" }
paid = { type = "integer" }
[dimension.shop]
key = ["shop"]
[fact.receipt]
grain      = ["id"]
dimensions = ["shop"]
measures   = ["paid"]
[view.takings]
sql = """
select shop, sum(paid) as paid
from star.fact_receipt join star.dim_shop using (shop_key)
group by shop;
"""
"#;

const VIEWS: &str = "create or replace view star.best_shop as
select shop from star.takings order by paid desc limit 1;\n";

/// Keeps only the best receipt of a shop, which no contract can say.
const NORMALISE: &str = "    execute $sql$
        insert into star.dim_shop (shop, load_id, source_line, source_load_id, source_time)
        select distinct shop, $1, 0, $1, $2 from batch
        on conflict (shop) do nothing
    $sql$ using this.load_id, this.object_time;
    execute $sql$
        insert into star.fact_receipt
            (id, shop_key, paid, load_id, source_line)
        select distinct on (s.shop_key) b.id, s.shop_key, b.paid, $1, b.source_line
        from batch b join star.dim_shop s using (shop)
        order by s.shop_key, b.paid desc
    $sql$ using this.load_id;
    get diagnostics rows_inserted = row_count;
";

async fn site(files: &[(&str, &str)]) -> (TestDatabase, Cloud) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("till")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("till").join(name), text).unwrap();
    }
    let catalog = dataset_files::read(folder.path()).unwrap();
    let mut db = TestDatabase::empty().await;
    let star = star::compile(&catalog);
    migrate::run(&mut db.client, &star).await.unwrap();
    let again = migrate::run(&mut db.client, &star).await.unwrap();
    assert_eq!(again.changes, Vec::<String>::new());
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

const FILE: &str = "id,shop,paid\n1,a,5\n2,b,9\n3,a,3\n";

#[tokio::test]
async fn views_of_a_contract_and_of_its_views_sql_are_created_and_readable() {
    let (db, cloud) = site(&[("dataset.toml", TILL), ("views.sql", VIEWS)]).await;
    cloud.put_and_load("till/a.csv", FILE).await;
    assert_eq!(db.rows("select * from star.takings order by 1").await, "a|8\nb|9");
    let read = "set role stardrop_reader; select shop from star.best_shop; reset role";
    db.run(read).await;
    assert_eq!(db.text("select shop from star.best_shop").await, "b");
}

#[tokio::test]
async fn normalise_sql_takes_the_place_of_what_is_generated() {
    let (db, cloud) = site(&[("dataset.toml", TILL), ("normalise.sql", NORMALISE)]).await;
    cloud.put_and_load("till/a.csv", FILE).await;
    assert_eq!(db.rows("select id, paid from star.fact_receipt order by 1").await, "1|5\n2|9");
    assert_eq!(
        db.rows("select rows_staged, rows_inserted, rows_unchanged from stardrop.load").await,
        "3|2|1"
    );
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_changed_view_takes_the_old_ones_place() {
    let (mut db, _) = site(&[("dataset.toml", TILL)]).await;
    let changed = TILL.replace("select shop, sum(paid) as paid", "select sum(paid) as sum, shop");
    let star = star::compile(&crate::support::catalog_of(&[("till", &changed)]));
    migrate::run(&mut db.client, &star).await.unwrap();
    db.run("insert into staging.till (id, shop, paid) values (1, 'a', 2)").await;
    assert_eq!(db.rows("select * from star.takings").await, "2|a");
}
