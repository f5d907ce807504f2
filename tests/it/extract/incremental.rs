//! Incremental extracts: windows, their overlap, the state, and full extracts that replace the one before.

use mysql_async::prelude::Queryable;

use super::{Way, next_second};
use crate::support::mariadb::MariadbDatabase;

const ORDERS: &str = "create table customers (id int primary key, name varchar(20));
create table orders (
    id bigint unsigned primary key, customer_id int not null, status varchar(20), amount decimal(10,2),
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    foreign key (customer_id) references customers (id));
insert into customers values (1, 'Ann'), (2, 'Ben');
insert into orders values (1, 1, 'new', 10, now() - interval 1 hour), (2, 2, 'new', 20, now() - interval 1 hour)";

const SINCE: [&str; 6] =
    ["--table", "orders", "--to", "s3://inbox/orders/", "--since", "updated_at"];

async fn orders() -> Option<MariadbDatabase> {
    let mut source = MariadbDatabase::new().await?;
    source.run(ORDERS).await;
    Some(source)
}

/// The orders of the star.
async fn in_star(way: &Way) -> String {
    way.db.rows("select id, status from star.fact_orders order by id").await
}

#[tokio::test]
async fn a_second_run_takes_what_is_new_and_the_newest_row_wins() {
    let Some(mut source) = orders().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let said = way.extract(&SINCE).await;
    assert!(said.contains("orders: 2 rows: s3://inbox/orders/since=start/00000.csv.zst"), "{said}");
    way.load("orders/").await;
    assert_eq!(in_star(&way).await, "1|new\n2|new");

    source.run("update orders set status = 'sent', updated_at = now() - interval 3 second where id = 2").await;
    source.run("insert into orders values (3, 1, 'new', 5, now() - interval 2 second)").await;
    next_second().await;
    let said = way.extract(&SINCE).await;
    assert!(said.contains("orders: 2 rows: s3://inbox/orders/since=20"), "{said}");
    way.load("orders/").await;
    assert_eq!(in_star(&way).await, "1|new\n2|sent\n3|new");
    let keys = way.keys().await;
    assert_eq!(keys.iter().filter(|key| key.starts_with("orders/since=")).count(), 2, "{keys:?}");
    assert!(keys.contains(&"_stardrop/extract/orders/orders.json".to_owned()), "{keys:?}");
}

#[tokio::test]
async fn a_row_that_is_committed_late_is_caught_by_the_overlap() {
    let Some(source) = orders().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let mut writer = source.connect().await;
    writer.query_drop("set time_zone = '+00:00'").await.unwrap();
    writer.query_drop("start transaction").await.unwrap();
    let late = "insert into orders values (7, 1, 'late', 1, now() - interval 5 second)";
    writer.query_drop(late).await.unwrap();
    way.extract(&SINCE).await;
    way.load("orders/").await;
    assert_eq!(in_star(&way).await, "1|new\n2|new");

    writer.query_drop("commit").await.unwrap();
    next_second().await;
    // Without an overlap it would be lost: its time is before the mark.
    let none =
        [&SINCE[..], &["--overlap", "0s", "--json", "--state", "s3://inbox/other/"]].concat();
    way.extract(&none).await;
    next_second().await;
    let said = way.extract(&SINCE).await;
    assert!(said.contains("orders: 1 rows"), "{said}");
    way.load("orders/").await;
    assert_eq!(in_star(&way).await, "1|new\n2|new\n7|late");
}

#[tokio::test]
async fn a_row_of_the_second_that_is_not_over_is_not_lost() {
    let Some(mut source) = orders().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let options = [&SINCE[..], &["--overlap", "0s"]].concat();
    // Rows are written and extracted as fast as possible, without any overlap.
    for id in 10..40 {
        source.run(&format!("insert into orders values ({id}, 1, 'new', 1, now())")).await;
        way.extract(&options).await;
        way.load("orders/").await;
    }
    next_second().await;
    way.extract(&options).await;
    way.load("orders/").await;
    assert_eq!(way.db.text("select count(*) from star.fact_orders where id >= 10").await, "30");
}

#[tokio::test]
async fn a_datetime_is_compared_in_the_time_zone_of_the_server() {
    let Some(mut source) = MariadbDatabase::new().await else { return };
    // The server is five hours ahead of UTC: its sessions write such times.
    source.run("set time_zone = '+05:00'").await;
    source
        .run("create table visits (id int primary key, at datetime not null default now())")
        .await;
    source.run("insert into visits values (1, now() - interval 2 second)").await;
    let options = ["--table", "visits", "--to", "s3://inbox/visits/", "--since", "at"];
    let way = Way::new(&source.url, &options).await;
    let said = way.extract(&options).await;
    assert!(said.contains("visits: 1 rows: s3://inbox/visits/since=start/"), "{said}");
    source.run("insert into visits values (2, now() - interval 1 second)").await;
    next_second().await;
    way.extract(&options).await;
    way.load("visits/").await;
    assert_eq!(way.db.rows("select id from star.fact_visits order by id").await, "1\n2");
}

#[tokio::test]
async fn a_full_extract_removes_what_is_gone_at_the_source() {
    let Some(mut source) = orders().await else { return };
    let options = ["--table", "orders", "--to", "s3://inbox/orders"];
    let way = Way::new(&source.url, &options).await;
    way.extract(&options).await;
    way.load("orders/").await;
    source.run("delete from orders where id = 1").await;
    source.run("insert into orders values (9, 2, '', 1, now())").await;
    way.extract(&options).await;
    way.load("orders/").await;
    assert_eq!(in_star(&way).await, "2|new\n9|");
    assert_eq!(way.keys().await, ["orders/full.csv.zst"]);

    // A table without rows is a file without rows, which replaces the others, too.
    source.run("delete from orders").await;
    let said = way.extract(&options).await;
    assert!(said.contains("orders: 0 rows: s3://inbox/orders/full.csv.zst"), "{said}");
    way.load("orders/").await;
    assert_eq!(in_star(&way).await, "");
}

#[tokio::test]
async fn a_table_without_a_key_is_replaced_as_a_whole_with_its_equal_rows() {
    let Some(mut source) = MariadbDatabase::new().await else { return };
    source.run("create table log (line varchar(20), at datetime)").await;
    source.run("insert into log values ('a', null), ('a', null), ('', '2026-01-05')").await;
    let options = ["--table", "log", "--to", "s3://inbox/log/"];
    let way = Way::new(&source.url, &options).await;
    let lines = "select line, at::date from star.fact_log order by line, at";
    for expected in ["|2026-01-05\na|null\na|null", "a|null\na|null\na|null"] {
        way.extract(&options).await;
        way.load("log/").await;
        assert_eq!(way.db.rows(lines).await, expected);
        source.run("update log set line = 'a', at = null").await;
    }
}

#[tokio::test]
async fn tables_of_a_run_are_of_one_snapshot_and_become_fact_and_dimension() {
    let Some(source) = orders().await else { return };
    let pattern = format!("{}.*", source.name);
    let options = ["--tables", &pattern, "--to", "s3://inbox/shop/"];
    let way = Way::new(&source.url, &options).await;
    let said = way.extract(&options).await;
    assert!(said.contains("customers: 2 rows: s3://inbox/shop/customers/full.csv.zst"), "{said}");
    way.load("shop/").await;
    let joined = "select id, name from (select f.id, c.name from star.fact_orders f
                  join star.dim_customers c using (customers_key)) joined order by id";
    assert_eq!(way.db.rows(joined).await, "1|Ann\n2|Ben");
}

#[tokio::test]
async fn a_window_is_split_into_files_and_written_to_a_folder() {
    let Some(mut source) = orders().await else { return };
    source.run("insert into orders select seq, 1, repeat('x', 20), seq, now() - interval 1 day from seq_100_to_30000").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("orders").display().to_string();
    let options = [
        "--table",
        "orders",
        "--to",
        &to,
        "--since",
        "updated_at",
        "--split",
        "500KB",
        "--compression",
        "gzip",
    ];
    let way = Way::new(&source.url, &options).await;
    let said = way.extract(&options).await;
    assert!(said.contains("29903 rows in 4 files: "), "{said}");
    let (code, out, err) = crate::support::cloud::run(
        way.cloud.stardrop(&["load", &to], &[("STARDROP_DATASETS", &way.folder())]),
    )
    .await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(way.db.text("select count(*) from star.fact_orders").await, "29903");
    let said = way.extract(&options).await;
    assert!(said.contains("nothing new") || said.contains("0 rows"), "{said}");
}

#[tokio::test]
async fn the_rows_of_a_query_are_extracted() {
    let Some(source) = orders().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Big Orders.sql");
    std::fs::write(
        &file,
        "-- with a comment\nselect id, amount, updated_at from orders where amount > 15; -- so\n",
    )
    .unwrap();
    let to = folder.path().display().to_string();
    let way = Way::new(&source.url, &["--table", "orders", "--to", &to]).await;
    let options = ["--query", file.to_str().unwrap(), "--to", &to, "--compression", "none"];
    way.extract(&options).await;
    let text = std::fs::read_to_string(folder.path().join("full.csv")).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with("id,amount,updated_at\n2,20.00,20"), "{text}");
    let since = [&options[..], &["--since", "updated_at"]].concat();
    let said = way.extract(&since).await;
    assert!(said.contains("the rows of a query have no primary key"), "{said}");
    assert!(folder.path().join("since=start/00000.csv").is_file());
    next_second().await;
    let said = way.extract(&since).await;
    assert!(!said.contains("primary key"), "said once: {said}");
    assert!(folder.path().join(".extract/big_orders.json").is_file());
}
