//! The S3 operations that read: HEAD, GET and lists.

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::Service;
use super::response::{check_conditions, etag, metadata, modified};
use crate::s3::body::stream_file;
use crate::s3::error::LocalS3Error;
use crate::s3::event::REGION;
use crate::s3::list;
use crate::s3::name;
use crate::s3::record::Version;
use crate::s3::store::Store;

const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// The requested bytes: their start and their end, which is not included.
fn range_of(range: Option<Range>, size: u64) -> S3Result<(u64, u64)> {
    let Some(range) = range else { return Ok((0, size)) };
    let bytes = range.check(size)?;
    Ok((bytes.start, bytes.end))
}

fn content_range(start: u64, end: u64, size: u64) -> String {
    format!("bytes {start}-{}/{size}", end.saturating_sub(1))
}

fn content_type(version: &Version) -> String {
    version.headers.content_type.clone().unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned())
}

fn length(bytes: u64) -> Option<i64> {
    i64::try_from(bytes).ok()
}

impl Service {
    pub(super) async fn get_object(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        #[cfg(feature = "faults")]
        self.faults.take_error(&input.key)?;
        let (bucket, key, version_id) = (input.bucket, input.key.clone(), input.version_id);
        let found =
            self.blocking(move |store| store.find(&bucket, &key, version_id.as_deref())).await;
        let (version, file) = found?;
        check_conditions(&version, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let is_range = input.range.is_some();
        let (start, end) = range_of(input.range, version.size_bytes)?;
        #[cfg(feature = "faults")]
        let faults = self.faults.take_response(&input.key, start, end);
        #[cfg(feature = "faults")]
        let end = faults.truncate_at.unwrap_or(end);
        let body = stream_file(file, start, end);
        #[cfg(feature = "faults")]
        let body = faults.apply(body, start);
        Ok(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(end - start),
            content_range: is_range.then(|| content_range(start, end, version.size_bytes)),
            content_type: Some(content_type(&version)),
            content_encoding: version.headers.content_encoding.clone(),
            metadata: metadata(&version.headers),
            e_tag: etag(&version),
            last_modified: modified(&version),
            body: Some(StreamingBlob::wrap(body)),
            version_id: version.version_id,
            ..Default::default()
        })
    }

    pub(super) async fn head_object(&self, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
        #[cfg(feature = "faults")]
        self.faults.take_error(&input.key)?;
        let (bucket, key, version_id) = (input.bucket, input.key, input.version_id);
        let found =
            self.blocking(move |store| store.find(&bucket, &key, version_id.as_deref())).await;
        let (version, _) = found?;
        check_conditions(&version, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let is_range = input.range.is_some();
        let (start, end) = range_of(input.range, version.size_bytes)?;
        Ok(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(end - start),
            content_range: is_range.then(|| content_range(start, end, version.size_bytes)),
            content_type: Some(content_type(&version)),
            content_encoding: version.headers.content_encoding.clone(),
            metadata: metadata(&version.headers),
            e_tag: etag(&version),
            last_modified: modified(&version),
            version_id: version.version_id,
            ..Default::default()
        })
    }

    pub(super) async fn head_bucket(&self, input: HeadBucketInput) -> S3Result<HeadBucketOutput> {
        self.store.read(&input.bucket, |_| ())?;
        Ok(HeadBucketOutput { bucket_region: Some(REGION.to_owned()), ..Default::default() })
    }

    pub(super) async fn list_buckets(&self, _: ListBucketsInput) -> S3Result<ListBucketsOutput> {
        let bucket = |name: String| {
            let created =
                std::fs::metadata(self.store.bucket_dir(&name)).and_then(|dir| dir.modified());
            let creation_date = created.ok().map(Timestamp::from);
            Bucket { creation_date, name: Some(name), ..Default::default() }
        };
        let buckets = self.store.bucket_names().into_iter().map(bucket).collect();
        Ok(ListBucketsOutput { buckets: Some(buckets), ..Default::default() })
    }

    pub(super) async fn list_objects_v2(
        &self,
        input: ListObjectsV2Input,
    ) -> S3Result<ListObjectsV2Output> {
        let max_keys = input.max_keys.unwrap_or(1000).clamp(0, 1000);
        let query = list::Query {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            start_after: input.start_after.clone(),
            token: input.continuation_token.clone(),
            limit: usize::try_from(max_keys).unwrap_or(0),
        };
        let bucket = input.bucket.clone();
        let page = self
            .blocking(move |store| store.read(&bucket, |keys| list::list(keys, &query)))
            .await?;
        let Some(page) = page else {
            return Err(s3_error!(
                InvalidArgument,
                "the continuation token was not issued by this endpoint"
            ));
        };
        let as_url =
            input.encoding_type.as_ref().is_some_and(|it| it.as_str() == EncodingType::URL);
        let encode = |text: String| if as_url { name::encode_for_list(&text) } else { text };
        let count = page.objects.len() + page.common_prefixes.len();
        let object = |(key, version): (String, Version)| Object {
            e_tag: etag(&version),
            last_modified: modified(&version),
            size: length(version.size_bytes),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            key: Some(encode(key)),
            ..Default::default()
        };
        let prefix = |prefix| CommonPrefix { prefix: Some(encode(prefix)) };
        Ok(ListObjectsV2Output {
            contents: Some(page.objects.into_iter().map(object).collect()),
            common_prefixes: Some(page.common_prefixes.into_iter().map(prefix).collect()),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            key_count: i32::try_from(count).ok(),
            max_keys: Some(max_keys),
            name: Some(input.bucket),
            prefix: input.prefix.map(encode),
            delimiter: input.delimiter.map(encode),
            start_after: input.start_after.map(encode),
            continuation_token: input.continuation_token,
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    /// The version and the bytes that a copy is made of.
    pub(super) async fn copy_source(
        &self,
        source: CopySource,
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> S3Result<(Version, std::fs::File)> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "only buckets can be copied from"));
        };
        let find = move |store: &Store| -> Result<_, LocalS3Error> {
            store.find(&bucket, &key, version_id.as_deref())
        };
        let (version, file) = self.blocking(find).await?;
        match check_conditions(&version, if_match.as_ref(), if_none_match.as_ref()) {
            Ok(()) => Ok((version, file)),
            // A copy has no 304.
            Err(_) => Err(s3_error!(PreconditionFailed)),
        }
    }
}
