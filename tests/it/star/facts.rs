//! Facts: rows that the first file keeps, rows that a tombstone deletes, computed measures, roles of
//! dimensions, and foreign keys.

use stardrop::error::ErrorKind;
use stardrop::{migrate, star};

use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

const COLUMNS: &str = r#"
name  = "orders"
match = ["orders/*"]
[columns]
id       = { type = "integer", required = true }
kind     = { type = "text" }
quantity = { type = "integer" }
price    = { type = "numeric(8,2)" }
buyer    = { type = "text" }
payer    = { type = "text" }
ordered  = { type = "timestamp" }
shipped  = { type = "date" }
changed  = { type = "integer" }
"#;

fn contract(fact: &str) -> String {
    format!("{COLUMNS}[dimension.person]\nkey = [\"buyer\"]\n[fact.order]\n{fact}\n")
}

async fn site(fact: &str) -> Site {
    Site::of(&[("orders", &contract(fact))]).await
}

const HEADER: &str = "id,kind,quantity,price,buyer,payer,ordered,shipped,changed\n";

async fn load(site: &Site, key: &str, day: u8, rows: &str) {
    site.load(key, day, &format!("{HEADER}{rows}")).await;
}

#[tokio::test]
async fn the_oldest_row_is_kept_in_any_order_of_arrival() {
    let site = site("grain = [\"id\"]\nconflict = \"keep\"\nmeasures = [\"quantity\"]").await;
    load(&site, "orders/b", 2, "1,,20,,,,,,\n1,,21,,,,,,\n").await;
    load(&site, "orders/c", 3, "1,,30,,,,,,\n").await;
    let now = "select quantity from star.fact_order";
    assert_eq!(site.rows(now).await, "20");
    load(&site, "orders/a", 1, "1,,10,,,,,,\n").await;
    assert_eq!(site.rows(now).await, "10");
    assert_eq!(
        site.rows(
            "select rows_inserted, rows_updated, rows_unchanged from stardrop.load order by load_id"
        )
        .await,
        "1|0|1\n0|0|1\n0|1|0"
    );
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_tombstone_deletes_and_older_rows_stay_out_in_any_order() {
    let fact = "grain = [\"id\"]\ndelete_when = \"kind = 'delete'\"\nversion = \"changed\"\nmeasures = [\"quantity\"]";
    let files = [
        ("orders/a", 1, "1,insert,10,,,,,,1\n2,insert,20,,,,,,1\n3,insert,30,,,,,,5\n"),
        ("orders/b", 2, "1,delete,,,,,,,2\n3,delete,,,,,,,4\n"),
        ("orders/c", 3, "2,delete,,,,,,,2\n2,insert,21,,,,,,3\n4,delete,,,,,,,1\n"),
        ("orders/d", 4, "1,update,11,,,,,,1\n4,insert,40,,,,,,\n"),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let site = site(fact).await;
        for at in order {
            let (key, day, rows) = files[at];
            load(&site, key, day, rows).await;
        }
        let now = site.rows("select id, quantity from star.fact_order order by 1").await;
        assert_eq!(now, "2|21\n3|30", "{order:?}");
        assert_balanced(&site.db).await;
    }
    let site = site(fact).await;
    load(&site, "orders/a", 1, files[0].2).await;
    load(&site, "orders/b", 2, files[1].2).await;
    assert_eq!(
        site.rows("select inserted, updated, unchanged, deleted from stardrop.load_table where table_name = 'star.fact_order' order by load_id").await,
        "3|0|0|0\n0|0|2|1"
    );
    // A newer version inserts it again.
    load(&site, "orders/e", 3, "1,insert,12,,,,,,3\n").await;
    assert_eq!(site.rows("select quantity from star.fact_order where id = 1").await, "12");
}

#[tokio::test]
async fn measures_are_computed_exactly_and_roles_have_keys_of_their_own() {
    let site = site(
        "grain = [\"id\"]\nforeign_keys = true\nmeasures = [\"quantity\", { amount = \"quantity * price\", rounded = \"round(quantity * price)\" }]\n\
         dimensions = [\"person\", { dimension = \"person\", key = [\"payer\"], as = \"payer\" }, { date = \"ordered\" }, { date = \"shipped\", as = \"ship\" }]",
    )
    .await;
    load(&site, "orders/a", 1, "1,,3,0.10,ann,bo,2026-01-05 10:00,2026-01-07,\n2,,,1.00,ann,,,,\n")
        .await;
    assert_eq!(
        site.rows(
            "select o.id, amount, rounded, b.buyer, p.buyer as payer, payer_key = -1 as nobody,
                    o.date_key, ship_date_key, d.weekday_name
             from star.fact_order o join star.dim_person b using (person_key)
             join star.dim_person p on p.person_key = o.payer_key
             join star.dim_date d on d.date_key = o.ship_date_key order by 1"
        )
        .await,
        "1|0.30|0|ann|bo|false|2026-01-05|2026-01-07|Wednesday\n\
         2|null|null|ann|null|true|0001-01-01|0001-01-01|Monday"
    );
    let keys =
        "select string_agg(conname, ' ' order by conname) from pg_constraint where contype = 'f'
        and conrelid = 'star.fact_order'::regclass and convalidated";
    assert_eq!(
        site.db.text(keys).await,
        "fact_order_date_key_fkey fact_order_payer_key_fkey fact_order_person_key_fkey fact_order_ship_date_key_fkey"
    );
    let refused = site.db.client.batch_execute("delete from star.dim_person where buyer = 'bo'");
    assert_eq!(refused.await.unwrap_err().code().unwrap().code(), "23503");
}

#[tokio::test]
async fn a_formula_that_postgres_cannot_compute_is_refused_by_the_migration() {
    for expression in ["quantity * kind", "quantity +", "round(kind)", "quantity is null"] {
        let fact = format!("grain = [\"id\"]\nmeasures = [{{ amount = \"{expression}\" }}]");
        let mut db = TestDatabase::empty().await;
        let star = star::compile(&catalog_of(&[("orders", &contract(&fact))]));
        let error = migrate::run(&mut db.client, &star).await.expect_err(expression);
        assert_eq!(error.kind, ErrorKind::BadContract, "{expression}: {error}");
        assert_eq!(db.text("select to_regclass('star.fact_order')").await, "null");
    }
}

#[tokio::test]
async fn foreign_keys_are_declared_where_the_server_need_not_enforce_them() {
    let site = site("dimensions = [\"person\", { date = \"ordered\" }]").await;
    let version = site.db.text("current_setting('server_version_num')::integer / 10000").await;
    let declared = site
        .db
        .text("select count(*) from pg_constraint where contype = 'f' and conrelid = 'star.fact_order'::regclass")
        .await;
    let number: i32 = version.parse().unwrap();
    assert_eq!(declared, if number >= 18 { "2" } else { "0" });
    if number >= 18 {
        let enforced = "select bool_or(conenforced) from pg_constraint where contype = 'f' and conrelid = 'star.fact_order'::regclass";
        assert_eq!(site.db.text(enforced).await, "false");
    }
}

#[tokio::test]
async fn foreign_keys_can_be_asked_for_later() {
    let plain = "dimensions = [\"person\", { date = \"ordered\" }]";
    let mut site = site(plain).await;
    load(&site, "orders/a", 1, "1,,3,0.10,ann,bo,2026-01-05 10:00,2026-01-07,\n").await;
    let enforced = contract(&format!("{plain}\nforeign_keys = true"));
    let star = star::compile(&catalog_of(&[("orders", &enforced)]));
    for _ in 0..2 {
        migrate::run(&mut site.db.client, &star).await.unwrap();
        let keys = "select count(*) from pg_constraint where contype = 'f' and convalidated
            and conrelid = 'star.fact_order'::regclass";
        assert_eq!(site.db.text(keys).await, "2");
    }
    let refused = site.db.client.batch_execute("delete from star.dim_person where buyer = 'ann'");
    assert_eq!(refused.await.unwrap_err().code().unwrap().code(), "23503");
}
