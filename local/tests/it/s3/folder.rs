//! Files in a bucket's folder: what people add, edit and remove there.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use stardrop_local::s3::{LocalS3, LocalS3Error, LocalS3Options};

use super::{BUCKET, Fixture, start};

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

    // Written over HTTP, then edited by hand: the stored bytes of the version do not change.
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
async fn a_file_that_still_grows_becomes_one_object() {
    let root = tempfile::tempdir().unwrap();
    let mut s3 = start(root.path(), false).await;
    let path = root.path().join(BUCKET).join("slow.csv");
    for size in 1..=20 {
        std::fs::write(&path, "x".repeat(size)).unwrap();
        // Sleeps: the file grows while the endpoint scans the folder.
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let (_, _, record) = s3.event().await;
    assert_eq!(record["s3"]["object"]["size"], 20);
    s3.no_event().await;
}

#[tokio::test]
async fn changes_made_while_it_was_down_are_found_at_the_next_start() {
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
async fn an_event_that_nobody_received_is_sent_at_the_next_start() {
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
    s3.s3.resend_events();
    assert_eq!(s3.event().await.1, "a");
}
