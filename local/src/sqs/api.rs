//! Api: a request of an AWS SDK in, SQS' JSON answer out.

use std::convert::Infallible;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{Queues, receive};

/// A refusal: its code, and the sentence for people.
struct Refusal(&'static str, String);

pub(super) async fn answer(
    queues: Queues,
    request: Request<Incoming>,
) -> Result<Response<String>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let action = target.and_then(|target| target.strip_prefix("AmazonSQS.")).map(str::to_owned);
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(reply(400, &json!({ "message": error.to_string() }))),
    };
    let input = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(match act(&queues, action.as_deref().unwrap_or_default(), &input) {
        Ok(output) => reply(200, &output),
        Err(Refusal(code, message)) => {
            let kind = format!("com.amazonaws.sqs#{code}");
            reply(400, &json!({ "__type": kind, "message": message }))
        }
    })
}

fn reply(status: u16, body: &Value) -> Response<String> {
    let mut reply = Response::new(body.to_string());
    *reply.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/x-amz-json-1.0");
    reply.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    reply
}

fn act(queues: &Queues, action: &str, input: &Value) -> Result<Value, Refusal> {
    let url = text(input, "QueueUrl")?;
    let name = url.rsplit('/').next().unwrap_or_default();
    if action == "ReceiveMessage" {
        let visibility = seconds(input, "VisibilityTimeout");
        let most = input.get("MaxNumberOfMessages").and_then(Value::as_u64).unwrap_or(1);
        let messages: Vec<Value> = (0..most)
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
    let no_queue = || Refusal("QueueDoesNotExist", format!("there is no queue {name}"));
    let queue = queues.get_mut(name).ok_or_else(no_queue)?;
    let now = Instant::now();
    let no_receipt = || {
        Refusal("ReceiptHandleIsInvalid", "the receipt is none of a message in flight".to_owned())
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
            let hidden = queue.hide(text(input, "ReceiptHandle")?, now, time);
            hidden.then(|| json!({})).ok_or_else(no_receipt)
        }
        "GetQueueAttributes" => {
            let messages = queue.bodies().len().to_string();
            Ok(json!({ "Attributes": { "ApproximateNumberOfMessages": messages } }))
        }
        other => Err(Refusal("UnsupportedOperation", format!("{other} is not known here"))),
    }
}

fn text<'i>(input: &'i Value, name: &'static str) -> Result<&'i str, Refusal> {
    let missing = || Refusal("MissingParameter", format!("{name} is missing"));
    input.get(name).and_then(Value::as_str).ok_or_else(missing)
}

fn seconds(input: &Value, name: &str) -> Option<Duration> {
    input.get(name).and_then(Value::as_u64).map(Duration::from_secs)
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
