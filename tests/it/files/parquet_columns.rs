//! Columns of Parquet files: days as timestamps, INT96, intervals, and fields of structs by their path.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

type Levels<'l> = Option<&'l [i16]>;
type Group<'g> = parquet::file::writer::SerializedRowGroupWriter<'g, Vec<u8>>;

/// Writes the next column of a row group.
fn column<T: DataType>(group: &mut Group, values: &[T::T], levels: Levels, repeats: Levels) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, levels, repeats).unwrap();
    column.close().unwrap();
}

/// A file with one row group.
fn file(schema: &str, compression: Compression, fill: impl Fn(&mut Group)) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {schema} }}")).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    fill(&mut group);
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// What is in the star and what was rejected.
async fn loaded(columns: &str, kept: &str, bytes: Vec<u8>) -> String {
    let contract = format!(
        "name = \"things\"\nmatch = [\"things/**\"]\n[columns]\n\
         id = {{ type = \"integer\", required = true }}\n{columns}\n[policy]\nrejects = \"90%\"\n\
         [fact.thing]\ngrain = [\"id\"]\ndegenerate = [{kept}]\n"
    );
    let catalog = catalog_of(&[("things", &contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("things/a.parquet", bytes).await;
    cloud.loader_with(&[("STARDROP_SALT", "s")]).load(&object, None).await.unwrap();
    assert_balanced(&db).await;
    let star =
        format!("select id, {}, extra from star.fact_thing order by 1", kept.replace('"', ""));
    let rejected =
        "select source_line, column_name, code, raw from stardrop.rejected_row order by 1";
    format!("{}\n--\n{}", db.rows(&star).await, db.rows(rejected).await)
}

#[tokio::test]
async fn a_timestamp_at_midnight_is_a_day() {
    let schema = "required int32 id; optional int64 micros (TIMESTAMP(MICROS,false));
        required int64 nanos (TIMESTAMP(NANOS,true)); required int64 millis (TIMESTAMP(MILLIS,true));";
    let day = 86_400_000_000_i64;
    let bytes = file(schema, Compression::BROTLI(Default::default()), |group| {
        column::<Int32Type>(group, &[1, 2, 3, 4], None, None);
        column::<Int64Type>(group, &[19_782 * day, -day, 3_600_000_000], Some(&[1, 1, 1, 0]), None);
        column::<Int64Type>(group, &[day * 1_000, -day * 1_000, 0, 1], None, None);
        column::<Int64Type>(group, &[day / 1_000, 0, 0, 0], None, None);
    });
    let columns = "micros = { type = \"date\", format = \"%d/%m/%Y\" }\nnanos = { type = \"date\" }\n\
                   millis = { type = \"timestamp\" }";
    insta::assert_snapshot!(loaded(columns, "\"micros\", \"nanos\", \"millis\"", bytes).await, @r"
    1|2024-02-29|1970-01-02|1970-01-02T00:00:00|null
    2|1969-12-31|1969-12-31|1970-01-01T00:00:00|null
    --
    4|micros|invalid_date|3,1970-01-01 01:00:00,1970-01-01 00:00:00Z,1970-01-01 00:00:00Z
    5|nanos|invalid_date|4,,1970-01-01 00:00:00.000000001Z,1970-01-01 00:00:00Z
    ");
}

/// A timestamp as Spark and Impala write it.
fn int96(julian_day: u32, nanos: u64) -> Int96 {
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, julian_day);
    value
}

#[tokio::test]
async fn an_int96_is_read_to_the_nanosecond_wherever_it_is() {
    let schema = "required int32 id; optional int96 at; required int96 day;
        optional group more { optional int96 seen; }
        optional group list (LIST) { repeated group list { optional int96 element; } }
        required fixed_len_byte_array(12) span (INTERVAL); optional binary bytes;";
    let (noon, last) = (43_200_000_000_000_u64, 86_399_999_999_000_u64);
    let bytes = file(schema, Compression::SNAPPY, |group| {
        column::<Int32Type>(group, &[1, 2, 3, 4], None, None);
        let at =
            [int96(2_460_370, noon + 123_456_000), int96(2_440_587, last), int96(2_460_370, 1)];
        column::<Int96Type>(group, &at, Some(&[1, 1, 1, 0]), None);
        let days = [
            int96(2_460_370, 0),
            int96(1_721_426, 0),
            int96(2_460_370, 0),
            int96(2_460_370, 1_000),
        ];
        column::<Int96Type>(group, &days, None, None);
        column::<Int96Type>(group, &[int96(2_440_588, 1)], Some(&[2, 1, 0, 0]), None);
        column::<Int96Type>(
            group,
            &[int96(2_440_588, 0); 2],
            Some(&[3, 3, 0, 0, 0]),
            Some(&[0, 1, 0, 0, 0]),
        );
        let span: Vec<u8> = [14_u32, 3, 1_500].iter().flat_map(|n| n.to_le_bytes()).collect();
        let span = FixedLenByteArray::from(span);
        column::<FixedLenByteArrayType>(group, &vec![span; 4], None, None);
        let bytes: [Vec<u8>; 2] = [vec![1, 0xff], b"text".to_vec()];
        column::<ByteArrayType>(group, &bytes.map(ByteArray::from), Some(&[1, 1, 0, 0]), None);
    });
    let columns = "at = { type = \"timestamp\" }\nday = { type = \"date\" }";
    insta::assert_snapshot!(loaded(columns, "\"at\", \"day\"", bytes).await, @r#"
    1|2024-02-29T12:00:00.123456|2024-02-29|{"list": "[\"1970-01-01 00:00:00\",\"1970-01-01 00:00:00\"]", "more": "{\"seen\":\"1970-01-01 00:00:00.000000001\"}", "span": "P14M3DT1.500S", "bytes": "\\x01ff"}
    2|1969-12-31T23:59:59.999999|0001-01-01|{"more": "{\"seen\":null}", "span": "P14M3DT1.500S", "bytes": "text"}
    --
    4|at|out_of_scale|3,2024-02-29 00:00:00.000000001,2024-02-29 00:00:00,,,P14M3DT1.500S,
    5|day|invalid_date|4,,2024-02-29 00:00:00.000001,,,P14M3DT1.500S,
    "#);
}

#[tokio::test]
async fn a_field_of_a_struct_is_a_column_by_its_path() {
    let schema = "required int32 id;
        optional group Customer {
            optional binary name (UTF8); optional binary mail (UTF8);
            optional group Address { optional binary city (UTF8); optional int64 since (TIMESTAMP(NANOS,false)); }
        }
        optional group whole { required int32 a; required int32 b; }
        optional group tags (LIST) { repeated group list { optional int32 element; } }";
    let bytes = file(schema, Compression::ZSTD(Default::default()), |group| {
        column::<Int32Type>(group, &[1, 2, 3], None, None);
        column::<ByteArrayType>(group, &["Ann".into(), "Bo".into()], Some(&[2, 2, 0]), None);
        column::<ByteArrayType>(group, &["a@b".into(), "b@c".into()], Some(&[2, 2, 0]), None);
        column::<ByteArrayType>(group, &["Ulm".into()], Some(&[3, 1, 0]), None);
        column::<Int64Type>(group, &[1_500], Some(&[3, 1, 0]), None);
        column::<Int32Type>(group, &[5], Some(&[1, 0, 0]), None);
        column::<Int32Type>(group, &[6], Some(&[1, 0, 0]), None);
        column::<Int32Type>(group, &[7], Some(&[3, 0, 0]), Some(&[0, 0, 0]));
    });
    // What is a column is no part of its struct any more, so that nothing protected is kept twice.
    let columns = "city = { type = \"text\", from = [\"customer.address.city\"] }\n\
         mail = { type = \"text\", from = [\"customer.mail\"], protect = \"drop\" }\n\
         whole = { type = \"json\" }";
    let said = loaded(columns, "\"city\", \"whole\"", bytes.clone()).await;
    insta::assert_snapshot!(said, @r#"
    1|Ulm|{"a": 5, "b": 6}|{"tags": "[7]", "Customer": "{\"name\":\"Ann\",\"Address\":{\"since\":\"1970-01-01 00:00:00.0000015\"}}"}
    2|null|null|{"Customer": "{\"name\":\"Bo\",\"Address\":null}"}
    3|null|null|null
    --
    "#);
    let both = "a = { type = \"integer\", from = [\"whole.a\"] }\nb = { type = \"integer\", from = [\"WHOLE.B\"] }";
    insta::assert_snapshot!(loaded(both, "\"a\", \"b\"", bytes).await, @r#"
    1|5|6|{"tags": "[7]", "Customer": "{\"name\":\"Ann\",\"mail\":\"a@b\",\"Address\":{\"city\":\"Ulm\",\"since\":\"1970-01-01 00:00:00.0000015\"}}"}
    2|null|null|{"Customer": "{\"name\":\"Bo\",\"mail\":\"b@c\",\"Address\":null}"}
    3|null|null|null
    --
    "#);
}
