//! Passes a loader's session on to Postgres, and injects faults at chosen messages.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::future::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::frames::{Frames, Phase, Reading};
use super::tally::Injected;

/// At which message. Counted from 0, over all connections since the plan was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    Phase(Phase, u32),
    FromClient(u32),
    FromServer(u32),
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WireFault {
    /// The connection breaks before the message passes.
    CutBefore,
    /// It breaks after half of the message.
    CutHalf,
    /// It breaks as soon as the message has passed.
    CutAtOnce,
    /// The message is answered, and the answer is lost with the connection.
    CutAfter,
    /// The client loses the connection; the server does not notice, and gets the message late.
    Orphan(Duration),
    /// Nothing passes for a while.
    Stall(Duration),
    /// Something else happens, before or after the message passes.
    Before(Call),
    After(Call),
}

/// What the proxy cannot do itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Call {
    /// Another session ends the backend.
    Terminate,
    /// The loader's future is dropped.
    Abandon,
    /// The loader's process is killed with -9, or stopped.
    Kill,
    Freeze,
    /// An object is written, or deleted: by its number in the schedule.
    Put(usize),
    Delete(usize),
    /// The database server is killed with -9.
    KillServer,
}

/// Carries out a call; takes the backend's process id.
pub type Calls = Arc<dyn Fn(Call, i32) -> BoxFuture<'static, ()> + Send + Sync>;

/// The faults to come, and where the session is.
#[derive(Default)]
struct Plan {
    faults: Vec<(At, WireFault)>,
    phases: HashMap<Phase, u32>,
    from_client: u32,
    from_server: u32,
}

impl Plan {
    fn take(&mut self, here: &[At]) -> Option<(At, WireFault)> {
        let place = self.faults.iter().position(|(at, _)| here.contains(at))?;
        Some(self.faults.remove(place))
    }

    fn on_client(&mut self, phase: Option<Phase>) -> Option<(At, WireFault)> {
        let mut here = vec![At::FromClient(self.from_client)];
        self.from_client += 1;
        if let Some(phase) = phase {
            let count = self.phases.entry(phase).or_default();
            here.push(At::Phase(phase, *count));
            *count += 1;
        }
        self.take(&here)
    }

    fn on_server(&mut self) -> Option<(At, WireFault)> {
        self.from_server += 1;
        self.take(&[At::FromServer(self.from_server - 1)])
    }
}

struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
    calls: Calls,
    injected: Injected,
}

/// One loader's way to one server. Dropping it ends all of its connections.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    open: watch::Sender<()>,
}

impl Proxy {
    pub async fn start(upstream: SocketAddr, calls: Calls, injected: Injected) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { upstream, plan: Mutex::default(), calls, injected });
        let (open, closed) = watch::channel(());
        let accepted = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (shared, mut closed) = (Arc::clone(&accepted), closed.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        // If one side breaks, the other side is closed too.
                        _ = pass(client, &shared) => {}
                        _ = closed.changed() => {}
                    }
                });
            }
        });
        Proxy { port, shared, accepting, open }
    }

    /// The number of sessions that are open, the one whose commit is delivered late included.
    pub fn sessions(&self) -> usize {
        // The task that accepts has a receiver too.
        self.open.receiver_count() - 1
    }

    /// Replaces the faults that are still to be injected.
    pub fn plan(&self, faults: Vec<(At, WireFault)>) {
        *self.shared.plan.lock().unwrap() = Plan { faults, ..Plan::default() };
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.open.send_replace(());
    }
}

async fn pass(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let server = TcpStream::connect(shared.upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut session = Session {
        from_client: Frames::of_client(from_client),
        from_server: Frames::of_server(from_server),
        to_client,
        to_server,
        reading: Reading::default(),
        backend: AtomicI32::new(0),
        syncs: 0,
        readies: 0,
        lost_after: None,
        then: None,
    };
    loop {
        let goes_on = tokio::select! {
            frame = session.from_client.next() => match frame? {
                Some(frame) => session.pass_on(frame, shared).await?,
                None => false,
            },
            frame = session.from_server.next() => match frame? {
                Some(frame) => session.answer(frame, shared).await?,
                None => false,
            },
        };
        if !goes_on {
            return Ok(());
        }
    }
}

struct Session {
    from_client: Frames,
    from_server: Frames,
    to_client: OwnedWriteHalf,
    to_server: OwnedWriteHalf,
    reading: Reading,
    backend: AtomicI32,
    /// Messages that ask the server to say when it is ready, and its answers to them.
    syncs: u64,
    readies: u64,
    /// The client gets no answer any more; once that many have come, the connection breaks.
    lost_after: Option<u64>,
    /// Happens once the server has all that it needs to begin.
    then: Option<Call>,
}

impl Session {
    async fn pass_on(&mut self, frame: Bytes, shared: &Shared) -> io::Result<bool> {
        let phase = self.reading.phase(&frame);
        let fault = shared.plan.lock().unwrap().on_client(phase);
        if let Some((at, wire_fault)) = fault {
            shared.injected.count_fault(at, wire_fault, phase);
            match wire_fault {
                WireFault::CutBefore => return Ok(false),
                WireFault::CutHalf => {
                    self.to_server.write_all(&frame[..frame.len() / 2]).await?;
                    return Ok(false);
                }
                WireFault::CutAtOnce => {
                    self.to_server.write_all(&frame).await?;
                    self.to_server.write_all(&self.from_client.rest()).await?;
                    return Ok(false);
                }
                WireFault::CutAfter => self.lost_after = Some(self.syncs + 1),
                WireFault::Orphan(late) => return self.orphan(frame, late).await,
                // Sleeps: the stall is the fault.
                WireFault::Stall(time) => tokio::time::sleep(time).await,
                WireFault::Before(call) => (shared.calls)(call, self.backend()).await,
                WireFault::After(call) => self.then = Some(call),
            }
        }
        if matches!(frame[0], b'Q' | b'S') && phase != Some(Phase::Connect) {
            self.syncs += 1;
        }
        self.to_server.write_all(&frame).await?;
        if matches!(frame[0], b'Q' | b'S' | b'd' | b'c')
            && let Some(call) = self.then.take()
        {
            (shared.calls)(call, self.backend()).await;
        }
        Ok(true)
    }

    async fn answer(&mut self, frame: Bytes, shared: &Shared) -> io::Result<bool> {
        match frame[0] {
            b'K' => self.backend.store((&frame[5..]).get_i32(), Ordering::Relaxed),
            b'Z' => self.readies += 1,
            // In a COPY the sync that came with its start is passed over.
            b'G' => self.syncs -= 1,
            _ => {}
        }
        if let Some(readies) = self.lost_after {
            // The login ends in a ReadyForQuery without a Sync.
            return Ok(self.readies <= readies && frame[0] != b'G');
        }
        let fault = shared.plan.lock().unwrap().on_server();
        if let Some((at, wire_fault)) = fault {
            shared.injected.count_fault(at, wire_fault, None);
            match wire_fault {
                WireFault::CutHalf => {
                    self.to_client.write_all(&frame[..frame.len() / 2]).await?;
                    return Ok(false);
                }
                // Sleeps: the stall is the fault.
                WireFault::Stall(time) => tokio::time::sleep(time).await,
                WireFault::Before(call) | WireFault::After(call) => {
                    (shared.calls)(call, self.backend()).await;
                }
                _ => return Ok(false),
            }
        }
        self.to_client.write_all(&frame).await?;
        Ok(true)
    }

    fn backend(&self) -> i32 {
        self.backend.load(Ordering::Relaxed)
    }

    async fn orphan(&mut self, frame: Bytes, late: Duration) -> io::Result<bool> {
        let rest = self.from_client.rest();
        self.to_client.shutdown().await?;
        // Sleeps: the network delivers the rest so much later.
        tokio::time::sleep(late).await;
        self.to_server.write_all(&frame).await?;
        self.to_server.write_all(&rest).await?;
        // Until the backend is terminated.
        while self.from_server.next().await?.is_some() {}
        Ok(false)
    }
}
