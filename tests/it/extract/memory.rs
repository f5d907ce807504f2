//! The memory of an extract, which is the same for any size of the table.

use super::Way;
use crate::support::mariadb::MariadbDatabase;
use crate::support::wait::eventually;

/// The limit, in kilobytes of `VmHWM`: 64 MiB.
const MOST_KB: u64 = 64 << 10;

#[tokio::test]
async fn an_upload_of_many_parts_takes_less_than_64_mib() {
    if !std::path::Path::new("/proc/self/status").exists() {
        eprintln!("SKIPPED: this system does not tell the memory of a process");
        return;
    }
    let Some(mut source) = MariadbDatabase::new().await else { return };
    source
        .run(
            "create table big (id int primary key, note varchar(400));
             insert into big select seq, repeat(char(65 + seq % 26), 400) from seq_1_to_300000",
        )
        .await;
    let options = ["--table", "big", "--to", "s3://inbox/big/", "--compression", "none"];
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
    let head = way.cloud.s3.client().head_object().bucket("inbox").key("big/full.csv");
    let size = head.send().await.unwrap().content_length().unwrap();
    assert!(size > 120_000_000, "{size}");
}
