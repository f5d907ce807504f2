//! Write: PUT, POST, DELETE requests in, new versions and deletions out.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::Service;
use super::answer::{etag, headers, modified};
use crate::s3::LocalS3Error;
use crate::s3::spool::{Spool, Spooled, spool_stream};
use crate::s3::store::{Condition, Put, Source};
use crate::s3::upload::{self, Upload};

fn condition(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.value().to_owned())),
        _ => Err(s3_error!(
            NotImplemented,
            "S3 knows If-None-Match: * and If-Match: <etag> alone here"
        )),
    }
}

impl Service {
    async fn receive(
        &self,
        body: Option<StreamingBlob>,
        content_md5: Option<String>,
        expected: Option<i64>,
    ) -> S3Result<Spooled> {
        let bytes = spool_stream(self.store.spool_dir(), body).await?;
        if let Some(text) = content_md5 {
            let Ok(digest) = BASE64.decode(text) else { return Err(s3_error!(InvalidDigest)) };
            if digest != bytes.md5 {
                return Err(LocalS3Error::BadDigest.into());
            }
        }
        if expected.is_some_and(|expected| {
            u64::try_from(expected).is_ok_and(|size| size != bytes.size_bytes)
        }) {
            return Err(s3_error!(IncompleteBody));
        }
        Ok(bytes)
    }

    pub(super) async fn create_bucket(
        &self,
        input: CreateBucketInput,
    ) -> S3Result<CreateBucketOutput> {
        let bucket = input.bucket.clone();
        self.work(move |store| store.create_bucket(&bucket)).await?;
        Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
    }

    pub(super) async fn put_object(&self, input: PutObjectInput) -> S3Result<PutObjectOutput> {
        // Before a gigabyte is received for nothing.
        self.store.read(&input.bucket, |_| ())?;
        let condition = condition(input.if_match, input.if_none_match)?;
        let headers = headers(input.content_type, input.content_encoding, input.metadata);
        let bytes = self.receive(input.body, input.content_md5, input.content_length).await?;
        let (bucket, key) = (input.bucket, input.key);
        let put = self.work(move |store| {
            let (event, source) = ("ObjectCreated:Put", Source::Request);
            store.put(Put {
                bucket: &bucket,
                key: &key,
                bytes,
                etag: None,
                headers,
                event,
                condition,
                source,
            })
        });
        let Some(version) = put.await? else { return Err(s3_error!(InternalError)) };
        Ok(PutObjectOutput {
            e_tag: etag(&version),
            version_id: version.version_id,
            ..Default::default()
        })
    }

    pub(super) async fn copy_object(&self, input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
        let found = self.copy_source(
            input.copy_source,
            input.copy_source_if_match,
            input.copy_source_if_none_match,
        );
        let (source, mut file) = found.await?;
        let replaces = input
            .metadata_directive
            .is_some_and(|wish| wish.as_str() == MetadataDirective::REPLACE);
        let headers = if replaces {
            headers(input.content_type, input.content_encoding, input.metadata)
        } else {
            source.headers.clone()
        };
        let (bucket, key) = (input.bucket, input.key);
        let put = self.work(move |store| {
            let mut spool = Spool::create(&store.spool_dir())?;
            spool.copy(&mut file, Path::new(&source.etag))?;
            let (event, condition) = ("ObjectCreated:Copy", Condition::None);
            let (bytes, source) = (spool.finish(), Source::Request);
            store.put(Put {
                bucket: &bucket,
                key: &key,
                bytes,
                etag: None,
                headers,
                event,
                condition,
                source,
            })
        });
        let Some(version) = put.await? else { return Err(s3_error!(InternalError)) };
        let result = CopyObjectResult {
            e_tag: etag(&version),
            last_modified: modified(&version),
            ..Default::default()
        };
        let version_id = version.version_id;
        Ok(CopyObjectOutput { copy_object_result: Some(result), version_id, ..Default::default() })
    }

    pub(super) async fn delete_object(
        &self,
        input: DeleteObjectInput,
    ) -> S3Result<DeleteObjectOutput> {
        let (bucket, key, version_id) = (input.bucket, input.key, input.version_id);
        let deleted =
            self.work(move |store| store.delete(&bucket, &key, version_id.as_deref())).await?;
        Ok(DeleteObjectOutput {
            delete_marker: deleted.is_marker.then_some(true),
            version_id: deleted.version_id,
            ..Default::default()
        })
    }

    pub(super) async fn delete_objects(
        &self,
        input: DeleteObjectsInput,
    ) -> S3Result<DeleteObjectsOutput> {
        let mut output = DeleteObjectsOutput::default();
        let (deleted, errors) =
            (output.deleted.get_or_insert_default(), output.errors.get_or_insert_default());
        let is_quiet = input.delete.quiet == Some(true);
        self.store.read(&input.bucket, |_| ())?;
        for ObjectIdentifier { key, version_id, .. } in input.delete.objects {
            let (bucket, its_key, its_version) =
                (input.bucket.clone(), key.clone(), version_id.clone());
            match self
                .work(move |store| store.delete(&bucket, &its_key, its_version.as_deref()))
                .await
            {
                Ok(_) if is_quiet => {}
                Ok(done) => deleted.push(DeletedObject {
                    key: Some(key),
                    version_id,
                    delete_marker: done.is_marker.then_some(true),
                    delete_marker_version_id: done.version_id.filter(|_| done.is_marker),
                }),
                Err(error) => errors.push(Error {
                    key: Some(key),
                    version_id,
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                }),
            }
        }
        Ok(output)
    }

    pub(super) async fn create_multipart_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        self.store.read(&input.bucket, |_| ())?;
        let headers = headers(input.content_type, input.content_encoding, input.metadata);
        let upload = Upload { bucket: input.bucket.clone(), key: input.key.clone(), headers };
        let id = self.work(move |store| upload::create(&store.uploads_dir(), &upload)).await?;
        let (bucket, key) = (Some(input.bucket), Some(input.key));
        Ok(CreateMultipartUploadOutput { bucket, key, upload_id: Some(id), ..Default::default() })
    }

    pub(super) async fn upload_part(&self, input: UploadPartInput) -> S3Result<UploadPartOutput> {
        let (dir, _) =
            upload::open(&self.store.uploads_dir(), &input.upload_id, &input.bucket, &input.key)?;
        let bytes = self.receive(input.body, input.content_md5, input.content_length).await?;
        let etag = self.work(move |_| upload::put_part(&dir, input.part_number, bytes)).await?;
        Ok(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() })
    }

    pub(super) async fn upload_part_copy(
        &self,
        input: UploadPartCopyInput,
    ) -> S3Result<UploadPartCopyOutput> {
        let (dir, _) =
            upload::open(&self.store.uploads_dir(), &input.upload_id, &input.bucket, &input.key)?;
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
        let etag = self.work(move |store| {
            let path = Path::new(&version.etag);
            file.seek(SeekFrom::Start(bytes.start)).map_err(LocalS3Error::io("read", path))?;
            let mut spool = Spool::create(&store.spool_dir())?;
            spool.copy(&mut file.take(bytes.end - bytes.start), path)?;
            upload::put_part(&dir, input.part_number, spool.finish())
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
        let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let part = |part: CompletedPart| Some((part.part_number?, part.e_tag?.value().to_owned()));
        let parts: Option<Vec<(i32, String)>> = wanted.into_iter().map(part).collect();
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Err(s3_error!(MalformedXML));
        };
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
        let put = self.work(move |store| {
            let (dir, upload) = upload::open(&store.uploads_dir(), &id, &bucket, &key)?;
            let (bytes, etag) = upload::join(&dir, &parts, &store.spool_dir())?;
            let (event, headers) = ("ObjectCreated:CompleteMultipartUpload", upload.headers);
            let (etag, source) = (Some(etag), Source::Request);
            let put =
                Put { bucket: &bucket, key: &key, bytes, etag, headers, event, condition, source };
            let version = store.put(put)?;
            upload::remove(&dir)?;
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

    pub(super) async fn abort_multipart_upload(
        &self,
        input: AbortMultipartUploadInput,
    ) -> S3Result<AbortMultipartUploadOutput> {
        self.work(move |store| {
            let (dir, _) =
                upload::open(&store.uploads_dir(), &input.upload_id, &input.bucket, &input.key)?;
            upload::remove(&dir)
        })
        .await?;
        Ok(AbortMultipartUploadOutput::default())
    }
}
