//! MariaDB: values of every type come back equal from the star, in full and incrementally.

use super::Way;
use crate::support::mariadb::MariadbDatabase;

/// The declaration of a column, a value in SQL, and what the star must have, as text of Postgres.
const TYPES: &[(&str, &str, &str)] = &[
    ("bigint unsigned", "18446744073709551615", "18446744073709551615"),
    ("bigint", "-9223372036854775808", "-9223372036854775808"),
    ("int unsigned", "4294967295", "4294967295"),
    ("int(5) zerofill", "42", "42"),
    ("mediumint unsigned", "16777215", "16777215"),
    ("smallint unsigned", "65535", "65535"),
    ("tinyint", "-128", "-128"),
    ("tinyint(1)", "1", "true"),
    (
        "decimal(65,30)",
        "-12345678901234567890123456789012345.123456789012345678901234567890",
        "-12345678901234567890123456789012345.123456789012345678901234567890",
    ),
    ("decimal(10,0)", "5", "5"),
    ("float", "1.2345678", "1.2345678"),
    ("float", "3.4028234e38", "3.4028235e+38"),
    ("double", "0.1", "0.1"),
    ("double", "-2.2250738585072014e-308", "-2.2250738585072014e-308"),
    ("bit(1)", "b'1'", "true"),
    ("bit(9)", "b'100000001'", "257"),
    (
        "bit(64)",
        "b'1111111111111111111111111111111111111111111111111111111111111111'",
        "18446744073709551615",
    ),
    ("year", "2026", "2026"),
    ("date", "'2026-02-28'", "2026-02-28"),
    ("date", "'0000-00-00'", "null"),
    ("datetime(6)", "'2026-02-28 23:59:59.123456'", "2026-02-28 23:59:59.123456"),
    ("datetime", "'1000-01-01 00:00:00'", "1000-01-01 00:00:00"),
    ("datetime(6)", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"),
    ("timestamp(3) null", "'2026-03-29 02:30:00.250'", "2026-03-29 02:30:00.25+00"),
    ("time(2)", "'-838:59:59'", "-838:59:59.00"),
    ("time", "'25:00:01'", "25:00:01"),
    ("char(5) character set latin1", "'Größe'", "Größe"),
    ("varchar(20)", "''", ""),
    ("varchar(20)", "'NULL'", "NULL"),
    ("varchar(20)", "null", "null"),
    ("varchar(60)", "'a,\"b\"\\n\\r\\n;\\t|\\\\N \u{1f980}'", "a,\"b\"\n\r\n;\t|\\N \u{1f980}"),
    ("text", "'  blanks around  '", "  blanks around  "),
    ("enum('new','sent, \"late\"')", "'sent, \"late\"'", "sent, \"late\""),
    ("set('a','b','c')", "'a,c'", "a,c"),
    ("json", "'{\"b\": [1, \"x\\\\\"y\"], \"a\": null}'", "{\"a\": null, \"b\": [1, \"x\\\"y\"]}"),
    ("binary(3)", "x'00ff0a'", "\\x00ff0a"),
    ("varbinary(9)", "''", "\\x"),
    ("longblob", "x'22275c2c0d0a'", "\\x22275c2c0d0a"),
    ("point", "point(1, 2)", "\\x000000000101000000000000000000f03f0000000000000040"),
    ("uuid", "'123E4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"),
    ("inet6", "'2001:db8::ff00:42:8329'", "2001:db8::ff00:42:8329/128"),
];

/// A table with a column for each type, one row with their values, and one with nulls and zeros.
async fn with_all_types() -> Option<MariadbDatabase> {
    let mut source = MariadbDatabase::new().await?;
    let column = |(index, (kind, ..)): (usize, &(&str, &str, &str))| format!("c{index} {kind}");
    let columns: Vec<String> = TYPES.iter().enumerate().map(column).collect();
    let values: Vec<&str> = TYPES.iter().map(|(_, value, _)| *value).collect();
    let create = format!("create table `Every Type` (id int primary key, {})", columns.join(", "));
    source.run(&create).await;
    source.run(&format!("insert into `Every Type` values (1, {})", values.join(", "))).await;
    source.run("insert into `Every Type` (id) values (2)").await;
    Some(source)
}

#[tokio::test]
async fn every_type_comes_back_equal_from_the_star() {
    let Some(source) = with_all_types().await else { return };
    for (format, file) in [("csv", "full.csv.zst"), ("parquet", "full.parquet")] {
        let options = ["--table", "Every Type", "--to", "s3://inbox/types/", "--format", format];
        let way = Way::new(&source.url, &options).await;
        let said = way.extract(&options).await;
        assert!(said.contains(&format!(": 2 rows: s3://inbox/types/{file}")), "{said}");
        assert!(said.contains("1 zero dates became null"), "{said}");
        way.load("types/").await;
        for (index, (kind, _, expected)) in TYPES.iter().enumerate() {
            let sql = format!("select c{index} from star.fact_every_type where id = 1");
            assert_eq!(way.db.text(&sql).await, *expected, "{format}: {kind}");
            let nulls = format!("select c{index} is null from star.fact_every_type where id = 2");
            // MariaDB's timestamps and points are not null unless they are declared so.
            assert_eq!(way.db.text(&nulls).await, "true", "{format}: {kind}");
        }
    }
}
