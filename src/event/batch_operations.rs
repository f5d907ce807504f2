//! Batch Operations: reads the invocation of an S3 Batch Operations job, and returns its tasks.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>

use serde::Deserialize;
use serde_json::Value;

use super::content::malformed;
use super::notification::{check_location, decode_key, real_version};
use crate::error::Result;
use crate::object::ObjectRef;

/// What precedes the bucket's name in its ARN, such as `arn:aws:s3:::inbox`.
const ARN_PARTS: usize = 6;

/// One invocation of a job. Batch Operations expects an answer for each of its tasks.
#[derive(Debug)]
pub struct BatchOperation {
    /// The version of the invocation's schema, `1.0` or `2.0`, which the answer repeats.
    pub schema_version: String,
    /// The id of the invocation, which the answer repeats.
    pub invocation_id: String,
    /// One for each object.
    pub tasks: Vec<BatchTask>,
}

/// One object of a job.
#[derive(Debug)]
pub struct BatchTask {
    /// The id by which the answer names the task.
    pub task_id: String,
    /// The object, or why the task cannot be read.
    pub object: Result<ObjectRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    invocation_schema_version: String,
    invocation_id: String,
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    task_id: String,
    s3_key: String,
    #[serde(default)]
    s3_version_id: Option<String>,
    /// Schema 1.0.
    #[serde(default)]
    s3_bucket_arn: Option<String>,
    /// Schema 2.0.
    #[serde(default)]
    s3_bucket: Option<String>,
}

/// Reads an invocation; `None` where the event is not one.
pub(super) fn read(event: &Value) -> Result<Option<BatchOperation>> {
    if event.get("invocationSchemaVersion").is_none() {
        return Ok(None);
    }
    let unreadable = |_| {
        malformed(
            "the S3 Batch Operations event has no readable `invocationSchemaVersion`, \
             `invocationId` or `tasks`, each with `taskId` and `s3Key`",
        )
    };
    let invocation = Invocation::deserialize(event).map_err(unreadable)?;
    let schema_version = invocation.invocation_schema_version;
    if !matches!(schema_version.as_str(), "1.0" | "2.0") {
        return Err(malformed(
            "the `invocationSchemaVersion` of the S3 Batch Operations event is neither 1.0 nor 2.0",
        ));
    }
    if invocation.tasks.is_empty() {
        return Err(malformed("the S3 Batch Operations event has no task"));
    }
    let tasks = invocation
        .tasks
        .into_iter()
        .map(|task| BatchTask { task_id: task.task_id.clone(), object: object(task) });
    let tasks = tasks.collect();
    Ok(Some(BatchOperation { schema_version, invocation_id: invocation.invocation_id, tasks }))
}

/// The object of a task. A manifest URL-encodes its keys as notifications do.
fn object(task: Task) -> Result<ObjectRef> {
    // An access point has a slash here.
    let of_arn = |arn: String| {
        arn.split(':').nth(ARN_PARTS - 1).filter(|name| !name.contains('/')).map(str::to_owned)
    };
    let Some(bucket) = task.s3_bucket.or_else(|| task.s3_bucket_arn.and_then(of_arn)) else {
        return Err(malformed("the task has no `s3Bucket`, and no bucket in its `s3BucketArn`"));
    };
    let key = decode_key(&task.s3_key)?;
    check_location(&bucket, &key)?;
    Ok(ObjectRef {
        bucket,
        key,
        version_id: real_version(task.s3_version_id),
        etag: None,
        size_bytes: None,
        object_time: None,
        sequencer: None,
    })
}
