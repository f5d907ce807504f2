//! The same bytes under another key count once, also where the ETags differ.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use sha2::{Digest, Sha256};
use stardrop::load::{LoadReport, Outcome};

use crate::load::exactly_once::sales;
use crate::support::TestDatabase;
use crate::support::cloud::{BUCKET, Cloud, object_of};
use crate::support::star_content::everything;

/// Uploads an object in parts, as large files are; its event's object.
async fn upload(cloud: &Cloud, key: &str, text: &str, part_bytes: usize) -> LoadReport {
    let client = cloud.s3.client();
    let made = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    let id = made.upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, part) in (1..).zip(text.as_bytes().chunks(part_bytes)) {
        let request = client.upload_part().bucket(BUCKET).key(key).upload_id(&id);
        let request = request.part_number(number).body(part.to_vec().into());
        let etag = request.send().await.unwrap().e_tag;
        parts.push(CompletedPart::builder().part_number(number).set_e_tag(etag).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let request = client.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id);
    request.multipart_upload(parts).send().await.unwrap();
    let object = object_of(&serde_json::json!({ "bucket": BUCKET, "key": key }));
    cloud.load(&object).await.unwrap()
}

#[tokio::test]
async fn a_multipart_upload_is_the_duplicate_of_the_same_bytes_under_another_name() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let text = sales(90_000);
    assert!(text.len() > 6 << 20, "parts are of 5 MiB at least");
    let first = cloud.put_and_load("sales/whole.csv", text.clone()).await;
    assert_eq!(first.outcome, Outcome::Loaded);
    let star = everything(&db).await;

    for (key, part_mib) in [("sales/parts.csv", 5), ("sales/others.csv", 6)] {
        let duplicate = upload(&cloud, key, &text, part_mib << 20).await;
        assert_eq!(duplicate.outcome, Outcome::Duplicate, "{key}");
    }
    assert_eq!(everything(&db).await, star);
    let loads = "select state, duplicate_of, etag like '%-%', content_hash is not null
                 from stardrop.load order by load_id";
    let expected = format!(
        "loaded|null|false|true\nduplicate|{0}|true|true\nduplicate|{0}|true|true",
        first.load_id.unwrap()
    );
    assert_eq!(db.rows(loads).await, expected);

    // Another byte somewhere, and it is another file.
    let changed = text.replacen("name 5,", "name X,", 1);
    let other = upload(&cloud, "sales/changed.csv", &changed, 5 << 20).await;
    assert_eq!(other.outcome, Outcome::Loaded);
}

#[tokio::test]
async fn the_hash_of_an_object_is_right_after_several_attempts() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let text = sales(5_000);
    let object = cloud.put("sales/a.csv", text.clone()).await;
    let cut = stardrop_local::s3::FaultKind::CutAt(text.len() as u64 / 2);
    cloud.s3.faults().push(stardrop_local::s3::Fault::new(cut));
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "700")]);
    loader.load(&object, None).await.unwrap_err();
    assert_eq!(db.text("select checkpoint_rows > 0 from stardrop.load").await, "true");

    loader.load(&object, None).await.unwrap();

    let expected: String = Sha256::digest(&text).iter().map(|b| format!("{b:02x}")).collect();
    let hash = db.text("select encode(content_hash, 'hex') from stardrop.load").await;
    assert_eq!(hash, expected);
}
