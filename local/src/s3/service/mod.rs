//! The S3 operations: each request becomes calls of the store, and an S3 response.

mod multipart;
mod read;
mod response;
mod write;

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::error::LocalS3Error;
#[cfg(feature = "faults")]
use super::fault::Faults;
use super::store::Store;

/// The operations that are implemented; s3s answers all others with NotImplemented.
#[derive(Clone)]
pub(super) struct Service {
    pub store: Arc<Store>,
    #[cfg(feature = "faults")]
    pub faults: Faults,
}

impl Service {
    /// Runs `work`, which reads or writes files, on a thread where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, LocalS3Error> + Send + 'static,
    ) -> S3Result<T> {
        let store = Arc::clone(&self.store);
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        Ok(done.map_err(s3s::S3Error::internal_error)??)
    }
}

/// Forwards each operation to the method of the same name in `read`, `write` or `multipart`.
macro_rules! operations {
    ($($name:ident: $input:ty => $output:ty;)*) => {
        #[async_trait::async_trait]
        impl S3 for Service {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                Service::$name(self, request.input).await.map(S3Response::new)
            })*
        }
    };
}

operations! {
    create_bucket: CreateBucketInput => CreateBucketOutput;
    head_bucket: HeadBucketInput => HeadBucketOutput;
    list_buckets: ListBucketsInput => ListBucketsOutput;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    get_object: GetObjectInput => GetObjectOutput;
    head_object: HeadObjectInput => HeadObjectOutput;
    put_object: PutObjectInput => PutObjectOutput;
    copy_object: CopyObjectInput => CopyObjectOutput;
    delete_object: DeleteObjectInput => DeleteObjectOutput;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    upload_part: UploadPartInput => UploadPartOutput;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
}
