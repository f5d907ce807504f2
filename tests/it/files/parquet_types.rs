//! Parquet files keep the logical types of their columns.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::files::formats::{REJECTED, orders};
use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

fn parquet(compression: Compression) -> Vec<u8> {
    let schema = "message orders {
        required int32 OrderNo; optional binary buyer (UTF8); optional int64 paid (DECIMAL(10,2));
        optional int32 day (DATE); optional int64 at (TIMESTAMP(NANOS,true)); optional double ratio;
        optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for first in [1, 3] {
        let mut group = writer.next_row_group().unwrap();
        macro_rules! column {
            ($kind:ty, $values:expr, $levels:expr, $repeats:expr) => {{
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<$kind>().write_batch($values, $levels, $repeats).unwrap();
                column.close().unwrap();
            }};
        }
        // The second row of each group is null wherever it may be.
        let half: Option<&[i16]> = Some(&[1, 0]);
        let text = |text: &str| ByteArray::from(text);
        column!(Int32Type, &[first, first + 1], None, None);
        column!(ByteArrayType, &[text("Zoë, \"x\"")], half, None);
        column!(Int64Type, &[123_456], half, None);
        column!(Int32Type, &[19_782], half, None);
        let nanos = if first == 1 { 1_709_209_805_250_000_000 } else { 1_709_209_805_250_000_001 };
        column!(Int64Type, &[nanos], half, None);
        column!(DoubleType, &[0.1], half, None);
        column!(ByteArrayType, &[text("a"), text("b")], Some(&[3, 3, 0]), Some(&[0, 1, 0]));
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn a_parquet_file_keeps_its_logical_types() {
    let file = "";
    let catalog_has_no_email = parquet(Compression::SNAPPY);
    let catalog = orders(file);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("orders/a.parquet", catalog_has_no_email).await;
    // A protected column must be there.
    let error = cloud.loader_with(&[("STARDROP_SALT", "x")]).load(&object, None).await.unwrap_err();
    assert!(error.message.contains("protected column email"), "{error}");
    let text = r#"
name  = "orders"
match = ["orders/**"]
[columns]
id     = { type = "integer", from = ["OrderNo"], required = true }
buyer  = { type = "text" }
paid   = { type = "numeric(10,2)" }
day    = { type = "date", format = "%d/%m/%Y" }
at     = { type = "timestamptz" }
tags   = { type = "json" }
[policy]
rejects = "90%"
[fact.order]
grain      = ["id"]
degenerate = ["buyer", "paid", "day", "at", "tags"]
"#;
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
        Compression::BROTLI(Default::default()),
        Compression::LZ4_RAW,
    ] {
        let catalog = catalog_of(&[("orders", text)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        let object = cloud.put("orders/a.parquet", parquet(compression)).await;
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "1")]);
        loader.load(&object, None).await.unwrap();
        assert_balanced(&db).await;
        let star = "select id, buyer, paid, day, at at time zone 'UTC' as at, tags, extra, source_line from star.fact_order order by id";
        let said = format!("{}\n--\n{}", db.rows(star).await, db.rows(REJECTED).await);
        insta::allow_duplicates! { insta::assert_snapshot!(said, @r#"
        1|Zoë, "x"|1234.56|2024-02-29|2024-02-29T12:30:05.25|["a", "b"]|{"ratio": "0.1"}|2
        2|null|null|null|null|null|null|3
        4|null|null|null|null|null|null|5
        --
        4|at|out_of_scale|3,"Zoë, ""x""",1234.56,2024-02-29,2024-02-29 12:30:05.250000001Z,0.1,"[""a"",""b""]"
        "#); }
    }
}

#[tokio::test]
async fn a_point_in_time_is_one_in_a_column_of_any_time_zone() {
    for (column_type, stored) in
        [("timestamptz", "2024-02-29T12:30:05.25+00:00"), ("timestamp", "2024-02-29T13:30:05.25")]
    {
        let text = format!(
            r#"
name  = "orders"
match = ["orders/**"]
[columns]
id = {{ type = "integer", from = ["OrderNo"], required = true }}
at = {{ type = "{column_type}", time_zone = "Europe/Berlin" }}
[policy]
rejects = "90%"
[fact.order]
grain      = ["id"]
degenerate = ["at"]
"#
        );
        let catalog = catalog_of(&[("orders", &text)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        cloud.put_and_load("orders/a.parquet", parquet(Compression::SNAPPY)).await;
        db.run("set timezone = 'UTC'").await;
        assert_eq!(db.rows("select at from star.fact_order where id = 1").await, stored);
    }
}
