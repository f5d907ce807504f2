//! The memory of the loader does not grow with the size of the object.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use stardrop::mock::{self, MockFile};
use stardrop::records::{CsvOptions, CsvReader, Record, RecordReader, Step};

use crate::support::cloud::{BUCKET, Cloud};
use crate::support::runtime_api::{Answer, Function};
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, workbook};
use crate::support::{TestDatabase, catalog_of, root};

/// How far the loader may go above what it takes before its first event.
const LIMIT_BYTES: u64 = 16 << 20;

/// Writes about this number of bytes of mock sales; returns the number of rows.
pub fn write_sales(cloud: &Cloud, path: &Path, bytes: u64) -> u64 {
    let dataset = cloud.catalog.dataset("sales").unwrap();
    let made = |rows| MockFile::new(mock::columns(dataset, rows), rows, 1, 0.0, b',').unwrap();
    let mut sample = Vec::new();
    while made(10_000).write_chunk(&mut sample).unwrap() && sample.is_empty() {}
    let sample_rows = sample.iter().filter(|byte| **byte == b'\n').count() as u64 - 1;
    let rows = bytes * sample_rows / sample.len() as u64;

    let mut out = File::create(path).unwrap();
    let (mut file, mut chunk) = (made(rows), Vec::new());
    loop {
        let more = file.write_chunk(&mut chunk).unwrap();
        out.write_all(&chunk).unwrap();
        chunk.clear();
        if !more {
            return rows;
        }
    }
}

/// A text of 800 letters that compresses badly.
fn note(row: u64) -> String {
    let mut state = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    };
    (0..800).map(letter).collect()
}

/// Writes CSV of wide rows, so that the time goes into bytes and not into rows.
fn write_wide(out: &mut impl Write, bytes: u64) -> u64 {
    let header = "order_id,line_no,customer_id,customer_name,country,product_id,quantity,note\n";
    out.write_all(header.as_bytes()).unwrap();
    let (mut written, mut rows) = (0, 0);
    while written < bytes {
        rows += 1;
        let (customer, product) = (rows % 5_000, rows % 300);
        let line = format!(
            "{rows},1,{customer},Customer {customer},Norway,p{product},{},{}\n",
            rows % 40,
            note(rows)
        );
        out.write_all(line.as_bytes()).unwrap();
        written += line.len() as u64;
    }
    rows
}

fn write_gzip(_: &Cloud, path: &Path, bytes: u64) -> u64 {
    let out = File::create(path).unwrap();
    let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    let rows = write_wide(&mut out, bytes);
    out.finish().unwrap();
    rows
}

fn write_zstd(_: &Cloud, path: &Path, bytes: u64) -> u64 {
    let mut out = zstd::Encoder::new(File::create(path).unwrap(), 1).unwrap();
    let rows = write_wide(&mut out, bytes);
    out.finish().unwrap();
    rows
}

/// A zip archive with two files.
fn write_zip(_: &Cloud, path: &Path, bytes: u64) -> u64 {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    let mut rows = 0;
    for name in ["a.csv", "b.csv"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        rows = write_wide(&mut zip, bytes / 2);
    }
    zip.finish().unwrap();
    2 * rows
}

/// A compressed tar archive with two files.
fn write_tar_gz(_: &Cloud, path: &Path, bytes: u64) -> u64 {
    let mut content = Vec::new();
    let rows = write_wide(&mut content, bytes / 2);
    let files = [("a.csv", content.clone()), ("b.csv", content)];
    let out = File::create(path).unwrap();
    let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    out.write_all(&crate::load::entries::tar(&files)).unwrap();
    out.finish().unwrap();
    2 * rows
}

/// Objects of JSON, a line each, or all of them in one array on one line.
fn write_json(path: &Path, bytes: u64, array: bool) -> u64 {
    let mut out = std::io::BufWriter::new(File::create(path).unwrap());
    let (mut written, mut rows) = (0, 0);
    out.write_all(if array { b"[" } else { b"" }).unwrap();
    while written < bytes {
        let comma = if array && rows > 0 { "," } else { "" };
        let end = if array { "" } else { "\n" };
        rows += 1;
        let object = format!(
            "{comma}{{\"order_id\":{rows},\"line_no\":1,\"Order Date\":\"2026-01-05 10:00\",\
             \"customer_id\":{},\"customer_name\":\"Customer \\u00e9 {}\",\"country\":\"Norway\",\
             \"product_id\":\"p{}\",\"product_name\":\"Pen\",\"quantity\":{},\"unit_price\":1.50,\
             \"updated_at\":\"2026-01-05T10:00:00Z\",\"more\":{{\"list\":[1,2,{{\"x\":null}}]}},\"note\":\"{}\"}}{end}",
            rows % 5_000,
            rows % 5_000,
            rows % 300,
            rows % 40,
            note(rows)
        );
        out.write_all(object.as_bytes()).unwrap();
        written += object.len() as u64;
    }
    out.write_all(if array { b"]" } else { b"" }).unwrap();
    out.flush().unwrap();
    rows
}

fn write_json_lines(_: &Cloud, path: &Path, bytes: u64) -> u64 {
    write_json(path, bytes, false)
}

fn write_json_array(_: &Cloud, path: &Path, bytes: u64) -> u64 {
    write_json(path, bytes, true)
}

/// Writes a file of about this number of bytes of text; returns its number of rows.
type Writer = fn(&Cloud, &Path, u64) -> u64;

async fn load_in_flat_memory(key: &str, write: Writer, bytes: u64) {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: a program's peak memory is read from /proc, which only Linux has");
        return;
    }
    // The project's sales, of any format.
    let contract = std::fs::read_to_string(root().join("examples/sales/dataset.toml")).unwrap();
    let patterns = contract.lines().find(|line| line.starts_with("match")).unwrap();
    let contract = contract
        .replace(patterns, "match = [\"sales/**\"]")
        .replace("[policy]\n", "[policy]\nmissing_column = \"null\"\n");
    let contract = match key.contains(".csv") || key.contains(".json") {
        true => contract,
        false => contract.replace("[columns]\n", "[file]\nentry = \"*.csv\"\n[columns]\n"),
    };
    let catalog = catalog_of(&[("sales", &contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sales")).unwrap();
    std::fs::write(folder.path().join("sales/dataset.toml"), contract).unwrap();
    let path = folder.path().join("large");
    let started = Instant::now();
    let rows = write(&cloud, &path, bytes);
    let written = started.elapsed().as_secs_f64();
    let size = std::fs::metadata(&path).unwrap().len();
    cloud.s3.put_file(BUCKET, key, &path).await.unwrap();
    std::fs::remove_file(&path).unwrap();

    let mut vars = cloud.vars();
    vars.retain(|(name, _)| name != "STARDROP_DATASETS");
    vars.push(("STARDROP_DATASETS".to_owned(), folder.path().display().to_string()));
    let mut function = Function::start(&vars).await;
    let before = function.memory_bytes("VmRSS");
    let started = Instant::now();
    let event = serde_json::json!({ "bucket": BUCKET, "key": key });
    let answer = function.invoke(event).await;
    let seconds = started.elapsed().as_secs_f64();
    let peak = function.memory_bytes("VmHWM");
    let Answer::Success(answer) = answer else { panic!("{answer:?}") };
    println!(
        "{key}: {:.0} MB, {rows} rows: written in {written:.1} s, loaded in {seconds:.1} s ({:.0} \
         rows/s, {:.1} MB/s), loader {:.1} MiB before, {:.1} MiB at its peak",
        size as f64 / 1e6,
        rows as f64 / seconds,
        size as f64 / 1e6 / seconds,
        before as f64 / 1048576.0,
        peak as f64 / 1048576.0,
    );
    let loads = answer["loads"].as_array().unwrap();
    let read: u64 = loads.iter().map(|load| load["rows_read"].as_u64().unwrap()).sum();
    assert_eq!(read, rows, "{answer}");
    // The files of an archive have the same rows here.
    let kept = rows / loads.len() as u64;
    assert_eq!(db.text("select count(*) from star.fact_sales").await, kept.to_string());
    assert_balanced(&db).await;
    assert!(peak - before < LIMIT_BYTES, "{key}: {peak} bytes at its peak, {before} before");
}

/// How far it may go for a workbook or a Parquet file of 100,000 rows.
const SPOOLED_LIMIT_BYTES: u64 = 256 << 20;

/// Mock sales, row by row.
pub fn sales_rows(cloud: &Cloud, rows: u64) -> Vec<Vec<String>> {
    let dataset = cloud.catalog.dataset("sales").unwrap();
    let columns = mock::columns(dataset, rows);
    let mut file = MockFile::new(columns, rows, 1, 0.0, b',').unwrap();
    let (mut reader, mut record) = (CsvReader::new(CsvOptions::default()), Record::new());
    let (mut text, mut found) = (Vec::new(), Vec::new());
    let mut more = true;
    loop {
        match reader.next(&mut record).unwrap() {
            Step::End => return found,
            Step::Record => found.push(
                record.iter().map(|field| String::from_utf8(field.to_vec()).unwrap()).collect(),
            ),
            Step::NeedMore if more => {
                more = file.write_chunk(&mut text).unwrap();
                reader.push(&std::mem::take(&mut text));
            }
            Step::NeedMore => reader.end(),
        }
    }
}

pub fn as_workbook(rows: &[Vec<String>]) -> Vec<u8> {
    let cell = |text: &String| match text.parse::<f64>() {
        Ok(_) => Cell::Number(text.clone()),
        Err(_) if text.is_empty() => Cell::Empty,
        Err(_) => Cell::Text(text.clone()),
    };
    let rows: Vec<Vec<Cell>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    workbook(&[("Sales", &rows)], false)
}

fn as_parquet(rows: &[Vec<String>]) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    let (header, rows) = rows.split_first().unwrap();
    // The schema's text has no blanks in names; the contract knows the column by both.
    let fields: String = header
        .iter()
        .map(|name| name.replace("Order Date", "order_ts"))
        .map(|name| format!("required binary {name} (UTF8);"))
        .collect();
    let schema = parquet::schema::parser::parse_message_type(&format!("message s {{ {fields} }}"));
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .build();
    let (schema, properties) = (schema.unwrap().into(), properties.into());
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for place in 0..header.len() {
        let values: Vec<ByteArray> = rows.iter().map(|row| row[place].as_str().into()).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workbooks_and_parquet_files_of_100000_rows_take_less_than_256_mib() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: a program's peak memory is read from /proc, which only Linux has");
        return;
    }
    for (key, make) in [
        ("sales/large.xlsx", as_workbook as fn(&[Vec<String>]) -> Vec<u8>),
        ("sales/large.parquet", as_parquet),
    ] {
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        let file = make(&sales_rows(&cloud, 100_000));
        let size = file.len();
        cloud.s3.put_bytes(BUCKET, key, file).await.unwrap();
        let mut function = Function::start(&cloud.vars()).await;
        let before = function.memory_bytes("VmRSS");
        let started = Instant::now();
        let answer = function.invoke(serde_json::json!({ "bucket": BUCKET, "key": key })).await;
        let seconds = started.elapsed().as_secs_f64();
        let peak = function.memory_bytes("VmHWM");
        let Answer::Success(answer) = answer else { panic!("{answer:?}") };
        println!(
            "{key}: {:.1} MB in {seconds:.1} s, loader {:.1} MiB before, {:.1} MiB at its peak",
            size as f64 / 1e6,
            before as f64 / 1048576.0,
            peak as f64 / 1048576.0,
        );
        assert_eq!(answer["loads"][0]["rows_read"], 100_000, "{answer}");
        assert_balanced(&db).await;
        assert!(peak < SPOOLED_LIMIT_BYTES, "{key}: {peak} bytes at its peak, {before} before");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_is_loaded_in_flat_memory() {
    load_in_flat_memory("sales/large.csv", write_sales, 32_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_objects_and_json_are_loaded_in_flat_memory() {
    for (key, write) in [
        ("sales/large.csv.gz", write_gzip as Writer),
        ("sales/large.csv.zst", write_zstd),
        ("sales/large.jsonl", write_json_lines),
        ("sales/large.json", write_json_array),
    ] {
        // More than twice what may be taken, were it held.
        load_in_flat_memory(key, write, 32_000_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archives_are_loaded_in_flat_memory() {
    for (key, write) in
        [("sales/large.zip", write_zip as Writer), ("sales/large.tar.gz", write_tar_gz)]
    {
        load_in_flat_memory(key, write, 48_000_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: cargo test --workspace --test it -- --ignored memory::"]
async fn an_object_of_a_gigabyte_is_loaded_in_flat_memory() {
    load_in_flat_memory("sales/large.csv", write_sales, 1_000_000_000).await;
}
