//! The S3 operations that write single objects: PUT, copy and DELETE.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::Service;
use super::response::{etag, headers, modified};
use crate::s3::error::LocalS3Error;
use crate::s3::store::{Condition, Put, Source};
use crate::s3::temporary::{TemporaryFile, TemporaryWriter, receive_stream};

pub(super) fn condition(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.value().to_owned())),
        _ => Err(s3_error!(
            NotImplemented,
            "only If-None-Match: * and If-Match: <etag> are implemented"
        )),
    }
}

impl Service {
    /// Receives a request's body into a temporary file, and checks its MD5 and its length.
    pub(super) async fn receive(
        &self,
        body: Option<StreamingBlob>,
        content_md5: Option<String>,
        expected: Option<i64>,
    ) -> S3Result<TemporaryFile> {
        let bytes = receive_stream(self.store.temporary_dir(), body).await?;
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
        self.blocking(move |store| store.create_bucket(&bucket)).await?;
        Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
    }

    pub(super) async fn put_object(&self, input: PutObjectInput) -> S3Result<PutObjectOutput> {
        // Refuse before receiving a large body.
        self.store.read(&input.bucket, |_| ())?;
        let condition = condition(input.if_match, input.if_none_match)?;
        let headers = headers(input.content_type, input.content_encoding, input.metadata);
        let bytes = self.receive(input.body, input.content_md5, input.content_length).await?;
        let (bucket, key) = (input.bucket, input.key);
        let put = self.blocking(move |store| {
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
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let headers = if replaces {
            headers(input.content_type, input.content_encoding, input.metadata)
        } else {
            source.headers.clone()
        };
        let (bucket, key) = (input.bucket, input.key);
        let put = self.blocking(move |store| {
            let mut writer = TemporaryWriter::create(&store.temporary_dir())?;
            writer.copy(&mut file, Path::new(&source.etag))?;
            let (event, condition) = ("ObjectCreated:Copy", Condition::None);
            let (bytes, source) = (writer.finish(), Source::Request);
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
            self.blocking(move |store| store.delete(&bucket, &key, version_id.as_deref())).await?;
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
                .blocking(move |store| store.delete(&bucket, &its_key, its_version.as_deref()))
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
}
