//! zip: decompresses the one file of a zip archive.
//!
//! The archive is read from front to back, as a stream: the header before each entry says what
//! follows. Besides the one file it may hold only folders and what macOS adds (`__MACOSX`, `.DS_Store`).
//! Source: APPNOTE.TXT 6.3.10, 4.3. Written by hand because the libraries seek or block.

use flate2::{FlushDecompress, Status};

use super::{Codec, CodecError, Compression, Progress};
pub(in crate::decode) use directory::{check_around, check_directory, check_tail};
pub(in crate::decode) use entry::is_ignored;
use entry::{Entry, HEADER_BYTES, u16_at, u32_at};

mod directory;
mod entry;

pub(super) const COMPRESSION: Compression = Compression {
    name: "zip",
    suffixes: &["zip"],
    matches: |start| start.starts_with(ENTRY),
    codec: || Ok(Box::new(Zip::new())),
};

pub(in crate::decode) const ENTRY: &[u8] = b"PK\x03\x04";
/// What begins a record of the central directory, after which no file follows.
const AFTER: [&[u8]; 4] = [b"PK\x01\x02", b"PK\x06\x06", b"PK\x05\x06", b"PK\x06\x08"];
/// The message for an archive that holds more than one file.
const SEVERAL_FILES: &str =
    "the zip archive holds several files: put exactly one file into an archive";

/// The message for an object that is not one archive and no more.
const AROUND: &str = "something else is before or behind the zip archive, such as another archive: upload \
                      each archive as an object of its own";

const END: &[u8] = b"PK\x05\x06";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// Which part of the archive comes next.
enum State {
    /// An entry's header, whose first bytes may be gathered already.
    Header,
    File(Entry),
    /// The sizes and the checksum that may follow a file.
    Descriptor(Entry),
    /// The central directory, up to the mark of its end record.
    Directory,
    /// What follows that mark.
    End,
}

struct Zip {
    state: State,
    gathered: Vec<u8>,
    has_file: bool,
}

impl Zip {
    fn new() -> Zip {
        Zip { state: State::Header, gathered: Vec::new(), has_file: false }
    }

    /// Gathers up to `wanted` bytes. Returns how many it took from `input`, and whether all are
    /// gathered now.
    fn gather(&mut self, input: &[u8], wanted: usize) -> (usize, bool) {
        let taken = wanted.saturating_sub(self.gathered.len()).min(input.len());
        self.gathered.extend_from_slice(input.get(..taken).unwrap_or_default());
        (taken, self.gathered.len() >= wanted)
    }

    fn header(&mut self, input: &[u8]) -> Result<usize, CodecError> {
        let (mut read, mut complete) = self.gather(input, 4);
        if !complete {
            return Ok(read);
        }
        if AFTER.contains(&self.gathered.get(..4).unwrap_or_default()) {
            if !self.has_file {
                return Err(CodecError::Refused("the zip archive holds no file".to_owned()));
            }
            self.state = State::Directory;
            self.directory(&[]);
            return Ok(read);
        }
        if !self.gathered.starts_with(ENTRY) {
            return Err("expected the header of an entry".to_owned().into());
        }
        for wanted in [HEADER_BYTES, 0] {
            let variable =
                usize::from(u16_at(&self.gathered, 26)) + usize::from(u16_at(&self.gathered, 28));
            let wanted = if wanted > 0 { wanted } else { HEADER_BYTES + variable };
            let (more, all) = self.gather(input.get(read..).unwrap_or_default(), wanted);
            (read, complete) = (read + more, all);
            if !complete {
                return Ok(read);
            }
        }
        let entry = Entry::parse(&self.gathered).map_err(CodecError::Refused)?;
        if entry.wanted && std::mem::replace(&mut self.has_file, true) {
            return Err(CodecError::Refused(SEVERAL_FILES.to_owned()));
        }
        self.gathered.clear();
        self.state = State::File(entry);
        Ok(read)
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
                return Err("its checksum does not match".to_owned());
            }
        }
        Ok(progress)
    }

    /// Looks for the mark of the record that ends the archive, also across two inputs.
    fn directory(&mut self, input: &[u8]) -> usize {
        self.gathered.extend_from_slice(input);
        if memchr::memmem::find(&self.gathered, END).is_some() {
            self.state = State::End;
        }
        self.gathered.drain(..self.gathered.len().saturating_sub(END.len() - 1));
        input.len()
    }

    /// Reads the checksum and the sizes that follow a file, with or without a mark before them.
    fn descriptor(&mut self, input: &[u8]) -> Result<usize, String> {
        let (mut read, complete) = self.gather(input, 4);
        let State::Descriptor(entry) = &self.state else { return Ok(0) };
        if !complete {
            return Ok(read);
        }
        let (zip64, found) = (entry.zip64, entry.found.sum());
        let mark = if self.gathered.starts_with(DESCRIPTOR) { 4 } else { 0 };
        let wanted = mark + if zip64 { 20 } else { 12 };
        let (more, complete) = self.gather(input.get(read..).unwrap_or_default(), wanted);
        read += more;
        if complete {
            if u32_at(&self.gathered, mark) != found {
                return Err("its checksum does not match".to_owned());
            }
            self.gathered.clear();
            self.state = State::Header;
        }
        Ok(read)
    }
}

impl Codec for Zip {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, CodecError> {
        if let State::File(Entry { inflate: None, left: 0, .. }) = self.state {
            self.file(input, output)?;
        }
        match self.state {
            State::Header => Ok(Progress { read: self.header(input)?, written: 0 }),
            State::File(_) => Ok(self.file(input, output)?),
            State::Descriptor(_) => Ok(Progress { read: self.descriptor(input)?, written: 0 }),
            State::Directory => Ok(Progress { read: self.directory(input), written: 0 }),
            State::End => Ok(Progress { read: input.len(), written: 0 }),
        }
    }

    fn at_stream_end(&self) -> bool {
        matches!(self.state, State::End)
    }
}
