//! Zip: a zip archive with one file in, that file out.
//!
//! Read from front to back, as a stream: each entry's own header says where it starts. What comes
//! after the one file must be folders, macOS' `__MACOSX` notes or the directory at the end.
//! Source: APPNOTE.TXT 6.3.10, 4.3. By hand, since the libraries want to seek or to block.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::codec::{Codec, Progress};

const HEADER_BYTES: usize = 30;
const ENTRY: &[u8] = b"PK\x03\x04";
/// The directory, its 64 bit record, its end: from here on nothing is a file.
const AFTER: [&[u8]; 4] = [b"PK\x01\x02", b"PK\x06\x06", b"PK\x05\x06", b"PK\x06\x08"];
const END: &[u8] = b"PK\x05\x06";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// Where in the archive the reader stands.
enum State {
    /// Before an entry's header; its bytes so far are gathered.
    Header,
    File(Entry),
    /// Before the sizes and the checksum that may follow a file.
    Descriptor(Entry),
    /// In the directory, before its end record.
    Directory,
    /// Past the mark of the end record.
    End,
}

struct Entry {
    inflate: Option<Decompress>,
    /// Of a file that is stored as it is: so many bytes are left.
    left: u64,
    zip64: bool,
    has_descriptor: bool,
    crc: u32,
    found: Crc,
    /// Whether its bytes are wanted.
    wanted: bool,
}

pub(super) struct Zip {
    state: State,
    gathered: Vec<u8>,
    has_file: bool,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let pair = bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok());
    u16::from_le_bytes(pair.unwrap_or_default())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    u32::from_le_bytes(four.unwrap_or_default())
}

impl Zip {
    pub fn new() -> Zip {
        Zip { state: State::Header, gathered: Vec::new(), has_file: false }
    }

    /// Gathers until there are `wanted` bytes; how many were taken, and whether they are all there.
    fn gather(&mut self, input: &[u8], wanted: usize) -> (usize, bool) {
        let taken = wanted.saturating_sub(self.gathered.len()).min(input.len());
        self.gathered.extend_from_slice(input.get(..taken).unwrap_or_default());
        (taken, self.gathered.len() >= wanted)
    }

    fn header(&mut self, input: &[u8]) -> Result<usize, String> {
        let (mut read, mut whole) = self.gather(input, 4);
        if !whole {
            return Ok(read);
        }
        if AFTER.contains(&self.gathered.get(..4).unwrap_or_default()) {
            self.state = State::Directory;
            self.directory(&[]);
            return Ok(read);
        }
        if !self.gathered.starts_with(ENTRY) {
            return Err("expected the header of an entry".to_owned());
        }
        for wanted in [HEADER_BYTES, 0] {
            let variable =
                usize::from(u16_at(&self.gathered, 26)) + usize::from(u16_at(&self.gathered, 28));
            let wanted = if wanted > 0 { wanted } else { HEADER_BYTES + variable };
            let (more, all) = self.gather(input.get(read..).unwrap_or_default(), wanted);
            (read, whole) = (read + more, all);
            if !whole {
                return Ok(read);
            }
        }
        let entry = self.entry()?;
        self.gathered.clear();
        self.state = State::File(entry);
        Ok(read)
    }

    fn entry(&mut self) -> Result<Entry, String> {
        let header = &self.gathered;
        let (flags, method) = (u16_at(header, 6), u16_at(header, 8));
        let name_end = HEADER_BYTES + usize::from(u16_at(header, 26));
        let name = header.get(HEADER_BYTES..name_end).unwrap_or_default();
        let is_folder = name.ends_with(b"/");
        let wanted = !is_folder && !name.starts_with(b"__MACOSX/");
        if [&b"[Content_Types].xml"[..], b"xl/", b"_rels/", b"docProps/", b"mimetype"]
            .iter()
            .any(|of_office| name.starts_with(of_office))
        {
            return Err("it is an Excel workbook: set [file] format = \"xlsx\"".to_owned());
        }
        if wanted && std::mem::replace(&mut self.has_file, true) {
            return Err("it holds several files: a zip archive must hold one".to_owned());
        }
        if flags & 1 != 0 {
            return Err("it is encrypted".to_owned());
        }
        let has_descriptor = flags & 8 != 0;
        let (compressed, zip64) = self.compressed_size(name_end);
        let inflate = match method {
            0 if has_descriptor && !is_folder => {
                return Err("a file is stored without its size".to_owned());
            }
            0 => None,
            8 => Some(Decompress::new(false)),
            other => return Err(format!("compression method {other} is not read: use deflate")),
        };
        Ok(Entry {
            inflate,
            left: if is_folder && has_descriptor { 0 } else { compressed },
            zip64,
            has_descriptor,
            crc: u32_at(&self.gathered, 14),
            found: Crc::new(),
            wanted,
        })
    }

    /// The compressed size, from the 64 bit field where the other is full, and whether there is one.
    fn compressed_size(&self, extra_start: usize) -> (u64, bool) {
        let (compressed, size) = (u32_at(&self.gathered, 18), u32_at(&self.gathered, 22));
        let mut extra = self.gathered.get(extra_start..).unwrap_or_default();
        while extra.len() >= 4 {
            let length = usize::from(u16_at(extra, 2));
            let body = extra.get(4..4 + length).unwrap_or_default();
            if u16_at(extra, 0) == 1 {
                let at = if size == u32::MAX { 8 } else { 0 };
                let low = u64::from(u32_at(body, at)) | u64::from(u32_at(body, at + 4)) << 32;
                return (if compressed == u32::MAX { low } else { compressed.into() }, true);
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
        (compressed.into(), false)
    }

    fn file(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        let State::File(entry) = &mut self.state else { return Ok(Progress::default()) };
        let (mut progress, done) = match &mut entry.inflate {
            Some(inflate) => {
                let (read, written) = (inflate.total_in(), inflate.total_out());
                let status = inflate
                    .decompress(input, output, FlushDecompress::None)
                    .map_err(|error| error.message().unwrap_or("damaged data").to_owned())?;
                let read = (inflate.total_in() - read) as usize;
                let written = (inflate.total_out() - written) as usize;
                (Progress { read, written }, status == Status::StreamEnd)
            }
            None => {
                let space = input.len().min(output.len()) as u64;
                let count = entry.left.min(space) as usize;
                if let (Some(to), Some(from)) = (output.get_mut(..count), input.get(..count)) {
                    to.copy_from_slice(from);
                }
                entry.left -= count as u64;
                (Progress { read: count, written: count }, entry.left == 0)
            }
        };
        entry.found.update(output.get(..progress.written).unwrap_or_default());
        if !entry.wanted {
            progress.written = 0;
        }
        if done {
            let State::File(entry) = std::mem::replace(&mut self.state, State::Header) else {
                return Ok(progress);
            };
            if entry.has_descriptor {
                self.state = State::Descriptor(entry);
            } else if entry.crc != entry.found.sum() {
                return Err("its checksum does not fit".to_owned());
            }
        }
        Ok(progress)
    }

    /// Looks for the mark of the record that ends the archive, which may come in parts.
    fn directory(&mut self, input: &[u8]) -> usize {
        self.gathered.extend_from_slice(input);
        if memchr::memmem::find(&self.gathered, END).is_some() {
            self.state = State::End;
        }
        self.gathered.drain(..self.gathered.len().saturating_sub(END.len() - 1));
        input.len()
    }

    /// The checksum and the sizes that follow a file, with or without a mark before them.
    fn descriptor(&mut self, input: &[u8]) -> Result<usize, String> {
        let (mut read, whole) = self.gather(input, 4);
        let State::Descriptor(entry) = &self.state else { return Ok(0) };
        if !whole {
            return Ok(read);
        }
        let (zip64, found) = (entry.zip64, entry.found.sum());
        let mark = if self.gathered.starts_with(DESCRIPTOR) { 4 } else { 0 };
        let wanted = mark + if zip64 { 20 } else { 12 };
        let (more, whole) = self.gather(input.get(read..).unwrap_or_default(), wanted);
        read += more;
        if whole {
            if u32_at(&self.gathered, mark) != found {
                return Err("its checksum does not fit".to_owned());
            }
            self.gathered.clear();
            self.state = State::Header;
        }
        Ok(read)
    }
}

impl Codec for Zip {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, String> {
        if let State::File(Entry { inflate: None, left: 0, .. }) = self.state {
            self.file(input, output)?;
        }
        match self.state {
            State::Header => Ok(Progress { read: self.header(input)?, written: 0 }),
            State::File(_) => self.file(input, output),
            State::Descriptor(_) => Ok(Progress { read: self.descriptor(input)?, written: 0 }),
            State::Directory => Ok(Progress { read: self.directory(input), written: 0 }),
            State::End => Ok(Progress { read: input.len(), written: 0 }),
        }
    }

    fn at_stream_end(&self) -> bool {
        matches!(self.state, State::End)
    }
}
