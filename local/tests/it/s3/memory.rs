//! A large object is streamed: in little memory, and fast.

use std::time::{Duration, Instant};

use stardrop_local::s3::{LocalS3, LocalS3Options};

use super::BUCKET;

/// The next test runs this one in a separate process, to measure the memory of nothing else.
#[tokio::test]
#[ignore = "a part of a_gigabyte_is_streamed_quickly_in_little_memory"]
async fn a_gigabyte_that_is_streamed() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("zeros");
    std::fs::File::create(&file).unwrap().set_len(1_000_000_000).unwrap();
    let s3 = LocalS3::start(LocalS3Options::new(root.path().join("root"))).await.unwrap();
    s3.create_bucket(BUCKET).unwrap();
    s3.put_file(BUCKET, "zeros", &file).await.unwrap();
    let mut body = s3.client().get_object().bucket(BUCKET).key("zeros").send().await.unwrap().body;
    // A slow reader: an endpoint that reads ahead without a limit would fill the memory.
    let mut size = body.try_next().await.unwrap().unwrap().len();
    // Sleeps: the reader is slow.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let started = Instant::now();
    while let Some(chunk) = body.try_next().await.unwrap() {
        size += chunk.len();
    }
    assert_eq!(size, 1_000_000_000);
    let megabytes_per_second = size as f64 / 1e6 / started.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    println!("\nmeasured {megabytes_per_second:.0} {}", peak.trim().trim_end_matches(" kB"));
}

#[test]
fn a_gigabyte_is_streamed_quickly_in_little_memory() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "--ignored",
        "--nocapture",
        "s3::memory::a_gigabyte_that_is_streamed",
    ]);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = output.lines().find_map(|line| line.strip_prefix("measured ")).expect(&output);
    let (speed, peak_kb) = line.split_once(' ').unwrap();
    println!("{speed} MB/s, peak {peak_kb} kB");
    assert!(peak_kb.parse::<u64>().unwrap() < 80_000, "peak of {peak_kb} kB");
    // A tenth of what an idle machine does: this guards against byte-wise work, not against load.
    assert!(speed.parse::<f64>().unwrap() > 50.0, "{speed} MB/s");
}
