//! Multipart uploads, and copies of their objects.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::{BUCKET, start};

#[tokio::test]
async fn parts_become_one_object_with_the_etag_that_s3_computes() {
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
    let unfinished = s3.client.list_multipart_uploads().bucket(BUCKET).prefix("bi");
    let listed = unfinished.clone().send().await.unwrap().uploads.unwrap();
    assert_eq!((listed[0].key(), listed[0].upload_id()), (Some("big"), Some(id.as_str())));
    let elsewhere = s3.client.list_multipart_uploads().bucket(BUCKET).prefix("x").send().await;
    assert_eq!(elsewhere.unwrap().uploads().len(), 0);
    let exists = complete().if_match("\"00000000000000000000000000000000\"");
    let exists = exists.multipart_upload(done.clone().build());
    assert_eq!(refused!(exists), (404, "NoSuchKey".to_owned()));
    let completed = complete().multipart_upload(done.build()).send().await.unwrap();
    assert_eq!(unfinished.send().await.unwrap().uploads().len(), 0);
    // printf 'first ' | md5sum; printf 'second' | md5sum; both digests | md5sum
    assert_eq!(completed.e_tag(), Some("\"6f8ef22172eb5877141d8bf51be87ab1-2\""));
    assert_eq!(s3.text("big").await, "first second");
    let (name, _, record) = s3.event().await;
    assert_eq!(name, "ObjectCreated:CompleteMultipartUpload");
    assert_eq!(record["s3"]["object"]["versionId"].as_str(), completed.version_id());
    let again = s3.client.abort_multipart_upload().bucket(BUCKET).key("big").upload_id(&id);
    assert_eq!(refused!(again), (404, "NoSuchUpload".to_owned()));
    let outside = s3.client.abort_multipart_upload().bucket(BUCKET).key("big").upload_id("../tmp");
    assert_eq!(refused!(outside), (404, "NoSuchUpload".to_owned()));

    let copy = s3.client.copy_object().bucket(BUCKET).key("copy").copy_source("landing/big");
    copy.send().await.unwrap();
    assert_eq!(s3.event().await.0, "ObjectCreated:Copy");
    let head = s3.client.head_object().bucket(BUCKET).key("copy").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/csv"));
    assert_eq!(head.content_length(), Some(12));
}
