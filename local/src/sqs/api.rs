//! The JSON protocol of SQS: a request of an AWS SDK becomes a call of a queue and a response.

use std::convert::Infallible;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::queue::{Queues, receive};

/// An error response: its code and its message.
struct ApiError(&'static str, String);

pub(super) async fn respond(
    queues: Queues,
    request: Request<Incoming>,
) -> Result<Response<String>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let action = target.and_then(|target| target.strip_prefix("AmazonSQS.")).map(str::to_owned);
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(response(400, &json!({ "message": error.to_string() }))),
    };
    let input = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(match call(&queues, action.as_deref().unwrap_or_default(), &input) {
        Ok(output) => response(200, &output),
        Err(ApiError(code, message)) => {
            let kind = format!("com.amazonaws.sqs#{code}");
            response(400, &json!({ "__type": kind, "message": message }))
        }
    })
}

fn response(status: u16, body: &Value) -> Response<String> {
    let mut response = Response::new(body.to_string());
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}

fn call(queues: &Queues, action: &str, input: &Value) -> Result<Value, ApiError> {
    let url = text(input, "QueueUrl")?;
    let name = url.rsplit('/').next().unwrap_or_default();
    if action == "ReceiveMessage" {
        let visibility = seconds(input, "VisibilityTimeout");
        let max_messages = input.get("MaxNumberOfMessages").and_then(Value::as_u64).unwrap_or(1);
        let messages: Vec<Value> = (0..max_messages)
            .map_while(|_| receive(queues, name, visibility))
            .map(|message| {
                json!({
                    "MessageId": message.message_id,
                    "ReceiptHandle": message.receipt_handle,
                    "Body": message.body,
                    "MD5OfBody": md5_hex(&message.body),
                    "Attributes": {
                        "ApproximateReceiveCount": message.receive_count.to_string(),
                    },
                })
            })
            .collect();
        return Ok(json!({ "Messages": messages }));
    }
    let mut queues = queues.lock().unwrap_or_else(PoisonError::into_inner);
    let no_queue = || ApiError("QueueDoesNotExist", format!("there is no queue {name}"));
    let queue = queues.get_mut(name).ok_or_else(no_queue)?;
    let now = Instant::now();
    let no_receipt = || {
        ApiError(
            "ReceiptHandleIsInvalid",
            "the receipt handle is not that of a message in flight".to_owned(),
        )
    };
    match action {
        "SendMessage" => {
            let body = text(input, "MessageBody")?;
            let delay = seconds(input, "DelaySeconds").unwrap_or_default();
            let id = queue.send(body.to_owned(), now, delay);
            Ok(json!({ "MessageId": id, "MD5OfMessageBody": md5_hex(body) }))
        }
        "DeleteMessage" => {
            queue.delete(text(input, "ReceiptHandle")?);
            Ok(json!({}))
        }
        "ChangeMessageVisibility" => {
            let time = seconds(input, "VisibilityTimeout").unwrap_or_default();
            let changed = queue.change_visibility(text(input, "ReceiptHandle")?, now, time);
            changed.then(|| json!({})).ok_or_else(no_receipt)
        }
        "GetQueueAttributes" => {
            let messages = queue.bodies().len().to_string();
            Ok(json!({ "Attributes": { "ApproximateNumberOfMessages": messages } }))
        }
        other => Err(ApiError("UnsupportedOperation", format!("{other} is not implemented"))),
    }
}

fn text<'i>(input: &'i Value, name: &'static str) -> Result<&'i str, ApiError> {
    let missing = || ApiError("MissingParameter", format!("{name} is missing"));
    input.get(name).and_then(Value::as_str).ok_or_else(missing)
}

fn seconds(input: &Value, name: &str) -> Option<Duration> {
    input.get(name).and_then(Value::as_u64).map(Duration::from_secs)
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
