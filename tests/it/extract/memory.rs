//! The memory of an extract, which is the same for any size of the table.

use super::Way;
use crate::support::mariadb::MariadbDatabase;
use crate::support::wait::eventually;

/// The limit, in kilobytes of `VmHWM`: 64 MiB.
const MOST_KB: u64 = 64 << 10;

#[tokio::test]
async fn an_upload_of_many_parts_takes_less_than_64_mib() {
    let size = upload(&["--compression", "none"], "big/full.csv").await;
    assert!(size.is_none_or(|size| size > 119_000_000), "{size:?}");
}

#[tokio::test]
async fn row_groups_take_less_than_64_mib() {
    for compression in ["none", "zstd"] {
        let options = ["--format", "parquet", "--compression", compression];
        let size = upload(&options, "big/full.parquet").await;
        let least = if compression == "none" { 110_000_000 } else { 6_000_000 };
        assert!(size.is_none_or(|size| size > least), "{size:?}");
    }
}

/// Extracts a table of 120 MB, and returns the size of its object; `None` where that cannot be measured.
async fn upload(options: &[&str], key: &str) -> Option<i64> {
    if !std::path::Path::new("/proc/self/status").exists() {
        eprintln!("SKIPPED: this system does not tell the memory of a process");
        return None;
    }
    let mut source = MariadbDatabase::new().await?;
    // Texts that no dictionary makes smaller, and numbers, whose values take more memory than their texts.
    source
        .run(
            "create table big (id int primary key, note varchar(400), a tinyint, b tinyint, c tinyint);
             insert into big select seq, repeat(md5(seq), 12), seq % 10, seq % 7, null from seq_1_to_300000",
        )
        .await;
    let options = [&["--table", "big", "--to", "s3://inbox/big/"], options].concat();
    let way = Way::new(&source.url, &options).await;
    let arguments = [&["extract", way.source.as_str()], &options[..]].concat();
    let mut child = way.cloud.stardrop(&arguments, &[]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id().unwrap());
    let most = std::sync::atomic::AtomicU64::new(0);
    eventually("the extract ends", || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
        most.fetch_max(peak.unwrap_or_default(), std::sync::atomic::Ordering::Relaxed);
        // A process that has ended has no memory.
        std::future::ready(peak.is_none() && most.load(std::sync::atomic::Ordering::Relaxed) > 0)
    })
    .await;
    assert!(child.wait().await.unwrap().success());
    let most = most.into_inner();
    assert!(most < MOST_KB, "{most} kB");
    eprintln!("{options:?}: at most {most} kB");
    let head = way.cloud.s3.client().head_object().bucket("inbox").key(key);
    head.send().await.unwrap().content_length()
}
