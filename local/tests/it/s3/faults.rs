//! Errors, cuts and delays on demand (feature `faults`).

use std::time::{Duration, Instant};

use aws_sdk_s3::error::ProvideErrorMetadata;
use stardrop_local::s3::{Fault, FaultKind};

use super::{BUCKET, start};

#[tokio::test]
async fn faults_happen_to_the_requests_that_they_name() {
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
