//! A local Lambda runtime API over HTTP, and the real `loader` program running against it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>; of the extensions API only what a program
//! needs that wants to receive SIGTERM.

use std::convert::Infallible;
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use super::bootstrap;

/// How long an invocation may take.
const AS_CARGO_LAMBDA: Duration = Duration::from_secs(61);
const PATIENCE: Duration = Duration::from_secs(600);

/// The id that every invocation has.
pub const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// The trace that every invocation belongs to.
pub const TRACE: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// What the function answered.
#[derive(Debug)]
pub enum Answer {
    Success(Value),
    /// `errorType` and `errorMessage`.
    Error(Value),
}

/// A running `loader`, and the API that it asks for events. Dropping this ends the program.
pub struct Function {
    /// The program: its id, its end.
    pub program: Child,
    invocations: mpsc::UnboundedSender<(Value, Duration)>,
    answers: mpsc::UnboundedReceiver<Answer>,
    polls: mpsc::UnboundedReceiver<()>,
    lines: Arc<StdMutex<Vec<Value>>>,
}

struct Api {
    invocations: Mutex<mpsc::UnboundedReceiver<(Value, Duration)>>,
    answers: mpsc::UnboundedSender<Answer>,
    polls: mpsc::UnboundedSender<()>,
}

impl Function {
    /// Starts the program with these variables, and waits until it asks for its first event.
    pub async fn start(vars: &[(String, String)]) -> Function {
        Function::start_as(&bootstrap::program(), vars).await
    }

    /// The same with another program.
    pub async fn start_as(program: &Path, vars: &[(String, String)]) -> Function {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (invocations, received) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let (polled, polls) = mpsc::unbounded_channel();
        let api =
            Arc::new(Api { invocations: Mutex::new(received), answers: answered, polls: polled });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let api = Arc::clone(&api);
                let service = service_fn(move |request| answer(Arc::clone(&api), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        let mut command = Command::new(program);
        command.env_clear().envs(vars.iter().map(|(name, value)| (name, value)));
        for (name, value) in [
            ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "loader"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ] {
            command.env(name, value);
        }
        let mut program =
            command.stdout(std::process::Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let lines = Arc::new(StdMutex::new(Vec::new()));
        let (output, written) = (program.stdout.take().unwrap(), Arc::clone(&lines));
        tokio::spawn(async move {
            let mut output = BufReader::new(output).lines();
            while let Ok(Some(line)) = output.next_line().await {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                written.lock().unwrap().push(line);
            }
        });
        let mut function = Function { program, invocations, answers, polls, lines };
        function.is_idle().await;
        function
    }

    /// Waits until the program asks for an event.
    pub async fn is_idle(&mut self) {
        tokio::select! {
            poll = tokio::time::timeout(PATIENCE, self.polls.recv()) => poll.unwrap().unwrap(),
            end = self.program.wait() => panic!("the loader ended: {end:?}"),
        }
    }

    /// Sends an event and waits for the answer and for the program to ask for the next.
    pub async fn invoke(&mut self, event: Value) -> Answer {
        self.invoke_for(event, PATIENCE).await
    }

    /// The same with a time limit, after which Lambda would end the program.
    pub async fn invoke_for(&mut self, event: Value, time: Duration) -> Answer {
        self.invocations.send((event, time)).unwrap();
        let answer = tokio::time::timeout(time, self.answers.recv()).await;
        let answer = answer.expect("no answer within the invocation's time").unwrap();
        self.is_idle().await;
        answer
    }

    /// The same, with the deadline that cargo-lambda sends: a duration instead of a point in time.
    pub async fn invoke_as_cargo_lambda(&mut self, event: Value) -> Answer {
        self.invoke_for(event, AS_CARGO_LAMBDA).await
    }

    /// The same; after the time limit the program is killed, as by Lambda, and the answer is `None`.
    pub async fn invoke_or_kill(&mut self, event: Value, time: Duration) -> Option<Answer> {
        self.invocations.send((event, time)).unwrap();
        match tokio::time::timeout(time, self.answers.recv()).await {
            Ok(answer) => {
                self.is_idle().await;
                answer
            }
            Err(_) => {
                self.program.kill().await.unwrap();
                None
            }
        }
    }

    /// Waits for the answer to an event that `begin` sent; `None` if the program ends without one.
    pub async fn answer_or_end(&mut self) -> Option<Answer> {
        patiently("an answer or the end of the program", async {
            tokio::select! {
                biased;
                answer = self.answers.recv() => answer,
                _ = self.program.wait() => self.answers.try_recv().ok(),
            }
        })
        .await
    }

    /// Sends an event and waits for the answer; `None` if the program ends instead.
    pub async fn invoke_or_end(&mut self, event: Value) -> Option<Answer> {
        self.invocations.send((event, PATIENCE)).unwrap();
        let answer = patiently("an answer or the end of the program", async {
            tokio::select! {
                answer = self.answers.recv() => answer,
                _ = self.program.wait() => None,
            }
        })
        .await?;
        // It asks for the next event, unless it ends now.
        patiently("the request for the next event, or the end of the program", async {
            tokio::select! {
                _ = self.polls.recv() => {}
                _ = self.program.wait() => {}
            }
        })
        .await;
        Some(answer)
    }

    /// Sends an event without waiting for the answer.
    pub fn begin(&self, event: Value, time: Duration) {
        self.invocations.send((event, time)).unwrap();
    }

    /// The lines of its standard output; a string where a line is not JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap().clone()
    }

    /// Its memory now (`VmRSS`) or at its highest (`VmHWM`), in bytes. Linux only.
    pub fn memory_bytes(&self, what: &str) -> u64 {
        let status = format!("/proc/{}/status", self.program.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim_matches([':', ' ', '\t']).split(' ').next().unwrap().parse::<u64>().unwrap() << 10
    }
}

/// Waits for something that the program does.
async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, future).await;
    outcome.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

async fn answer(api: Arc<Api>, request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let path = request.uri().path().to_owned();
    let reply = Response::builder();
    if path.ends_with("/extension/register") {
        let reply =
            reply.header("Lambda-Extension-Identifier", "f3ff5c3f-0000-4000-8000-000000000000");
        let who = serde_json::json!({
            "functionName": "loader", "functionVersion": "$LATEST", "handler": "bootstrap",
        });
        return Ok(reply.body(who.to_string()).unwrap());
    }
    if path.ends_with("/extension/event/next") {
        // It asks for no events, and gets none.
        return std::future::pending().await;
    }
    if path.ends_with("/invocation/next") {
        let _ = api.polls.send(());
        let event = api.invocations.lock().await.recv().await;
        let Some((event, time)) = event else { return Ok(Response::new(String::new())) };
        let deadline = std::time::SystemTime::now() + time;
        let deadline = deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let deadline = if time == AS_CARGO_LAMBDA { 600_000 } else { deadline };
        return Ok(reply
            .header("Lambda-Runtime-Aws-Request-Id", REQUEST_ID)
            .header("Lambda-Runtime-Trace-Id", TRACE)
            .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:us-east-1:123456789012:function:loader",
            )
            .body(event.to_string())
            .unwrap());
    }
    let body = serde_json::from_slice(&read(request.into_body()).await).unwrap_or(Value::Null);
    let answer =
        if path.ends_with("/response") { Answer::Success(body) } else { Answer::Error(body) };
    let _ = api.answers.send(answer);
    Ok(reply.status(202).body(String::new()).unwrap())
}

async fn read(mut body: Incoming) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.into_data() {
            out.extend_from_slice(&data);
        }
    }
    out
}
