//! Objects, versions, keys, ranges and lists.

use std::path::Path;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use super::{BUCKET, start};

#[tokio::test]
async fn an_object_is_read_as_it_was_written() {
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
async fn an_error_response_names_what_is_missing() {
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
async fn old_versions_stay_readable_and_a_deletion_adds_a_marker() {
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
    // Deleting the marker restores the object.
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
    let meta = root.path().join(".local-s3/buckets").join(BUCKET);
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
