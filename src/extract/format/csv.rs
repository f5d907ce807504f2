//! CSV: rows as sources send them, behind a header, compressed as a whole.

use std::io::Write;

use super::super::compress::Compressor;
use super::{FileWriter, Format, unwritten};
use crate::error::Result;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    is_compressed_whole: true,
    about_nulls: "The files quote every text, so that the word NULL and an empty text are no nulls.",
    begin: |start| {
        let compressor = Compressor::new(start.compression, start.out).map_err(unwritten)?;
        Ok(Box::new(CsvFile { compressor, header: start.header.to_vec() }))
    },
};

struct CsvFile {
    compressor: Compressor<Box<dyn Write + Send>>,
    /// Until it is written, which may block the thread.
    header: Vec<u8>,
}

impl FileWriter for CsvFile {
    fn push(&mut self, rows: &[u8]) -> Result<()> {
        let header = std::mem::take(&mut self.header);
        self.compressor.push(&header).map_err(unwritten)?;
        self.compressor.push(rows).map_err(unwritten)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.push(&[])?;
        self.compressor.finish().map(drop).map_err(unwritten)
    }
}
