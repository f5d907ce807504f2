//! Examples: real files of strangers, with the contracts that load them and sums known from elsewhere.

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, shared_data};

/// Loads one file of the public data by this contract. `None` where the data is missing.
async fn load(file: &str, name: &str, contract: &str) -> Option<TestDatabase> {
    let (folder, _) = file.split_once('/').unwrap();
    let folder = shared_data(folder)?;
    let catalog = catalog_of(&[(name, contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let path = folder.parent().unwrap().join(file);
    cloud.load(&cloud.put_file(&format!("{name}/a.csv"), &path).await).await.unwrap();
    assert_balanced(&db).await;
    Some(db)
}

const BOOKS: &str =
    "select rows_read, rows_rejected, rows_inserted, rows_updated, notes from stardrop.load";

#[tokio::test]
async fn the_superstore_adds_up() {
    let contract = r#"
name  = "superstore"
match = ["superstore/**/*.csv"]
[columns]
row_id       = { type = "integer", from = ["Row ID"], required = true }
order_id     = { type = "text", from = ["Order ID"] }
order_date   = { type = "date", from = ["Order Date"], format = "%m/%d/%Y" }
ship_date    = { type = "date", from = ["Ship Date"], format = "%m/%d/%Y" }
customer_id  = { type = "text", from = ["Customer ID"], required = true }
customer     = { type = "text", from = ["Customer Name"] }
segment      = { type = "text" }
postal_code  = { type = "text", from = ["Postal Code"] }
product_id   = { type = "text", from = ["Product ID"], required = true }
product      = { type = "text", from = ["Product Name"] }
category     = { type = "text" }
sales        = { type = "numeric" }
quantity     = { type = "integer" }
discount     = { type = "numeric" }
profit       = { type = "numeric" }
[dimension.customer]
key        = ["customer_id"]
attributes = ["customer", "segment"]
[dimension.product]
key        = ["product_id"]
attributes = ["product", "category"]
[fact.sale]
grain      = ["row_id"]
dimensions = ["customer", "product", { date = "order_date" }, { date = "ship_date", as = "ship" }]
measures   = ["sales", "quantity", "discount", "profit"]
degenerate = ["order_id", "postal_code"]
"#;
    let file = "sales_superstore/Sample - Superstore.csv";
    let Some(db) = load(file, "superstore", contract).await else { return };
    let sums = "select count(*), sum(sales), sum(quantity), sum(profit), count(distinct order_id),
        count(distinct customer_key), count(distinct product_key), count(*) filter (where length(postal_code) = 4)
        from star.fact_sale";
    assert_eq!(db.rows(sums).await, "9994|2297200.8603|37873|286397.0217|5009|793|1862|438");
    assert_eq!(
        db.text("select count(*) from star.dim_date where date_key > '0001-01-01'").await,
        "1433"
    );
    assert_eq!(
        db.rows(BOOKS).await,
        "9994|0|9994|0|unknown columns: Ship Mode, Country, City, State, Region, Sub-Category; \
         columns spelled otherwise: Segment (segment), Category (category), Sales (sales), \
         Quantity (quantity), Discount (discount), Profit (profit); columns in another order"
    );
}

#[tokio::test]
async fn users_with_hostile_comments_are_only_texts() {
    let contract = r#"
name  = "people"
match = ["people/**/*.csv"]
[columns]
id         = { type = "integer", required = true }
registered = { type = "timestamptz", from = ["registration_dttm"] }
first_name = { type = "text" }
last_name  = { type = "text" }
email      = { type = "text" }
gender     = { type = "text" }
ip_address = { type = "inet" }
card       = { type = "text", from = ["cc"] }
country    = { type = "text" }
birthdate  = { type = "date", format = "%m/%d/%Y" }
salary     = { type = "numeric(10,2)" }
title      = { type = "text" }
comments   = { type = "text" }
[policy]
missing_column = "null"
[fact.person]
grain      = ["id"]
dimensions = [{ date = "birthdate" }]
measures   = ["salary"]
degenerate = ["registered", "email", "gender", "ip_address", "card", "comments"]
"#;
    let Some(db) = load("users/userdata1.csv", "people", contract).await else { return };
    let sums = "select count(*), sum(salary), count(*) filter (where salary is null),
        count(*) filter (where email is null), count(*) filter (where gender is null),
        count(*) filter (where date_key = '0001-01-01'), count(*) filter (where card is null),
        count(comments) from star.fact_person";
    let comments = db.text("select count(comments) from star.fact_person").await;
    assert_eq!(db.rows(sums).await, format!("1000|138934863.77|67|16|67|198|291|{comments}"));
    // One comment is the word NULL, which the contract takes for null.
    assert_eq!(comments, "192");
    let Some(db) = load("users/seed000_DATA.csv", "people", contract).await else { return };
    let sums =
        "select count(*), sum(id), count(distinct ip_address), count(email) from star.fact_person";
    assert_eq!(db.rows(sums).await, "1000|500500|1000|1000");
}

#[tokio::test]
async fn files_without_a_header_are_taken_by_position() {
    let contract = r#"
name  = "borrowers"
match = ["borrowers/**/*.csv"]
[file]
header = false
[columns]
id       = { type = "uuid", required = true }
name     = { type = "text" }
street   = { type = "text" }
city     = { type = "text" }
state    = { type = "text" }
zip      = { type = "text" }
home     = { type = "text" }
cell     = { type = "text" }
email    = { type = "text" }
[fact.borrower]
grain      = ["id"]
degenerate = ["name", "zip", "email"]
"#;
    let Some(db) = load("seed001_aspen/borrower.csv", "borrowers", contract).await else { return };
    let sums =
        "select count(*), count(distinct id), count(*) filter (where length(zip) = 4), count(email)
        from star.fact_borrower";
    assert_eq!(db.rows(sums).await, "1000|1000|43|683");
    let contract = r#"
name  = "roles"
match = ["roles/**/*.csv"]
[file]
header = false
[columns]
id   = { type = "uuid", required = true }
role = { type = "text", required = true }
[dimension.role]
key = ["role"]
[fact.role]
grain      = ["id"]
dimensions = ["role"]
"#;
    let Some(db) = load("seed001_aspen/role_profile.csv", "roles", contract).await else { return };
    let roles = "select role, count(*) from star.fact_role join star.dim_role using (role_key) group by 1 order by 1";
    assert_eq!(db.rows(roles).await, "borrower|516\nco-borrower|484");
}

#[tokio::test]
async fn orders_that_come_again_keep_their_newest_row() {
    let contract = r#"
name  = "extract"
match = ["extract/**/*.csv"]
[file]
header = false
[columns]
id          = { type = "integer", required = true }
status      = { type = "text" }
updated     = { type = "timestamp" }
customer_id = { type = "integer", required = true }
amount      = { type = "numeric(8,2)" }
[dimension.customer]
key = ["customer_id"]
[fact.order]
grain      = ["id"]
dimensions = ["customer", { date = "updated" }]
measures   = ["amount"]
"#;
    let file = "seed004_orders/order_extract.csv";
    let Some(db) = load(file, "extract", contract).await else { return };
    let sums = "select count(*), sum(amount), count(distinct customer_key) from star.fact_order";
    assert_eq!(db.rows(sums).await, "4|286.49|3");

    let contract = r#"
name  = "changes"
match = ["changes/**/*.csv"]
[columns]
id      = { type = "integer", from = ["OrderId"], required = true }
status  = { type = "text", from = ["OrderStatus"] }
updated = { type = "timestamp", from = ["LastUpdated"], format = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"] }
[fact.order]
grain      = ["id"]
degenerate = ["status", "updated"]
version    = "updated"
"#;
    let rows = "select id, status, updated from star.fact_order order by 1";
    let Some(db) = load("seed004_orders/orders_ch04.csv", "changes", contract).await else {
        return;
    };
    assert_eq!(
        db.rows(rows).await,
        "1|Shipped|2020-06-09T12:00:25\n2|Shipped|2020-07-11T03:05:00\n3|Shipped|2020-07-12T12:00:00"
    );
    let Some(db) = load("seed004_orders/orders_ch06.csv", "changes", contract).await else {
        return;
    };
    assert_eq!(
        db.rows(rows).await,
        "1|Shipped|2020-06-09T00:00:00\n2|Shipped|2020-07-11T00:00:00\n3|Shipped|2020-07-12T00:00:00"
    );
}
