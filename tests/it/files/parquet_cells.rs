//! Parquet cells that no date or text can hold reject their own row, and no message shows their value.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use stardrop::error::ErrorKind;

use crate::support::cloud::{BUCKET, Cloud, run};
use crate::support::star_content::assert_balanced;
use crate::support::workbook::Zip;
use crate::support::{TestDatabase, catalog_of};

/// The rows of one row group: days, and texts of any bytes.
fn file(days: &[i32], more_days: &[i32], texts: &[&[u8]]) -> Vec<u8> {
    let schema = "message cells {
        required int32 id; required int32 day (DATE); required int32 zz (DATE);
        required binary v (UTF8); required binary w (UTF8);
        optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let ids: Vec<i32> = (1..=days.len() as i32).collect();
    for numbers in [&ids, days, more_days] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(numbers, None, None).unwrap();
        column.close().unwrap();
    }
    let bytes = |texts: &[&[u8]]| texts.iter().map(|text| text.to_vec().into()).collect();
    let plain: Vec<ByteArray> = vec![b"w".to_vec().into(); texts.len()];
    let all: [Vec<ByteArray>; 3] = [bytes(texts), plain, bytes(texts)];
    for (place, texts) in all.iter().enumerate() {
        let levels = vec![3; texts.len()];
        let repeats = vec![0; texts.len()];
        let nested = place == 2;
        let mut column = group.next_column().unwrap().unwrap();
        let writer = column.typed::<ByteArrayType>();
        // Only the last row has tags that are not UTF-8.
        let tags: Vec<ByteArray> = match nested {
            true => texts.iter().rev().cloned().collect(),
            false => texts.clone(),
        };
        writer
            .write_batch(&tags, nested.then_some(&levels[..]), nested.then_some(&repeats[..]))
            .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn contract(file: &str) -> String {
    format!(
        r#"
name  = "cells"
match = ["cells/**"]
[file]
{file}
[columns]
id   = {{ type = "integer", required = true }}
day  = {{ type = "date", format = "%Y-%m-%d" }}
v    = {{ type = "text" }}
w    = {{ type = "text" }}
tags = {{ type = "json" }}
[policy]
rejects = "100%"
[fact.cell]
grain      = ["id"]
degenerate = ["day", "v", "w", "tags"]
"#
    )
}

async fn loaded(options: &str, bytes: Vec<u8>) -> String {
    let catalog = catalog_of(&[("cells", &contract(options))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    cloud.put_and_load("cells/a.parquet", bytes).await;
    assert_balanced(&db).await;
    let star = "select id, day, v, w, tags, extra from star.fact_cell order by 1";
    let rejected =
        "select source_line, column_name, code, reason from stardrop.rejected_row order by 1";
    format!("{}\n--\n{}", db.rows(star).await, db.rows(rejected).await)
}

#[tokio::test]
async fn a_parquet_day_beyond_any_calendar_rejects_its_row_in_a_column_of_the_contract_only() {
    let text: &[u8] = b"a";
    let days = [i32::MAX, i32::MIN, 19_782, 2_932_897];
    let more = [0, 0, i32::MAX, i32::MIN];
    insta::assert_snapshot!(loaded("", file(&days, &more, &[text; 4])).await, @r#"
    3|2024-02-29|a|w|["a"]|{"zz": "5881580-07-11"}
    --
    2|day|invalid_date|expected the form %Y-%m-%d
    3|day|invalid_date|expected the form %Y-%m-%d
    5|day|invalid_date|expected the form %Y-%m-%d
    "#);
}

#[tokio::test]
async fn a_parquet_text_that_is_not_utf_8_rejects_its_row_or_is_replaced() {
    let texts: [&[u8]; 4] = [b"card 4111-1111 \xff", b"b \"q\"", b"c", b"d"];
    let bytes = file(&[0; 4], &[0; 4], &texts);
    insta::assert_snapshot!(loaded("", bytes.clone()).await, @r#"
    2|1970-01-01|b "q"|w|["c"]|{"zz": "1970-01-01"}
    3|1970-01-01|c|w|["b \"q\""]|{"zz": "1970-01-01"}
    --
    2|v|invalid_utf8|expected UTF-8, found other bytes
    5|tags|invalid_utf8|expected UTF-8, found other bytes
    "#);
    insta::assert_snapshot!(loaded("invalid = \"replace\"", bytes).await, @r#"
    1|1970-01-01|card 4111-1111 �|w|["d"]|{"zz": "1970-01-01"}
    2|1970-01-01|b "q"|w|["c"]|{"zz": "1970-01-01"}
    3|1970-01-01|c|w|["b \"q\""]|{"zz": "1970-01-01"}
    4|1970-01-01|d|w|["card 4111-1111 �"]|{"zz": "1970-01-01"}
    --
    "#);
}

#[tokio::test]
async fn a_damaged_parquet_file_is_refused_without_showing_its_content() {
    let texts: Vec<Vec<u8>> = (0..50).map(|n| format!("card 4111-{n}").into_bytes()).collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let whole = file(&[0; 50], &[0; 50], &texts);
    let catalog = catalog_of(&[("cells", &contract(""))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let mut refused = 0;
    for (round, at) in (4..whole.len()).step_by(whole.len() / 60).enumerate() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let object = cloud.put(&format!("cells/{round}.parquet"), bytes).await;
        let Err(error) = cloud.load(&object).await else { continue };
        if error.kind != ErrorKind::BadFile || error.message.contains("header") {
            continue;
        }
        refused += 1;
        let (_, why) = error.message.split_once("the Parquet file cannot be read: ").unwrap();
        let known = ["it is damaged", "it is truncated"];
        assert!(known.contains(&why), "{error}");
    }
    assert!(refused > 3, "{refused}");
}

/// A workbook that makes the library panic: it refers to a string that is not in the table of strings.
#[tokio::test]
async fn a_file_that_makes_a_library_panic_is_refused_without_the_panic_message() {
    let mut zip = Zip::default();
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
    zip.add("xl/_rels/workbook.bin.rels", format!("<Relationships><Relationship Id=\"rId2\" Type=\"{relation}\" Target=\"worksheets/sheet1.bin\"/></Relationships>"));
    zip.add("xl/workbook.bin", b"\x9c\x01\x14\0\0\0\0\x01\0\0\0\x04\0\0\0r\0I\0d\x009\0\x90\x01\0");
    let catalog = catalog_of(&[("cells", &contract(""))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cells")).unwrap();
    std::fs::write(folder.path().join("cells/dataset.toml"), contract("")).unwrap();
    cloud.put("cells/a.xlsx", zip.finish()).await;
    let address = format!("s3://{BUCKET}/cells/a.xlsx");
    let datasets = [("STARDROP_DATASETS", folder.path().to_str().unwrap())];
    let (code, out, err) = run(cloud.stardrop(&["load", &address], &datasets)).await;
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("the workbook cannot be read: it is damaged"), "{out}{err}");
    assert!(!err.contains("panicked"), "{err}");
}
