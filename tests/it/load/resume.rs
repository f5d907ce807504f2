//! A loader is killed in the middle of a file of each format; the next one loads the rest, each row once.

use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use stardrop::load::Outcome;

use crate::support::cloud::{BUCKET, Cloud};
use crate::support::compress::gzip;
use crate::support::killed::killed_in_a_batch;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, workbook};
use crate::support::{TestDatabase, catalog_of};

const CONTRACT: &str = r#"
name  = "things"
match = ["things/**"]
[columns]
id   = { type = "integer", required = true }
name = { type = "text" }
[policy]
rejects = "50%"
[dimension.name]
key = ["name"]
[fact.thing]
grain      = ["id"]
dimensions = ["name"]
"#;

/// So many rows, in batches of 200; every 100th has no id.
const ROWS: i32 = 2_000;

fn name(id: i32) -> String {
    format!("name {}, \"{}\"", id % 7, id % 3)
}

fn is_bad(id: i32) -> bool {
    id % 100 == 50
}

fn csv() -> Vec<u8> {
    let rows = (1..=ROWS).map(|id| {
        let shown = if is_bad(id) { String::new() } else { id.to_string() };
        format!("{shown},\"{}\"\n", name(id).replace('"', "\"\""))
    });
    format!("id,name\n{}", rows.collect::<String>()).into_bytes()
}

fn objects() -> Vec<String> {
    let id = |id: i32| if is_bad(id) { serde_json::Value::Null } else { id.into() };
    (1..=ROWS).map(|n| serde_json::json!({ "id": id(n), "name": name(n) }).to_string()).collect()
}

fn excel() -> Vec<u8> {
    let head = vec![Cell::Text("id".to_owned()), Cell::Text("name".to_owned())];
    let id = |id: i32| if is_bad(id) { Cell::Empty } else { Cell::Number(id.to_string()) };
    let rows = (1..=ROWS).map(|n| vec![id(n), Cell::Text(name(n))]);
    let rows: Vec<Vec<Cell>> = std::iter::once(head).chain(rows).collect();
    workbook(&[("Things", &rows)], false)
}

pub fn parquet() -> Vec<u8> {
    let schema = "message things { optional int32 id; required binary name (UTF8); }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap().into();
    let properties = parquet::file::properties::WriterProperties::builder().build().into();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for group in (1..=ROWS).collect::<Vec<_>>().chunks(700) {
        let mut rows = writer.next_row_group().unwrap();
        let ids: Vec<i32> = group.iter().copied().filter(|id| !is_bad(*id)).collect();
        let there: Vec<i16> = group.iter().map(|id| i16::from(!is_bad(*id))).collect();
        let names: Vec<ByteArray> = group.iter().map(|id| name(*id).as_str().into()).collect();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&ids, Some(&there), None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&names, None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_load_of_any_format_is_completed_by_the_next_loader() {
    let lines = objects().join("\n");
    let array = format!("[{}]", objects().join(", "));
    for (key, bytes) in [
        ("things/a.csv.gz", gzip(&csv())),
        ("things/a.jsonl", lines.into_bytes()),
        ("things/a.json", array.into_bytes()),
        ("things/a.xlsx", excel()),
        ("things/a.parquet", parquet()),
    ] {
        let catalog = catalog_of(&[("things", CONTRACT)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        let object = cloud.put(key, bytes).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("things")).unwrap();
        std::fs::write(folder.path().join("things/dataset.toml"), CONTRACT).unwrap();

        // The loader waits in its fourth batch.
        let insert = "insert into star.fact_thing (id, name_key, load_id, source_line)
            values (751, -1, 0, 0)";
        let datasets = folder.path().display().to_string();
        let vars = [("STARDROP_DATASETS", datasets.as_str()), ("STARDROP_BATCH_ROWS", "200")];
        let address = format!("s3://{BUCKET}/{key}");
        killed_in_a_batch(&db, cloud.stardrop(&["load", &address], &vars), insert).await;
        let at = "select state, checkpoint_rows, rows_rejected, batches from stardrop.load";
        assert_eq!(db.rows(at).await, "loading|600|6|3", "{key}");

        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "200")]);
        let report = loader.load(&object, None).await.unwrap();
        assert_eq!((report.outcome, report.batches), (Outcome::Loaded, 10), "{key}");
        assert_eq!((report.rows_read, report.rows_rejected), (2_000, 20), "{key}");
        assert_eq!(
            db.rows("select count(*), count(distinct source_line), sum(id) from star.fact_thing")
                .await,
            format!("1980|1980|{}", (1..=ROWS).filter(|id| !is_bad(*id)).sum::<i32>()),
            "{key}"
        );
        let wrong = "select id, name from star.fact_thing join star.dim_name using (name_key)
            where name <> format('name %s, \"%s\"', id % 7, id % 3)";
        assert_eq!(db.rows(wrong).await, "", "{key}");
        assert_eq!(db.text("select attempt from stardrop.load").await, "2", "{key}");
        // Lines are those of the file, before the break and after it.
        let first = i32::from(!key.contains("json"));
        let lines =
            format!("select count(*) from star.fact_thing where source_line <> id + {first}");
        assert_eq!(db.text(&lines).await, "0", "{key}");
        let lines = format!(
            "select count(*) from stardrop.rejected_row where (source_line - {first}) % 100 = 50"
        );
        assert_eq!(db.text(&lines).await, "20", "{key}");
        assert_balanced(&db).await;
    }
}
