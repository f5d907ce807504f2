//! Whole contracts, as people write them, over small files whose sums are known: dates of other
//! formats, columns of other names, no header, hostile texts, and rows that repeat.

use crate::support::cloud::Cloud;
use crate::support::fixtures::fixture;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

pub const SUPERSTORE: &str = r#"
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

pub const PEOPLE: &str = r#"
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

pub const BORROWERS: &str = r#"
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

pub const ROLES: &str = r#"
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

pub const EXTRACT: &str = r#"
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

pub const CHANGES: &str = r#"
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

/// Loads a file by a contract, whose name the contract has.
pub async fn load(bytes: Vec<u8>, contract: &str) -> TestDatabase {
    let name = contract.split('"').nth(1).unwrap();
    let catalog = catalog_of(&[(name, contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    cloud.put_and_load(&format!("{name}/a.csv"), bytes).await;
    assert_balanced(&db).await;
    db
}

pub const COUNTS: &str =
    "select rows_read, rows_rejected, rows_inserted, rows_updated, notes from stardrop.load";

pub const SUPERSTORE_NOTES: &str = "unknown columns: Ship Mode, Country, City, State, Region, Sub-Category; \
     columns spelled otherwise: Segment (segment), Category (category), Sales (sales), \
     Quantity (quantity), Discount (discount), Profit (profit); columns in another order";

pub const SUPERSTORE_SUMS: &str = "select count(*), sum(sales), sum(quantity), sum(profit),
    count(distinct order_id), count(distinct customer_key), count(distinct product_key),
    count(*) filter (where length(postal_code) = 4) from star.fact_sale";

#[tokio::test]
async fn sums_of_orders_are_right_to_the_last_digit() {
    let db = load(fixture("superstore.csv"), SUPERSTORE).await;
    assert_eq!(db.rows(SUPERSTORE_SUMS).await, "6|1031.9184|21|-178.4123|4|3|5|2");
    let days = "select count(*) from star.dim_date where date_key > '0001-01-01'";
    assert_eq!(db.text(days).await, "7", "three order dates, four ship dates");
    let names = "select product from star.dim_product where product_id like 'OFF%' order by 1";
    assert_eq!(db.rows(names).await, "Binder,\u{a0}\"A4\"\nPaper");
    assert_eq!(db.rows(COUNTS).await, format!("6|0|6|0|{SUPERSTORE_NOTES}"));
}

pub const PEOPLE_SUMS: &str =
    "select count(*), sum(salary), count(*) filter (where salary is null),
    count(*) filter (where email is null), count(*) filter (where gender is null),
    count(*) filter (where date_key = '0001-01-01'), count(*) filter (where card is null),
    count(comments) from star.fact_person";

#[tokio::test]
async fn hostile_comments_are_only_texts() {
    let bytes = fixture("people.csv");
    let text = String::from_utf8(bytes.clone()).unwrap();
    let db = load(bytes, PEOPLE).await;
    // One comment is the word NULL, which the contract takes for null.
    assert_eq!(db.rows(PEOPLE_SUMS).await, "12|370184.87|2|1|3|2|4|10");
    let comments = db.rows("select comments from star.fact_person where id < 4 order by id").await;
    assert_eq!(
        comments,
        "1;DROP TABLE users\n1'; DROP TABLE users--\n<script>alert('hi')</script>"
    );
    for line in text.lines().skip(1).filter(|line| !line.contains('"')) {
        let comment = line.rsplit(',').next().unwrap();
        let found = "select count(*) from star.fact_person where comments = $1";
        let found: i64 = db.client.query_one(found, &[&comment]).await.unwrap().get(0);
        assert_eq!(found, i64::from(!matches!(comment, "" | "NULL")), "{comment:?}");
    }
}

pub const BORROWERS_SUMS: &str = "select count(*), count(distinct id),
    count(*) filter (where length(zip) = 4), count(email) from star.fact_borrower";

pub const ROLES_COUNTS: &str = "select role, count(*) from star.fact_role
    join star.dim_role using (role_key) group by 1 order by 1";

#[tokio::test]
async fn columns_of_a_file_without_a_header_are_taken_by_position() {
    let db = load(fixture("borrowers.csv"), BORROWERS).await;
    assert_eq!(db.rows(BORROWERS_SUMS).await, "4|4|1|2");
    assert_eq!(
        db.rows("select name, zip, email from star.fact_borrower order by zip").await,
        "Ada Moss|04101|ada@example.com\nCy Young|6705|null\nBo Reed|85001|bo@example.com\nDee Park|98101|null"
    );
    let db = load(fixture("roles.csv"), ROLES).await;
    assert_eq!(db.rows(ROLES_COUNTS).await, "borrower|3\nco-borrower|1");
}

pub const EXTRACT_SUMS: &str =
    "select count(*), sum(amount), count(distinct customer_key) from star.fact_order";

pub const CHANGES_ROWS: &str = "select id, status, updated from star.fact_order order by 1";

#[tokio::test]
async fn an_order_that_comes_again_keeps_its_newest_row() {
    let db = load(fixture("extract.csv"), EXTRACT).await;
    assert_eq!(db.rows(EXTRACT_SUMS).await, "3|60.60|2");
    let db = load(fixture("changes.csv"), CHANGES).await;
    assert_eq!(
        db.rows(CHANGES_ROWS).await,
        "1|Paid|2026-01-03T09:00:30\n2|Open|2026-01-02T00:00:00\n3|Sent|2026-01-04T07:05:00"
    );
}
