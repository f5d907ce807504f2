//! Random tables: whatever MariaDB and Postgres can hold comes back equal from the star.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::Way;
use crate::support::TestDatabase;
use crate::support::mariadb::MariadbDatabase;

/// A value: as a text for the source, and as the star writes it.
type Pair = (String, String);

/// A type of MariaDB, the type of Postgres that takes the same texts, and its values.
fn kinds() -> Vec<(&'static str, &'static str, BoxedStrategy<Pair>)> {
    let same = |text: String| (text.clone(), text);
    let text = prop_oneof![
        "\\PC{0,40}",
        "[\"',;|\\\\\t\r\nNUL ]{0,12}",
        Just("NULL".to_owned()),
        Just("\\N".to_owned()),
        Just("\\.".to_owned()),
    ];
    let day = || {
        (1970_i16..2038, 1_i8..13, 1_i8..29).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"))
    };
    // All years that both servers have.
    let any_day = || {
        (1000_i16..10_000, 1_i8..13, 1_i8..29).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"))
    };
    let time = || {
        (0..24, 0..60, 0..60, 0..1_000_000_u32).prop_map(|(h, m, s, f)| {
            let fraction = format!("{f:06}");
            let fraction = fraction.trim_end_matches('0').to_owned();
            let dot = if fraction.is_empty() { "" } else { "." };
            format!("{h:02}:{m:02}:{s:02}{dot}{fraction}")
        })
    };
    let at = move || (day(), time()).prop_map(|(day, time)| format!("{day} {time}"));
    vec![
        (
            "bigint unsigned",
            "numeric(20,0)",
            any::<u64>().prop_map(move |n| same(n.to_string())).boxed(),
        ),
        ("bigint", "bigint", any::<i64>().prop_map(move |n| same(n.to_string())).boxed()),
        ("int unsigned", "bigint", any::<u32>().prop_map(move |n| same(n.to_string())).boxed()),
        ("smallint", "smallint", any::<i16>().prop_map(move |n| same(n.to_string())).boxed()),
        ("int", "int", any::<i32>().prop_map(move |n| same(n.to_string())).boxed()),
        ("bit(1)", "boolean", any::<bool>().prop_map(move |is| same(is.to_string())).boxed()),
        (
            "decimal(9,4)",
            "numeric(9,4)",
            (-99_999..100_000, 0..10_000_u32)
                .prop_map(move |(whole, part)| same(format!("{whole}.{part:04}")))
                .boxed(),
        ),
        (
            "decimal(18,3)",
            "numeric(18,3)",
            (-999_999_999_999_999_i64..=999_999_999_999_999, 0..1_000_u32)
                .prop_map(move |(whole, part)| same(format!("{whole}.{part:03}")))
                .boxed(),
        ),
        (
            "decimal(65,30)",
            "numeric",
            (any::<i64>(), any::<u64>())
                .prop_map(move |(whole, part)| same(format!("{whole}.{part:030}")))
                .boxed(),
        ),
        ("uuid", "uuid", any::<u128>().prop_map(move |n| same(uuid(n))).boxed()),
        (
            "json",
            "json",
            any::<i32>().prop_map(move |n| same(format!("{{\"a\": [{n}, \"x\\\"y\"]}}"))).boxed(),
        ),
        (
            "decimal(38,10)",
            "numeric(38,10)",
            (any::<i64>(), 0..10_000_000_000_u64)
                .prop_map(move |(whole, part)| same(format!("{whole}.{part:010}")))
                .boxed(),
        ),
        (
            "double",
            "double precision",
            any::<i32>().prop_map(move |n| same((f64::from(n) / 64.0).to_string())).boxed(),
        ),
        ("varchar(200)", "text", text.prop_map(move |text| same(text.replace('\0', ""))).boxed()),
        ("date", "date", any_day().prop_map(same).boxed()),
        (
            "datetime(6)",
            "timestamp",
            (any_day(), time()).prop_map(move |(day, time)| same(format!("{day} {time}"))).boxed(),
        ),
        (
            "timestamp(6) null",
            "timestamptz",
            at().prop_map(|at| (at.clone(), format!("{at}+00"))).boxed(),
        ),
        (
            "varbinary(40)",
            "bytea",
            proptest::collection::vec(any::<u8>(), 0..40)
                .prop_map(|bytes| {
                    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    (hex.clone(), format!("\\x{hex}"))
                })
                .boxed(),
        ),
    ]
}

/// A UUID of version 4: MariaDB takes no others that are random.
fn uuid(number: u128) -> String {
    let number = number & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{number:032x}");
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

/// Rows of one value of each type, of which some are null.
fn random_rows(runner: &mut TestRunner, rows: usize) -> Vec<Vec<Option<Pair>>> {
    let strategies: Vec<_> =
        kinds().into_iter().map(|(_, _, values)| proptest::option::weighted(0.9, values)).collect();
    (0..rows)
        .map(|_| strategies.iter().map(|s| s.new_tree(runner).unwrap().current()).collect())
        .collect()
}

const ROWS: usize = 400;

fn runner() -> TestRunner {
    TestRunner::new(Config::default())
}

/// Compares the star with what was written.
async fn compare(way: &Way, rows: &[Vec<Option<Pair>>], table: &str) {
    let columns: Vec<String> = (0..kinds().len()).map(|index| format!("c{index}::text")).collect();
    let sql = format!("select {} from star.fact_{table} order by id", columns.join(", "));
    let found = way.db.client.query(&sql, &[]).await.unwrap();
    assert_eq!(found.len(), rows.len());
    for (row, found) in rows.iter().zip(found) {
        for (index, value) in row.iter().enumerate() {
            let found: Option<String> = found.get(index);
            let expected = value.as_ref().map(|(_, star)| star.clone());
            assert_eq!(found, expected, "{}", kinds()[index].0);
        }
    }
}

#[tokio::test]
async fn random_tables_of_mariadb_come_back_equal() {
    let Some(mut source) = MariadbDatabase::new().await else { return };
    let columns: Vec<String> =
        kinds().iter().enumerate().map(|(index, (kind, ..))| format!("c{index} {kind}")).collect();
    source
        .run(&format!(
            "create table random (id int primary key, {}) character set utf8mb4",
            columns.join(", ")
        ))
        .await;
    let rows = random_rows(&mut runner(), ROWS);
    let marks: Vec<&str> = kinds()
        .iter()
        .map(|(kind, ..)| match *kind {
            "varbinary(40)" => "unhex(?)",
            "bit(1)" => "? = 'true'",
            _ => "?",
        })
        .collect();
    let insert = format!("insert into random values (?, {})", marks.join(", "));
    for (id, row) in rows.iter().enumerate() {
        let values = row.iter().map(|value| match value {
            Some((text, _)) => Value::Bytes(text.clone().into_bytes()),
            None => Value::NULL,
        });
        let all = std::iter::once(Value::from(id)).chain(values).collect();
        source.session.exec_drop(&insert, Params::Positional(all)).await.unwrap();
    }
    for format in ["csv", "parquet"] {
        for compression in ["zstd", "gzip", "none"] {
            let to = format!("s3://inbox/{compression}/");
            let written = ["--format", format, "--compression", compression];
            let options = [&["--table", "random", "--to", &to], &written[..]].concat();
            let way = Way::new(&source.url, &options).await;
            way.extract(&options).await;
            way.load(&format!("{compression}/")).await;
            compare(&way, &rows, "random").await;
        }
    }
}

#[tokio::test]
async fn random_tables_of_postgres_come_back_equal() {
    let source = TestDatabase::empty().await;
    let columns: Vec<String> = kinds()
        .iter()
        .enumerate()
        .map(|(index, (_, kind, _))| format!("c{index} {kind}"))
        .collect();
    source.run(&format!("create table random (id int primary key, {})", columns.join(", "))).await;
    let rows = random_rows(&mut runner(), ROWS);
    let marks: Vec<String> = kinds()
        .iter()
        .enumerate()
        .map(|(index, (_, kind, _))| match *kind {
            "bytea" => format!("decode(${}::text, 'hex')", index + 2),
            kind => format!("${}::text::{kind}", index + 2),
        })
        .collect();
    source.run("set timezone = 'UTC'").await;
    let insert = format!("insert into random values ($1, {})", marks.join(", "));
    for (id, row) in rows.iter().enumerate() {
        let id = i32::try_from(id).unwrap();
        let texts: Vec<Option<&str>> =
            row.iter().map(|value| value.as_ref().map(|(text, _)| text.as_str())).collect();
        let mut parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = vec![&id];
        parameters
            .extend(texts.iter().map(|text| text as &(dyn tokio_postgres::types::ToSql + Sync)));
        source.client.query(&insert, &parameters).await.unwrap();
    }
    for format in ["csv", "parquet"] {
        let options = ["--table", "random", "--to", "s3://inbox/random/", "--format", format];
        let way = Way::new(&source.url, &options).await;
        way.extract(&options).await;
        way.load("random/").await;
        compare(&way, &rows, "random").await;
    }
}
