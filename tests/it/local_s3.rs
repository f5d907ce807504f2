//! The local S3 endpoint, over HTTP with Amazon's own client: answers, files, events and faults.

use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use serde_json::Value;
use stardrop_local::s3::{Fault, FaultKind, LocalS3, LocalS3Error, LocalS3Options};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const BUCKET: &str = "landing";

struct Fixture {
    s3: LocalS3,
    client: Client,
    events: UnboundedReceiver<Value>,
}

async fn start(root: &Path, versioned: bool) -> Fixture {
    let (sink, events) = unbounded_channel();
    let mut options = LocalS3Options::new(root);
    options.versioned = versioned;
    options.event_sink = Some(sink);
    options.scan_every = Some(Duration::from_millis(100));
    let s3 = LocalS3::start(options).await.unwrap();
    s3.create_bucket(BUCKET).unwrap();
    Fixture { client: s3.client(), s3, events }
}

impl Fixture {
    async fn put(&self, key: &str, text: &str) -> String {
        let body = ByteStream::from(text.as_bytes().to_vec());
        let put = self.client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
        put.e_tag().unwrap().trim_matches('"').to_owned()
    }

    async fn text(&self, key: &str) -> String {
        let got = self.client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap()
    }

    /// The next event: its name, its key as it stands there, and all of it.
    async fn event(&mut self) -> (String, String, Value) {
        let event = tokio::time::timeout(Duration::from_secs(5), self.events.recv())
            .await
            .unwrap()
            .unwrap();
        let record = event["Records"][0].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&record["eventName"]), text(&record["s3"]["object"]["key"]), record)
    }

    /// Fails if an event comes within the time of several scans.
    async fn no_event(&mut self) {
        let event = tokio::time::timeout(Duration::from_millis(700), self.events.recv()).await;
        assert!(event.is_err(), "{event:?}");
    }
}

/// The status and the code of a refusal.
macro_rules! refused {
    ($request:expr) => {{
        let error = $request.send().await.unwrap_err();
        let status = error.raw_response().unwrap().status().as_u16();
        (status, error.code().unwrap_or_default().to_owned())
    }};
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), false).await;
    let etag = s3.put("in/a b+c é.csv", "id\n1\n").await;
    assert_eq!(etag, "bc9280dfc1d4e67233f138f5bbbf0951");
    let head = s3.client.head_object().bucket(BUCKET).key("in/a b+c é.csv").send().await.unwrap();
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.e_tag(), Some("\"bc9280dfc1d4e67233f138f5bbbf0951\""));
    assert!(head.last_modified().is_some());
    assert_eq!(head.version_id(), None);
    assert_eq!(s3.text("in/a b+c é.csv").await, "id\n1\n");
    assert_eq!(std::fs::read(root.path().join(BUCKET).join("in/a b+c é.csv")).unwrap(), b"id\n1\n");

    let (name, key, record) = s3.event().await;
    assert_eq!((name.as_str(), key.as_str()), ("ObjectCreated:Put", "in/a+b%2Bc+%C3%A9.csv"));
    assert_eq!(record["s3"]["object"]["size"], 5);
    assert_eq!(record["s3"]["object"]["eTag"], etag.as_str());
    assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::landing");
    assert_eq!(record["s3"]["object"].get("versionId"), None);
    record["eventTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    s3.no_event().await;
}

#[tokio::test]
async fn what_is_not_there_is_named_in_the_refusal() {
    let root = tempfile::tempdir().unwrap();
    let s3 = start(root.path(), true).await;
    s3.put("a", "1").await;
    let get = || s3.client.get_object().bucket(BUCKET);
    assert_eq!(refused!(get().key("b")), (404, "NoSuchKey".to_owned()));
    assert_eq!(refused!(get().bucket("nowhere").key("b")), (404, "NoSuchBucket".to_owned()));
    assert_eq!(refused!(get().key("a").version_id("other")), (404, "NoSuchVersion".to_owned()));
    assert_eq!(refused!(get().key("a").if_match("\"other\"")).0, 412);
    assert_eq!(refused!(get().key("a").if_none_match("*")).0, 304);
    assert_eq!(refused!(get().key("a").range("bytes=5-")), (416, "InvalidRange".to_owned()));
    assert_eq!(refused!(s3.client.head_object().bucket(BUCKET).key("b")).0, 404);
    assert_eq!(refused!(s3.client.head_bucket().bucket("nowhere")).0, 404);
    assert_eq!(refused!(s3.client.create_bucket().bucket("No_Bucket")).0, 400);
    let absent = s3.client.put_object().bucket(BUCKET).key("a").if_none_match("*");
    assert_eq!(refused!(absent), (412, "PreconditionFailed".to_owned()));
    let wrong =
        s3.client.put_object().bucket(BUCKET).key("a").content_md5("1B2M2Y8AsgTpgAmY7PhCfg==");
    assert_eq!(refused!(wrong.body(ByteStream::from_static(b"x"))), (400, "BadDigest".to_owned()));
    assert_eq!(s3.text("a").await, "1");
}

#[tokio::test]
async fn ranges_are_parts_of_the_object() {
    let root = tempfile::tempdir().unwrap();
    let s3 = start(root.path(), false).await;
    s3.put("a", "0123456789").await;
    for (range, bytes, header) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let got = s3.client.get_object().bucket(BUCKET).key("a").range(range).send().await.unwrap();
        assert_eq!(got.content_range(), Some(header));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes.as_bytes());
    }
}

#[tokio::test]
async fn old_versions_stay_readable_and_a_deletion_is_a_marker() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), true).await;
    s3.put("a", "one").await;
    s3.put("a", "two").await;
    let (_, _, first) = s3.event().await;
    let (_, _, second) = s3.event().await;
    let version_of =
        |record: &Value| record["s3"]["object"]["versionId"].as_str().unwrap().to_owned();
    let get =
        |version: String| s3.client.get_object().bucket(BUCKET).key("a").version_id(version).send();
    for (record, text) in [(&first, "one"), (&second, "two")] {
        let got = get(version_of(record)).await.unwrap();
        assert_eq!(got.version_id(), Some(version_of(record).as_str()));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), text.as_bytes());
    }
    let plain = root.path().join(BUCKET).join("a");
    let deleted = s3.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    assert!(!plain.exists());
    assert_eq!(
        refused!(s3.client.get_object().bucket(BUCKET).key("a")),
        (404, "NoSuchKey".to_owned())
    );
    assert_eq!(s3.event().await.0, "ObjectRemoved:DeleteMarkerCreated");
    // Taking the marker away brings the object back.
    let marker = deleted.version_id().unwrap();
    s3.client.delete_object().bucket(BUCKET).key("a").version_id(marker).send().await.unwrap();
    assert_eq!(s3.event().await.0, "ObjectRemoved:Delete");
    assert_eq!(std::fs::read(&plain).unwrap(), b"two");
    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("a")
        .version_id(version_of(&second))
        .send()
        .await
        .unwrap();
    assert_eq!(s3.text("a").await, "one");
    assert_eq!(std::fs::read(&plain).unwrap(), b"one");
    assert_eq!(s3.event().await.0, "ObjectRemoved:Delete");
    s3.no_event().await;
}

#[tokio::test]
async fn without_versions_an_object_is_replaced_and_deleted_for_good() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), false).await;
    s3.put("dir/a", "one").await;
    s3.put("dir/a", "two").await;
    let files = |dir: &Path| std::fs::read_dir(dir).unwrap().count();
    let meta = root.path().join(".stardrop/buckets").join(BUCKET);
    let its_folder = std::fs::read_dir(&meta).unwrap().next().unwrap().unwrap().path();
    assert_eq!(files(&its_folder), 2, "one record and one version");
    s3.client.delete_object().bucket(BUCKET).key("dir/a").send().await.unwrap();
    assert_eq!(files(&meta), 0);
    assert!(!root.path().join(BUCKET).join("dir").exists());
    let names = [s3.event().await.0, s3.event().await.0, s3.event().await.0];
    assert_eq!(names, ["ObjectCreated:Put", "ObjectCreated:Put", "ObjectRemoved:Delete"]);
    // Once more is a success and no event.
    s3.client.delete_object().bucket(BUCKET).key("dir/a").send().await.unwrap();
    s3.no_event().await;
}

#[tokio::test]
async fn keys_that_cannot_be_files_are_whole_objects_and_stay_inside() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    let s3 = start(&root, false).await;
    std::os::unix::fs::symlink(outer.path(), root.join(BUCKET).join("link")).unwrap();
    let long = "x".repeat(1024);
    let keys = [
        "a",
        "a/b",
        "a/b/c",
        "d//e",
        "f/",
        "../../evil",
        "link/evil",
        "./g",
        "x/../../../evil",
        long.as_str(),
    ];
    for key in keys {
        s3.put(key, key).await;
    }
    for key in keys {
        assert_eq!(s3.text(key).await, key, "{key:?}");
    }
    let listed = s3.client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert_eq!(listed.key_count(), Some(10));
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1, "something left the root");
    assert_eq!(std::fs::read(root.join(BUCKET).join("a")).unwrap(), b"a");
}

#[tokio::test]
async fn lists_are_paged_and_grouped() {
    let root = tempfile::tempdir().unwrap();
    let s3 = start(root.path(), false).await;
    for key in ["2024/a b.csv", "2024/b.csv", "2025/a.csv", "z+é"] {
        s3.put(key, key).await;
    }
    let mut pages = s3.client.list_objects_v2().bucket(BUCKET).max_keys(1).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        assert_eq!(page.contents().len(), 1);
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(keys, ["2024/a b.csv", "2024/b.csv", "2025/a.csv", "z+é"]);
    let grouped = s3.client.list_objects_v2().bucket(BUCKET).delimiter("/").send().await.unwrap();
    let prefixes: Vec<_> =
        grouped.common_prefixes().iter().filter_map(|group| group.prefix()).collect();
    assert_eq!(prefixes, ["2024/", "2025/"]);
    let after =
        s3.client.list_objects_v2().bucket(BUCKET).prefix("2024/").start_after("2024/a b.csv");
    assert_eq!(after.send().await.unwrap().contents()[0].size(), Some(10));
    let buckets = s3.client.list_buckets().send().await.unwrap();
    assert_eq!(buckets.buckets()[0].name(), Some(BUCKET));
}

#[tokio::test]
async fn parts_become_one_object_with_the_etag_of_s3() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), true).await;
    let create =
        s3.client.create_multipart_upload().bucket(BUCKET).key("big").content_type("text/csv");
    let id = create.send().await.unwrap().upload_id().unwrap().to_owned();
    let mut done = CompletedMultipartUpload::builder();
    for (number, bytes) in [(1, "first "), (2, "wrong"), (2, "second")] {
        let part =
            s3.client.upload_part().bucket(BUCKET).key("big").upload_id(&id).part_number(number);
        let etag = part.body(ByteStream::from_static(bytes.as_bytes())).send().await.unwrap().e_tag;
        if bytes != "wrong" {
            done = done.parts(CompletedPart::builder().part_number(number).set_e_tag(etag).build());
        }
    }
    let complete =
        || s3.client.complete_multipart_upload().bucket(BUCKET).key("big").upload_id(&id);
    let bad = CompletedPart::builder()
        .part_number(1)
        .e_tag("\"00000000000000000000000000000000\"")
        .build();
    let bad = complete().multipart_upload(CompletedMultipartUpload::builder().parts(bad).build());
    assert_eq!(refused!(bad), (400, "InvalidPart".to_owned()));
    let completed = complete().multipart_upload(done.build()).send().await.unwrap();
    // printf 'first ' | md5sum; printf 'second' | md5sum; both digests | md5sum
    assert_eq!(completed.e_tag(), Some("\"6f8ef22172eb5877141d8bf51be87ab1-2\""));
    assert_eq!(s3.text("big").await, "first second");
    let (name, _, record) = s3.event().await;
    assert_eq!(name, "ObjectCreated:CompleteMultipartUpload");
    assert_eq!(record["s3"]["object"]["versionId"].as_str(), completed.version_id());
    let again = s3.client.abort_multipart_upload().bucket(BUCKET).key("big").upload_id(&id);
    assert_eq!(refused!(again), (404, "NoSuchUpload".to_owned()));
    let outside =
        s3.client.abort_multipart_upload().bucket(BUCKET).key("big").upload_id("../spool");
    assert_eq!(refused!(outside), (404, "NoSuchUpload".to_owned()));

    let copy = s3.client.copy_object().bucket(BUCKET).key("copy").copy_source("landing/big");
    copy.send().await.unwrap();
    assert_eq!(s3.event().await.0, "ObjectCreated:Copy");
    let head = s3.client.head_object().bucket(BUCKET).key("copy").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/csv"));
    assert_eq!(head.content_length(), Some(12));
}

#[tokio::test]
async fn a_file_that_is_copied_in_becomes_an_object_with_one_event() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), true).await;
    let dir = root.path().join(BUCKET).join("sales");
    std::fs::create_dir_all(&dir).unwrap();
    for ignored in [".hidden", "a.csv.part", "b.crdownload", "c.tmp"] {
        std::fs::write(dir.join(ignored), "no").unwrap();
    }
    let file = dir.join("a b.csv");
    std::fs::write(&file, "one").unwrap();
    let (name, key, first) = s3.event().await;
    assert_eq!((name.as_str(), key.as_str()), ("ObjectCreated:Put", "sales/a+b.csv"));
    s3.no_event().await;

    // Edited in place: a new version, and the old one is what it was.
    std::fs::write(&file, "two").unwrap();
    let (_, _, second) = s3.event().await;
    assert!(
        first["s3"]["object"]["sequencer"].as_str() < second["s3"]["object"]["sequencer"].as_str()
    );
    let old = first["s3"]["object"]["versionId"].as_str().unwrap();
    let got = s3.client.get_object().bucket(BUCKET).key("sales/a b.csv").version_id(old);
    assert_eq!(got.send().await.unwrap().body.collect().await.unwrap().to_vec(), b"one");
    assert_eq!(s3.text("sales/a b.csv").await, "two");

    // Put over HTTP, edited by hand: still no link between the file and the bytes that are kept.
    let etag = s3.put("sales/a b.csv", "three").await;
    s3.event().await;
    std::fs::write(&file, "FOUR!").unwrap();
    let by_etag =
        s3.client.get_object().bucket(BUCKET).key("sales/a b.csv").if_match(format!("\"{etag}\""));
    if let Ok(got) = by_etag.send().await {
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"three");
    }
    s3.event().await;

    std::fs::remove_file(&file).unwrap();
    assert_eq!(s3.event().await.0, "ObjectRemoved:DeleteMarkerCreated");
    std::fs::create_dir(root.path().join("by-hand")).unwrap();
    std::fs::write(root.path().join("by-hand/x.csv"), "x").unwrap();
    assert_eq!(s3.event().await.2["s3"]["bucket"]["name"], "by-hand");
    s3.no_event().await;
}

#[tokio::test]
async fn a_file_that_still_grows_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), false).await;
    let path = root.path().join(BUCKET).join("slow.csv");
    for size in 1..=20 {
        std::fs::write(&path, "x".repeat(size)).unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let (_, _, record) = s3.event().await;
    assert_eq!(record["s3"]["object"]["size"], 20);
    s3.no_event().await;
}

#[tokio::test]
async fn what_changed_while_it_was_down_is_noticed_at_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), false).await;
    for key in ["same", "edited", "removed"] {
        s3.put(key, key).await;
        s3.event().await;
    }
    let receipt = s3.s3.put_bytes(BUCKET, "last", "last").await.unwrap();
    s3.event().await;
    s3.s3.stop().await;
    let dir = root.path().join(BUCKET);
    std::fs::write(dir.join("edited"), "EDITED").unwrap();
    std::fs::remove_file(dir.join("removed")).unwrap();
    std::fs::write(dir.join("new"), "new").unwrap();

    let mut s3 = start(root.path(), false).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (name, key, record) = s3.event().await;
        assert!(record["s3"]["object"]["sequencer"].as_str().unwrap() > receipt.sequencer.as_str());
        seen.push(format!("{name} {key}"));
    }
    seen.sort();
    assert_eq!(
        seen,
        ["ObjectCreated:Put edited", "ObjectCreated:Put new", "ObjectRemoved:Delete removed"]
    );
    s3.no_event().await;
    assert_eq!(s3.text("same").await, "same");
    assert_eq!(s3.text("edited").await, "EDITED");
}

#[tokio::test]
async fn an_event_that_nobody_took_is_sent_by_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let s3 = start(root.path(), false).await;
    let Fixture { s3, client, events } = s3;
    drop(events);
    let put = client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"1"));
    put.send().await.unwrap();
    let busy = LocalS3::start(LocalS3Options::new(root.path())).await.unwrap_err();
    assert!(matches!(busy, LocalS3Error::InUse(_)), "{busy}");
    s3.stop().await;
    let mut s3 = start(root.path(), false).await;
    assert_eq!(s3.event().await.1, "a");
    s3.no_event().await;
    s3.s3.announce_all();
    assert_eq!(s3.event().await.1, "a");
}

#[tokio::test]
async fn faults_break_what_they_are_told_to() {
    let root = tempfile::tempdir().unwrap();
    let s3 = start(root.path(), false).await;
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| n as u8).collect();
    s3.s3.put_bytes(BUCKET, "a", bytes.clone()).await.unwrap();
    s3.s3.put_bytes(BUCKET, "b", "b").await.unwrap();
    let faults = s3.s3.faults();
    let get = || s3.client.get_object().bucket(BUCKET).key("a");

    faults.push(Fault::new(FaultKind::CutAt(1_234_567)).of_key("a"));
    assert_eq!(s3.text("b").await, "b");
    let mut body = get().send().await.unwrap().body;
    let mut got = Vec::new();
    let end = loop {
        match body.try_next().await {
            Ok(Some(chunk)) => got.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(end.is_some(), "the body ended well after {} bytes", got.len());
    assert_eq!(got, bytes[..1_234_567]);
    let rest =
        get().range("bytes=1234567-").send().await.unwrap().body.collect().await.unwrap().to_vec();
    assert_eq!(rest, bytes[1_234_567..]);

    faults.push(Fault::new(FaultKind::TruncateAt(1000)));
    let short = get().send().await.unwrap();
    assert_eq!(short.content_length(), Some(1000));
    assert_eq!(short.body.collect().await.unwrap().to_vec(), bytes[..1000]);

    faults.push(Fault::new(FaultKind::BytesPerSecond(4_000_000)));
    faults.push(Fault::new(FaultKind::StallAt(5, Duration::from_millis(300))));
    let started = Instant::now();
    assert_eq!(get().send().await.unwrap().body.collect().await.unwrap().to_vec(), bytes);
    assert!(started.elapsed() > Duration::from_millis(750), "{:?}", started.elapsed());

    // The client itself tries a 503 three times.
    faults.push(Fault::new(FaultKind::Status(503)).times(3));
    assert_eq!(refused!(get()), (503, "SlowDown".to_owned()));
    faults.push(Fault::new(FaultKind::Status(403)).always());
    assert_eq!(refused!(get()), (403, "AccessDenied".to_owned()));
    assert_eq!(refused!(get()), (403, "AccessDenied".to_owned()));
    faults.clear();
    assert!(faults.pending().is_empty());
    assert!(get().send().await.is_ok());
}

/// In a process of its own, by the next test, so that its memory is its own.
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
    // A reader that dawdles: what is read ahead for it would pile up.
    let mut size = body.try_next().await.unwrap().unwrap().len();
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
    command.args(["--exact", "--ignored", "--nocapture", "local_s3::a_gigabyte_that_is_streamed"]);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = output.lines().find_map(|line| line.strip_prefix("measured ")).expect(&output);
    let (speed, peak_kb) = line.split_once(' ').unwrap();
    println!("{speed} MB/s, peak {peak_kb} kB");
    assert!(peak_kb.parse::<u64>().unwrap() < 80_000, "peak of {peak_kb} kB");
    // A tenth of what an idle machine does: this guards against byte-wise work, not against load.
    assert!(speed.parse::<f64>().unwrap() > 50.0, "{speed} MB/s");
}
