//! The S3 operations of multipart uploads: create, upload and copy parts, complete, list, abort.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::Service;
use super::response::{etag, headers};
use super::write::condition;
use crate::s3::error::LocalS3Error;
use crate::s3::multipart::{self, Upload};
use crate::s3::store::{Put, Source};
use crate::s3::temporary::TemporaryWriter;

impl Service {
    pub(super) async fn create_multipart_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        self.store.read(&input.bucket, |_| ())?;
        let headers = headers(input.content_type, input.content_encoding, input.metadata);
        let upload = Upload { bucket: input.bucket.clone(), key: input.key.clone(), headers };
        let id =
            self.blocking(move |store| multipart::create(&store.uploads_dir(), &upload)).await?;
        let (bucket, key) = (Some(input.bucket), Some(input.key));
        Ok(CreateMultipartUploadOutput { bucket, key, upload_id: Some(id), ..Default::default() })
    }

    pub(super) async fn upload_part(&self, input: UploadPartInput) -> S3Result<UploadPartOutput> {
        let (dir, _) = multipart::open(
            &self.store.uploads_dir(),
            &input.upload_id,
            &input.bucket,
            &input.key,
        )?;
        let bytes = self.receive(input.body, input.content_md5, input.content_length).await?;
        let etag =
            self.blocking(move |_| multipart::put_part(&dir, input.part_number, bytes)).await?;
        Ok(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() })
    }

    pub(super) async fn upload_part_copy(
        &self,
        input: UploadPartCopyInput,
    ) -> S3Result<UploadPartCopyOutput> {
        let (dir, _) = multipart::open(
            &self.store.uploads_dir(),
            &input.upload_id,
            &input.bucket,
            &input.key,
        )?;
        let found = self.copy_source(
            input.copy_source,
            input.copy_source_if_match,
            input.copy_source_if_none_match,
        );
        let (version, mut file) = found.await?;
        let range = input.copy_source_range.map(|text| Range::parse(&text)).transpose();
        let Ok(range) = range else { return Err(s3_error!(InvalidArgument)) };
        let bytes =
            range.map_or(Ok(0..version.size_bytes), |range| range.check(version.size_bytes))?;
        let etag = self.blocking(move |store| {
            let path = Path::new(&version.etag);
            file.seek(SeekFrom::Start(bytes.start)).map_err(LocalS3Error::io("read", path))?;
            let mut writer = TemporaryWriter::create(&store.temporary_dir())?;
            writer.copy(&mut file.take(bytes.end - bytes.start), path)?;
            multipart::put_part(&dir, input.part_number, writer.finish())
        });
        let e_tag = Some(ETag::Strong(etag.await?));
        let last_modified = Some(Timestamp::from(std::time::SystemTime::now()));
        let copy_part_result = Some(CopyPartResult { e_tag, last_modified, ..Default::default() });
        Ok(UploadPartCopyOutput { copy_part_result, ..Default::default() })
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let condition = condition(input.if_match, input.if_none_match)?;
        let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let part = |part: CompletedPart| Some((part.part_number?, part.e_tag?.value().to_owned()));
        let parts: Option<Vec<(i32, String)>> = listed.into_iter().map(part).collect();
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Err(s3_error!(MalformedXML));
        };
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
        let put = self.blocking(move |store| {
            let (dir, upload) = multipart::open(&store.uploads_dir(), &id, &bucket, &key)?;
            let (bytes, etag) = multipart::join(&dir, &parts, &store.temporary_dir())?;
            let (event, headers) = ("ObjectCreated:CompleteMultipartUpload", upload.headers);
            let (etag, source) = (Some(etag), Source::Request);
            let put =
                Put { bucket: &bucket, key: &key, bytes, etag, headers, event, condition, source };
            let version = store.put(put)?;
            multipart::remove(&dir)?;
            Ok(version)
        });
        let Some(version) = put.await? else { return Err(s3_error!(InternalError)) };
        Ok(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: etag(&version),
            version_id: version.version_id,
            ..Default::default()
        })
    }

    /// All uploads below a prefix, in one page: there are few on a machine for development.
    pub(super) async fn list_multipart_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        self.store.read(&input.bucket, |_| ())?;
        let bucket = input.bucket.clone();
        let prefix = input.prefix.clone().unwrap_or_default();
        let found = self
            .blocking(move |store| multipart::list(&store.uploads_dir(), &bucket, &prefix))
            .await?;
        let uploads = found
            .into_iter()
            .map(|(id, created, upload)| MultipartUpload {
                initiated: Some(Timestamp::from(created)),
                key: Some(upload.key),
                upload_id: Some(id),
                ..Default::default()
            })
            .collect();
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            is_truncated: Some(false),
            prefix: input.prefix,
            uploads: Some(uploads),
            ..Default::default()
        })
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        input: AbortMultipartUploadInput,
    ) -> S3Result<AbortMultipartUploadOutput> {
        self.blocking(move |store| {
            let (dir, _) =
                multipart::open(&store.uploads_dir(), &input.upload_id, &input.bucket, &input.key)?;
            multipart::remove(&dir)
        })
        .await?;
        Ok(AbortMultipartUploadOutput::default())
    }
}
