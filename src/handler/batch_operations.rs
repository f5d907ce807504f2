//! Batch operations: loads the objects of an S3 Batch Operations job, and answers for each of its tasks.

use serde_json::{Value, json};

use super::Handler;
use crate::error::{Decision, Result};
use crate::event::{BatchOperation, BatchTask};
use crate::object::ObjectRef;

/// The longest text of a result in the job's report.
const MAX_RESULT_CHARS: usize = 1_000;

impl Handler {
    /// Loads the object of each task. Batch Operations writes the results to the job's report, and
    /// invokes the function again for a temporary failure. A file that failed is a permanent one.
    pub(super) async fn handle_batch_operation(&mut self, operation: BatchOperation) -> Value {
        let mut results = Vec::new();
        for BatchTask { task_id, object } in operation.tasks {
            let loaded = match object {
                Ok(object) => self.load_task(&object).await,
                Err(error) => Err(error),
            };
            let (code, text) = match loaded {
                Ok(result) => result,
                Err(error) => {
                    let code = match error.kind.policy().decision {
                        Decision::Retry => "TemporaryFailure",
                        Decision::Fail | Decision::Stop => "PermanentFailure",
                    };
                    tracing::warn!(kind = ?error.kind, "the task of a batch operation failed: {error}");
                    (code, error.to_string())
                }
            };
            let text: String = text.chars().take(MAX_RESULT_CHARS).collect();
            results.push(json!({ "taskId": task_id, "resultCode": code, "resultString": text }));
        }
        json!({
            "invocationSchemaVersion": operation.schema_version,
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": operation.invocation_id,
            "results": results,
        })
    }

    /// The result's code and text: the load's outcome, or why the file failed.
    async fn load_task(&mut self, object: &ObjectRef) -> Result<(&'static str, String)> {
        let loads = self.load_all(std::slice::from_ref(object)).await;
        let url = self.queue_url.clone();
        let reports = self.finish(loads, url.as_deref(), 0).await?;
        let text = |name: &str| {
            let bad = |report: &&Value| is_bad(report);
            let report = reports.iter().find(bad).or(reports.first()).unwrap_or(&Value::Null);
            report.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Ok(match text("outcome") {
            outcome if outcome == "failed" => ("PermanentFailure", text("failure")),
            // The failure of an earlier invocation is in the ledger.
            outcome if matches!(outcome.as_str(), "failed_before" | "unmatched") => {
                ("PermanentFailure", outcome)
            }
            // A load that ran out of time was sent to the queue, and continues by it.
            outcome if outcome.is_empty() => ("Succeeded", "continues".to_owned()),
            outcome => ("Succeeded", outcome),
        })
    }
}

/// Whether a load of the task's object, of several that it may have, did not succeed.
fn is_bad(report: &Value) -> bool {
    let outcome = report.get("outcome").and_then(Value::as_str).unwrap_or_default();
    matches!(outcome, "failed" | "failed_before" | "unmatched")
}
