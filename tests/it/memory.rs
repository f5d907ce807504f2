//! Memory: the loader's is flat, whatever the size of the object.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use stardrop::mock::{self, MockFile};

use crate::support::TestDatabase;
use crate::support::cloud::{BUCKET, Cloud};
use crate::support::runtime_api::{Answer, Function};
use crate::support::star_content::assert_balanced;

/// How far the loader may go above what it takes before its first event.
const LIMIT_BYTES: u64 = 64 << 20;

/// Writes about so many bytes of mock sales, and says how many rows they are.
pub fn write_sales(cloud: &Cloud, path: &Path, bytes: u64) -> u64 {
    let dataset = cloud.catalog.dataset("sales").unwrap();
    let made = |rows| MockFile::new(mock::columns(dataset, rows), rows, 1, 0.0, b',').unwrap();
    let mut sample = Vec::new();
    while made(10_000).write_chunk(&mut sample) && sample.is_empty() {}
    let sample_rows = sample.iter().filter(|byte| **byte == b'\n').count() as u64 - 1;
    let rows = bytes * sample_rows / sample.len() as u64;

    let (mut file, mut out, mut chunk) = (made(rows), File::create(path).unwrap(), Vec::new());
    loop {
        let more = file.write_chunk(&mut chunk);
        out.write_all(&chunk).unwrap();
        chunk.clear();
        if !more {
            return rows;
        }
    }
}

async fn load_in_flat_memory(bytes: u64) {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: a program's peak memory is read from /proc, which only Linux has");
        return;
    }
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.csv");
    let started = Instant::now();
    let rows = write_sales(&cloud, &path, bytes);
    let written = started.elapsed().as_secs_f64();
    let size = std::fs::metadata(&path).unwrap().len();
    cloud.s3.put_file(BUCKET, "sales/large.csv", &path).await.unwrap();
    std::fs::remove_file(&path).unwrap();

    let mut function = Function::start(&cloud.vars()).await;
    let before = function.memory_bytes("VmRSS");
    let started = Instant::now();
    let event = serde_json::json!({ "bucket": BUCKET, "key": "sales/large.csv" });
    let answer = function.invoke(event).await;
    let seconds = started.elapsed().as_secs_f64();
    let peak = function.memory_bytes("VmHWM");
    let Answer::Success(answer) = answer else { panic!("{answer:?}") };
    println!(
        "{:.0} MB, {rows} rows: written in {written:.1} s, loaded in {seconds:.1} s ({:.0} rows/s, \
         {:.1} MB/s), loader {:.1} MiB before, {:.1} MiB at its peak",
        size as f64 / 1e6,
        rows as f64 / seconds,
        size as f64 / 1e6 / seconds,
        before as f64 / 1048576.0,
        peak as f64 / 1048576.0,
    );
    assert_eq!(answer["loads"][0]["rows_read"], rows, "{answer}");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, rows.to_string());
    assert_balanced(&db).await;
    assert!(peak - before < LIMIT_BYTES, "{peak} bytes at its peak, {before} before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_is_loaded_in_flat_memory() {
    load_in_flat_memory(200_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: cargo test --test it -- --ignored memory::"]
async fn an_object_of_a_gigabyte_is_loaded_in_flat_memory() {
    load_in_flat_memory(1_000_000_000).await;
}
