//! Serves S3 over HTTP on a listening socket until it is stopped.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::service::S3Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The time that running requests get to finish.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// Serves until `stop` changes, then lets running requests finish.
pub(super) async fn serve(
    listener: TcpListener,
    service: S3Service,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, service.clone(), stop.clone()));
                }
                // Most likely too many open files: wait until some are closed.
                Err(error) => {
                    tracing::warn!(%error, "local s3: a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_TIMEOUT, all).await;
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, service: S3Service, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let builder = Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // An error here is a client that disconnected, or an injected fault.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
