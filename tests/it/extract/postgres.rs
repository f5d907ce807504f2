//! Postgres as a source: values of every type come back equal from the star.

use super::{Way, next_second};
use crate::support::TestDatabase;
use crate::support::cloud::{run, stardrop};

/// The declaration of a column, a value in SQL, and what the star must have as text.
const TYPES: &[(&str, &str, &str)] = &[
    ("bigint", "9223372036854775807", "9223372036854775807"),
    ("smallint", "-32768", "-32768"),
    ("integer", "0", "0"),
    (
        "numeric(38,10)",
        "1234567890123456789012345678.0123456789",
        "1234567890123456789012345678.0123456789",
    ),
    ("numeric", "1e-30", "0.000000000000000000000000000001"),
    ("real", "1.2345678", "1.2345678"),
    ("double precision", "0.1::float8 + 0.2", "0.30000000000000004"),
    ("boolean", "true", "true"),
    ("boolean", "false", "false"),
    ("date", "'2026-02-28'", "2026-02-28"),
    ("time", "'23:59:59.123456'", "23:59:59.123456"),
    ("timetz", "'23:59:59+05'", "23:59:59+05"),
    ("timestamp", "'2026-03-29 02:30:00.25'", "2026-03-29 02:30:00.25"),
    ("timestamptz", "'2026-03-29 02:30:00+02'", "2026-03-29 00:30:00+00"),
    ("timestamptz", "'9999-12-31 23:59:59.999999+00'", "9999-12-31 23:59:59.999999+00"),
    ("timestamp", "'0001-01-01 00:00:00'", "0001-01-01 00:00:00"),
    ("numeric(5,0)", "-99999", "-99999"),
    ("double precision", "'-Infinity'", "-Infinity"),
    ("interval", "'1 day 02:03:04'", "1 day 02:03:04"),
    ("uuid", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"),
    ("inet", "'10.0.0.1'", "10.0.0.1/32"),
    ("text", "''", ""),
    ("text", "'NULL'", "NULL"),
    ("text", "null", "null"),
    ("text", "e'a,\"b\"\\n\\r\\n;\\t|\\\\N \u{1f980}'", "a,\"b\"\n\r\n;\t|\\N \u{1f980}"),
    ("varchar(9)", "'  x '", "  x "),
    ("jsonb", "'{\"b\": [1, \"x\"], \"a\": null}'", "{\"a\": null, \"b\": [1, \"x\"]}"),
    ("json", "'{\"b\":1}'", "{\"b\": 1}"),
    ("bytea", "'\\x00ff22'", "\\x00ff22"),
    ("int[]", "'{1,null,3}'", "{1,NULL,3}"),
    ("text[]", "array['a,b', '', null]", "{\"a,b\",\"\",NULL}"),
    ("int4range", "'[1,5)'", "[1,5)"),
    ("tstzrange", "'[2026-01-01 00:00+02,)'", "[\"2025-12-31 22:00:00+00\",)"),
    ("mood", "'so, so'", "so, so"),
    ("positive", "7", "7"),
    ("money", "'12.50'", "$12.50"),
];

#[tokio::test]
async fn every_type_comes_back_equal_from_the_star() {
    let source = TestDatabase::empty().await;
    source
        .run("create type mood as enum ('so, so'); create domain positive as int check (value > 0)")
        .await;
    let column = |(index, (kind, ..)): (usize, &(&str, &str, &str))| format!("c{index} {kind}");
    let columns: Vec<String> = TYPES.iter().enumerate().map(column).collect();
    let values: Vec<&str> = TYPES.iter().map(|(_, value, _)| *value).collect();
    let create =
        format!("create table \"Every Type\" (id int primary key, {})", columns.join(", "));
    source.run(&create).await;
    source.run(&format!("insert into \"Every Type\" values (1, {})", values.join(", "))).await;
    source.run("insert into \"Every Type\" (id) values (2)").await;

    // Settings of the database that must not reach the file.
    let name = source.text("current_database()").await;
    for setting in [
        "datestyle = 'German'",
        "timezone = 'Asia/Tokyo'",
        "bytea_output = 'escape'",
        "extra_float_digits = 0",
    ] {
        source.run(&format!("alter database {name} set {setting}")).await;
    }
    for (format, file) in [("csv", "full.csv.zst"), ("parquet", "full.parquet")] {
        let options = ["--table", "Every Type", "--to", "s3://inbox/types/", "--format", format];
        let way = Way::new(&source.url, &options).await;
        let said = way.extract(&options).await;
        assert!(said.contains(&format!("Every Type: 2 rows: s3://inbox/types/{file}")), "{said}");
        way.load("types/").await;
        for (index, (kind, _, expected)) in TYPES.iter().enumerate() {
            let sql = format!("select c{index} from star.fact_every_type where id = 1");
            assert_eq!(way.db.text(&sql).await, *expected, "{format}: {kind}");
            let nulls = format!("select c{index} is null from star.fact_every_type where id = 2");
            assert_eq!(way.db.text(&nulls).await, "true", "{format}: {kind}");
        }
    }

    // For contracts that have the default of `null`, in which the word NULL is one.
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let command = ["extract", &source.url, "--table", "Every Type", "--compression", "none"];
    let (code, out, err) = run(stardrop(&[&command[..], &["--to", to]].concat(), &[])).await;
    assert_eq!(code, Some(0), "{out}{err}");
    let text = std::fs::read_to_string(folder.path().join("full.csv")).unwrap();
    assert!(text.contains(",\"\",\"NULL\",,\"a,"), "{text}");
}

#[tokio::test]
async fn a_late_commit_is_caught_by_the_overlap_and_the_newest_row_wins() {
    let source = TestDatabase::empty().await;
    source
        .run(
            "create table customers (id int primary key, name text);
             create table orders (id int primary key, customer_id int references customers, status text,
                                  updated_at timestamptz not null default now());
             insert into customers values (1, 'Ann');
             insert into orders values (1, 1, 'new', now() - interval '1 hour')",
        )
        .await;
    let options = ["--tables", "public.*", "--to", "s3://inbox/shop/"];
    let way = Way::new(&source.url, &options).await;
    let since = ["--table", "orders", "--to", "s3://inbox/orders/", "--since", "updated_at"];
    let orders = Way::new(&source.url, &since).await;
    let late = crate::support::connect(&source.url).await;
    late.batch_execute(
        "begin; insert into orders values (2, 1, 'late', now() - interval '2 seconds')",
    )
    .await
    .unwrap();
    orders.extract(&since).await;
    orders.load("orders/").await;
    late.batch_execute("commit").await.unwrap();
    source.run("update orders set status = 'sent', updated_at = now() where id = 1").await;
    next_second().await;
    orders.extract(&since).await;
    orders.load("orders/").await;
    let rows = "select id, status from star.fact_orders order by id";
    assert_eq!(orders.db.rows(rows).await, "1|sent\n2|late");

    way.extract(&options).await;
    way.load("shop/").await;
    let joined = "select f.id, c.name from star.fact_orders f join star.dim_customers c using (customers_key) order by 1";
    assert_eq!(way.db.rows(joined).await, "1|Ann\n2|Ann");
}
