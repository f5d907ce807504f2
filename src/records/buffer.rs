//! Holds the bytes of a stream that a reader has not used yet, and knows their offset.

/// The byte order mark in UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What DOS and CP/M write at the end of a text file (Ctrl-Z).
pub(super) const END_OF_FILE: u8 = 0x1a;

/// The bytes of a file that are still to be read.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// How many of `bytes` have been used.
    used: usize,
    /// The offset in the stream of the first of `bytes`.
    offset: u64,
    ended: bool,
    expects_bom: bool,
}

impl Buffer {
    /// A buffer for the stream from its first byte on, where a byte order mark may be.
    pub fn new() -> Buffer {
        Buffer { expects_bom: true, ..Buffer::at(0) }
    }

    /// A buffer for the stream from byte `offset` on.
    pub fn at(offset: u64) -> Buffer {
        Buffer { bytes: Vec::new(), used: 0, offset, ended: false, expects_bom: false }
    }

    /// Adds the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        // To move the rest to the front once it is the smaller part costs each byte at most one
        // move, and keeps the buffer at twice the size of its content.
        if self.used >= self.bytes.len() - self.used {
            self.bytes.drain(..self.used);
            self.offset += self.used as u64;
            self.used = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Says that the stream has no more bytes. A Ctrl-Z at its end is no part of the file.
    pub fn end(&mut self) {
        while self.bytes.len() > self.used && self.bytes.last() == Some(&END_OF_FILE) {
            self.bytes.pop();
        }
        self.ended = true;
    }

    /// Whether the stream has no bytes after [`Buffer::rest`].
    #[inline]
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The bytes that are still to be read.
    #[inline]
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }

    /// The offset in the stream of the first byte of [`Buffer::rest`].
    #[inline]
    pub fn offset(&self) -> u64 {
        self.offset + self.used as u64
    }

    /// Marks the next `count` bytes as read, at most all of them.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) {
        self.used = self.bytes.len().min(self.used + count);
    }

    /// Skips the byte order mark at the start of the stream, if there is one. False: it takes more
    /// bytes to tell.
    #[inline]
    pub(crate) fn skip_bom(&mut self) -> bool {
        if self.expects_bom {
            let rest = self.rest();
            if rest.len() < BOM.len() && BOM.starts_with(rest) && !self.ended {
                return false;
            }
            let mark = if rest.starts_with(BOM) { BOM.len() } else { 0 };
            self.advance(mark);
            self.expects_bom = false;
        }
        true
    }

    /// The allocated size, for tests of memory.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
