//! Cuts one side of a Postgres session into whole protocol messages, and names the loader's step that
//! each message belongs to.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::collections::HashMap;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

/// What a message of the loader's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    Connect,
    Open,
    Claim,
    Begin,
    BeginBatch,
    CopyStart,
    CopyData,
    CopyDone,
    Savepoint,
    Replace,
    Rejects,
    Checkpoint,
    Finish,
    Commit,
    Rollback,
    Settle,
    Fail,
    Totals,
    Release,
    Other,
}

/// A statement that begins with or holds these words.
const WORDS: &[(&str, Phase)] = &[
    ("stardrop.claim(", Phase::Claim),
    ("stardrop.begin_batch(", Phase::BeginBatch),
    ("stardrop.begin_batch_ahead(", Phase::BeginBatch),
    ("stardrop.checkpoint(", Phase::Checkpoint),
    ("stardrop.finish(", Phase::Finish),
    ("stardrop.reject_rows(", Phase::Rejects),
    ("stardrop.mark_skipped(", Phase::Settle),
    ("stardrop.fail(", Phase::Fail),
    ("stardrop.totals(", Phase::Totals),
    ("stardrop.release(", Phase::Release),
    ("stardrop.release_finished(", Phase::Release),
    ("staging.open_", Phase::Open),
    ("staging.replace_", Phase::Replace),
    ("copy pg_temp.", Phase::CopyStart),
    ("begin", Phase::Begin),
    ("commit", Phase::Commit),
    ("rollback", Phase::Rollback),
    ("savepoint", Phase::Savepoint),
];

fn phase_of(sql: &[u8]) -> Phase {
    let sql = String::from_utf8_lossy(sql);
    let word = WORDS.iter().find(|(word, _)| sql.contains(word));
    word.map_or(Phase::Other, |(_, phase)| *phase)
}

/// Reads messages from one side. Nothing is lost where waiting for the next one is given up.
pub struct Frames {
    half: OwnedReadHalf,
    buffer: BytesMut,
    /// The first message of a client has no type.
    untyped: bool,
}

impl Frames {
    pub fn of_client(half: OwnedReadHalf) -> Frames {
        Frames { half, buffer: BytesMut::new(), untyped: true }
    }

    pub fn of_server(half: OwnedReadHalf) -> Frames {
        Frames { half, buffer: BytesMut::new(), untyped: false }
    }

    /// The next whole message; `None` where the side has closed.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let head = usize::from(!self.untyped);
            if let Some(mut length) = self.buffer.get(head..head + 4) {
                let size = head + length.get_u32() as usize;
                if self.buffer.len() >= size {
                    self.untyped = false;
                    return Ok(Some(self.buffer.split_to(size).freeze()));
                }
            }
            if self.half.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// What came after the last message.
    pub fn rest(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }
}

/// Follows what a client does.
#[derive(Default)]
pub struct Reading {
    statements: HashMap<Vec<u8>, Phase>,
    connected: bool,
}

impl Reading {
    /// What this message does, where it is the one that does it: a statement that is only being
    /// prepared does nothing yet.
    pub fn phase(&mut self, frame: &[u8]) -> Option<Phase> {
        if !std::mem::replace(&mut self.connected, true) {
            return Some(Phase::Connect);
        }
        let (head, body) = frame.split_at(5);
        let mut texts = body.split(|byte| *byte == 0);
        match head[0] {
            b'Q' => Some(phase_of(texts.next()?)),
            b'P' => {
                let (name, sql) = (texts.next()?, texts.next()?);
                self.statements.insert(name.to_vec(), phase_of(sql));
                None
            }
            b'B' => {
                let (_portal, name) = (texts.next()?, texts.next()?);
                Some(self.statements.get(name).copied().unwrap_or(Phase::Other))
            }
            b'd' => Some(Phase::CopyData),
            b'c' => Some(Phase::CopyDone),
            _ => None,
        }
    }
}
