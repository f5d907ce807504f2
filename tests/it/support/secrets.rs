//! An HTTP server in the place of AWS Secrets Manager, which this machine does not have.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use serde_json::json;

/// What answers every request with this, in place of Secrets Manager; and what it was asked.
pub async fn secrets(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, heard) = (answer.clone(), Arc::clone(&heard));
            let service = service_fn(move |request: Request<Incoming>| {
                let target = request.headers().get("x-amz-target").cloned();
                heard.lock().unwrap().push(format!("{target:?}"));
                let answer = answer.clone();
                async move { Ok::<_, Infallible>(Response::new(answer)) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    (address, asked)
}

/// The answer of Secrets Manager for a secret with a user and a password.
pub fn secret(user: &str, password: &str) -> String {
    let held = json!({ "username": user, "password": password }).to_string();
    json!({ "ARN": "arn:x", "Name": "db", "SecretString": held }).to_string()
}
