//! Tests of the requests to S3, over a real socket to a server that sends scripted responses.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::error::Error;
use crate::object::Source;
use crate::object::scripted_server::{Then, error_response, response, server, source};

fn object(version_id: Option<&str>, etag: Option<&str>) -> ObjectRef {
    ObjectRef {
        bucket: "b".into(),
        key: "dir/a b+ü.csv".into(),
        version_id: version_id.map(str::to_owned),
        etag: etag.map(str::to_owned),
        size_bytes: None,
        object_time: None,
        sequencer: None,
    }
}

async fn read(source: &Source, object: &ObjectRef, from_offset: u64) -> Result<Bytes> {
    let mut stream = source.open(object, from_offset).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next_chunk().await? {
        assert!(chunk.len() <= 1 << 20);
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

async fn open_error(response: String) -> Error {
    let (source, _) = server(vec![(response, Then::Close)]).await;
    source.open(&object(None, Some("e")), 0).await.expect_err("should be refused")
}

#[tokio::test]
async fn the_version_or_else_the_etag_is_asked_for() {
    let (source, requests) = server(vec![(response("200 OK", "", "abc"), Then::Close)]).await;
    read(&source, &object(Some("v1"), Some("e")), 0).await.expect("read");
    read(&source, &object(None, Some("e")), 0).await.expect("read");
    let requests = requests.lock().expect("lock");
    assert!(requests[0].starts_with("GET /b/dir/a%20b%2B%C3%BC.csv?"), "{}", requests[0]);
    assert!(
        requests[0].contains("versionId=v1") && !requests[0].contains("if-match"),
        "{}",
        requests[0]
    );
    assert!(requests[1].contains("if-match: \"e\"\r\n"), "{}", requests[1]);
    assert!(!requests[1].contains("range:"), "{}", requests[1]);
}

#[tokio::test]
async fn a_stream_can_start_at_an_offset() {
    let partial = response("206 Partial Content", "content-range: bytes 2-5/6\r\n", "cdef");
    let (source, requests) = server(vec![(partial, Then::Close)]).await;
    let stream = source.open(&object(None, Some("e")), 2).await.expect("open");
    assert_eq!((stream.offset(), stream.size_bytes()), (2, 6));
    assert_eq!(read(&source, &object(None, Some("e")), 2).await.expect("read"), "cdef");
    assert!(requests.lock().expect("lock")[0].contains("range: bytes=2-\r\n"));

    let (source, requests) = server(vec![(response("200 OK", "", "abcdef"), Then::Close)]).await;
    let error = read(&source, &object(None, Some("e")), 2).await.expect_err("not what was asked");
    assert_eq!(error.kind, ErrorKind::ObjectUnreadable);
    let at_the_end = ObjectRef { size_bytes: Some(6), ..object(None, Some("e")) };
    assert_eq!(read(&source, &at_the_end, 6).await.expect("nothing left"), "");
    assert_eq!(requests.lock().expect("lock").len(), 1, "no request for an empty range");
}

#[tokio::test]
async fn large_chunks_are_cut_to_a_mebibyte() {
    let body = Body::S3(vec![b'x'; (5 << 20) + 3].into());
    let mut stream = ObjectStream::new(&object(None, None), body, 0, (5 << 20) + 3);
    let mut lengths = Vec::new();
    while let Some(chunk) = stream.next_chunk().await.expect("read") {
        lengths.push(chunk.len());
    }
    assert_eq!(lengths, [1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 3]);
}

#[tokio::test]
async fn a_body_that_is_shorter_or_longer_than_promised_is_an_error() {
    for (promised, message) in
        [(4, "at byte 3 of 4: the data ends too early"), (2, "at byte 3 of 2: there is more data")]
    {
        let body = Body::S3(b"abc".to_vec().into());
        let mut stream = ObjectStream::new(&object(None, None), body, 0, promised);
        stream.next_chunk().await.expect("read");
        let error = stream.next_chunk().await.expect_err("not as promised");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_short_is_an_error() {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd".to_owned();
    let (source, _) = server(vec![(short, Then::Close)]).await;
    let error = read(&source, &object(None, None), 0).await.expect_err("cut short");
    assert_eq!(error.kind, ErrorKind::ObjectUnreadable);
    let text = error.to_string();
    assert!(
        text.starts_with("object: s3://b/dir/a b+ü.csv: reading stopped at byte 4 of 10: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_stream_without_data_times_out() {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd".to_owned();
    let (source, _) = server(vec![(short, Then::Hang)]).await;
    let stream = source.open(&object(None, None), 0).await.expect("open");
    let mut stream = stream.with_idle_timeout(Duration::from_millis(200));
    assert_eq!(stream.next_chunk().await.expect("read"), Some("abcd".into()));
    let error = stream.next_chunk().await.expect_err("silent");
    assert_eq!(error.kind, ErrorKind::ObjectUnreadable);
    assert!(
        error.to_string().ends_with("reading stopped at byte 4 of 10: no data received for 0.2 s")
    );
}

#[tokio::test]
async fn each_error_code_of_s3_has_its_error_kind() {
    for (status, code, kind) in [
        ("404 Not Found", "NoSuchKey", ErrorKind::ObjectMissing),
        ("404 Not Found", "NoSuchVersion", ErrorKind::ObjectMissing),
        ("404 Not Found", "NoSuchBucket", ErrorKind::NoBucket),
        ("405 Method Not Allowed", "MethodNotAllowed", ErrorKind::ObjectMissing),
        ("412 Precondition Failed", "PreconditionFailed", ErrorKind::ObjectChanged),
        ("403 Forbidden", "AccessDenied", ErrorKind::ObjectDenied),
        ("403 Forbidden", "InvalidAccessKeyId", ErrorKind::ObjectDenied),
        ("401 Unauthorized", "Unauthorized", ErrorKind::ObjectDenied),
        ("400 Bad Request", "ExpiredToken", ErrorKind::ObjectDenied),
        ("400 Bad Request", "KMS.DisabledException", ErrorKind::ObjectDenied),
        ("503 Slow Down", "SlowDown", ErrorKind::ObjectUnreadable),
        ("500 Internal Server Error", "InternalError", ErrorKind::ObjectUnreadable),
    ] {
        let error = open_error(error_response(status, code)).await;
        assert_eq!(error.kind, kind, "{code}: {error}");
        let text = error.to_string();
        assert!(text.starts_with("object: s3://b/dir/a b+ü.csv: "), "{text}");
        assert!(text.ends_with(&format!("({code})")), "{text}");
    }
    let error = open_error(response("502 Bad Gateway", "", "<html>")).await;
    assert_eq!(error.kind, ErrorKind::ObjectUnreadable, "{error}");
}

#[tokio::test]
async fn a_request_to_a_busy_s3_is_retried() {
    let busy = (error_response("503 Slow Down", "SlowDown"), Then::Close);
    let (source, _) = server(vec![busy, (response("200 OK", "", "abc"), Then::Close)]).await;
    assert_eq!(read(&source, &object(None, None), 0).await.expect("read"), "abc");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_named() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let error = source(&endpoint).open(&object(None, None), 0).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::ObjectUnreadable);
    let text = error.to_string();
    assert!(text.contains(&format!("cannot connect to S3 at {endpoint}: ")), "{text}");
    assert!(text.contains("onnection refused"), "{text}");
}

#[tokio::test]
async fn a_reference_is_completed_by_one_request() {
    let headers = "etag: \"e\"\r\nx-amz-version-id: v1\r\n\
                   last-modified: Mon, 05 Jan 2026 18:00:12 GMT\r\n";
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}content-length: 7\r\n\r\n");
    let (source, requests) = server(vec![(head, Then::Close)]).await;
    let known = source.identify(&object(None, None)).await.expect("known");
    assert_eq!((known.version_id.as_deref(), known.etag.as_deref()), (Some("v1"), Some("e")));
    assert_eq!(known.size_bytes, Some(7));
    assert_eq!(known.object_time, "2026-01-05T18:00:12Z".parse().ok());
    // No request for what an event said in full, even without a version.
    let complete = ObjectRef { version_id: None, sequencer: Some("1".into()), ..known.clone() };
    assert_eq!(source.identify(&complete).await.expect("known"), complete);
    assert_eq!(source.identify(&known).await.expect("known"), known);
    assert_eq!(requests.lock().expect("lock").len(), 1);
}

#[tokio::test]
async fn a_missing_bucket_is_another_error_than_a_missing_object() {
    let missing = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_owned();
    let (source, _) = server(vec![(missing.clone(), Then::Close)]).await;
    let error = source.identify(&object(None, None)).await.expect_err("missing");
    assert_eq!(error.to_string(), "object: s3://b/dir/a b+ü.csv: the bucket does not exist");
    assert_eq!(error.kind, ErrorKind::NoBucket);
    let bucket = (response("200 OK", "", ""), Then::Close);
    let (source, _) = server(vec![(missing, Then::Close), bucket]).await;
    let error = source.identify(&object(None, None)).await.expect_err("missing");
    assert_eq!(error.kind, ErrorKind::ObjectMissing);
}

#[tokio::test]
async fn a_listing_returns_its_pages_without_folders() {
    let entry = |key: &str, size: u64| {
        format!(
            "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>&quot;e&quot;</ETag>\
             <LastModified>2026-01-05T18:00:12.000Z</LastModified></Contents>"
        )
    };
    let page = |inner: String| (response("200 OK", "", &inner), Then::Close);
    let token = "<NextContinuationToken>t/1</NextContinuationToken>";
    let (first, second) = (entry("in/", 0) + &entry("in/a+b.csv", 3), entry("in/c.csv", 0));
    let (source, requests) = server(vec![
        page(format!(
            "<ListBucketResult><IsTruncated>true</IsTruncated>{token}{first}</ListBucketResult>"
        )),
        page(format!("<ListBucketResult>{second}</ListBucketResult>")),
    ])
    .await;
    let mut listing = source.list("b", "in/").await;
    let mut keys = Vec::new();
    while let Some(page) = listing.next_page().await.expect("a page") {
        keys.extend(page.into_iter().map(|object| (object.key, object.etag, object.size_bytes)));
    }
    let etag = Some("e".to_owned());
    assert_eq!(
        keys,
        [("in/a+b.csv".into(), etag.clone(), Some(3)), ("in/c.csv".into(), etag, Some(0))]
    );
    let requests = requests.lock().expect("lock").clone();
    assert!(
        requests[0].contains("prefix=in%2F") && requests[1].contains("continuation-token=t%2F1")
    );

    let (source, _) =
        server(vec![(error_response("404 Not Found", "NoSuchBucket"), Then::Close)]).await;
    let error = source.list("b", "in/").await.next_page().await.expect_err("no bucket");
    assert_eq!(error.kind, ErrorKind::NoBucket);
    assert!(error.to_string().starts_with("object: s3://b/in/: the bucket does not exist"));
}
