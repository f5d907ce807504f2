//! Round trips: a proxy before the server that counts how often a client sends something after an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What the connections of a proxy have in common.
#[derive(Default)]
struct Counted {
    trips: AtomicUsize,
    /// Whether the server has sent something since the client last did.
    has_answered: AtomicBool,
}

/// A proxy for clients that connect one after the other.
pub struct Proxy {
    /// The URL of the database through the proxy.
    pub url: String,
    counted: Arc<Counted>,
}

impl Proxy {
    /// A proxy before the server of this URL, which has a host and a port.
    pub async fn start(url: &str) -> Proxy {
        let (_, address) = url.rsplit_once('@').unwrap();
        let (server, _) = address.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url.replace(server, &listener.local_addr().unwrap().to_string());
        let counted = Arc::new(Counted::default());
        tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&counted)));
        Proxy { url, counted }
    }

    pub fn trips(&self) -> usize {
        self.counted.trips.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, server: String, counted: Arc<Counted>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.unwrap();
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), server.into_split());
        tokio::spawn(forward(from_client, to_server, Arc::clone(&counted), true));
        tokio::spawn(forward(from_server, to_client, Arc::clone(&counted), false));
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    counted: Arc<Counted>,
    is_client: bool,
) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        // A client that sends more before the answer does not wait.
        if !is_client {
            counted.has_answered.store(true, Ordering::SeqCst);
        } else if counted.has_answered.swap(false, Ordering::SeqCst) {
            counted.trips.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
