//! Times the way from the bytes of a generated sales file to lines of COPY text: one core, no database.
//!
//! It takes the loader's own modules: decode, records, rows. For comparison, the `csv` crate parses the
//! same bytes, and checks and writes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::hint::black_box;
use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use stardrop::dataset::Dataset;
use stardrop::dataset_files;
use stardrop::decode::{DecodeOptions, Decoded, Decoder};
use stardrop::mock::{self, MockFile};
use stardrop::records::{CsvOptions, Format, ReaderOptions, Record, RecordReader, Step};
use stardrop::rows::{Header, RowWriter};

const ROWS: u64 = 200_000;
/// About what S3's client returns at once.
const CHUNK_BYTES: usize = 64 << 10;
/// The number of bytes that the loader sends to Postgres at once.
const SEND_BYTES: usize = 128 << 10;

/// The dataset and the bytes of its file.
static SALES: LazyLock<(Dataset, Bytes)> = LazyLock::new(|| {
    let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let catalog = dataset_files::read(&datasets).unwrap();
    let dataset = catalog.dataset("sales").unwrap();
    let mut file = MockFile::new(mock::columns(dataset, ROWS), ROWS, 1, 0.0, b',').unwrap();
    let mut text = Vec::new();
    while file.write_chunk(&mut text).unwrap() {}
    (dataset.clone(), text.into())
});

/// Does all that the loader does between S3 and Postgres. Returns the number of rows, and of the bytes
/// of their lines.
fn to_copy_lines(dataset: &Dataset, file: &Bytes, buffer: &mut Vec<u8>) -> (u64, u64) {
    let options = ReaderOptions { csv: CsvOptions::default(), ..ReaderOptions::default() };
    let mut reader = Format::from_name("csv").unwrap().open_stream(&options).unwrap();
    let mut decoder = Decoder::new(DecodeOptions::default());
    let (mut at, mut record, mut writer) = (0, Record::new(), None);
    let (mut rows, mut sent) = (0, 0);
    loop {
        match reader.next(&mut record).unwrap() {
            Step::Record => match &writer {
                None => writer = Some(writer_for(dataset, &record)),
                Some(writer) => {
                    writer.write(&record, buffer).unwrap();
                    rows += 1;
                    if buffer.len() >= SEND_BYTES {
                        sent += black_box(&*buffer).len() as u64;
                        buffer.clear();
                    }
                }
            },
            Step::NeedMore => feed(&mut *reader, &mut decoder, file, &mut at),
            Step::End => {
                sent += black_box(&*buffer).len() as u64;
                buffer.clear();
                return (rows, sent);
            }
        }
    }
}

fn writer_for(dataset: &Dataset, header: &Record) -> RowWriter {
    let names: Vec<&str> = header.iter().map(|name| std::str::from_utf8(name).unwrap()).collect();
    RowWriter::new(dataset, &Header::by_name(dataset, &names).unwrap(), "")
}

/// Pushes the next bytes to the reader.
fn feed(reader: &mut dyn RecordReader, decoder: &mut Decoder, file: &Bytes, at: &mut usize) {
    loop {
        match decoder.next().unwrap() {
            Decoded::Bytes(bytes) => return reader.push(&bytes),
            Decoded::End => return reader.end(),
            Decoded::NeedMore if *at == file.len() => decoder.end(),
            Decoded::NeedMore => {
                let end = (*at + CHUNK_BYTES).min(file.len());
                decoder.push(file.slice(*at..end));
                *at = end;
            }
        }
    }
}

fn csv_pass(file: &Bytes) -> u64 {
    let (mut reader, mut record) = (csv::Reader::from_reader(&file[..]), csv::ByteRecord::new());
    let mut fields = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        fields += record.len() as u64;
    }
    fields
}

#[divan::bench(name = "stardrop: decode, parse, check, encode", sample_count = 20, sample_size = 1)]
fn stardrop(bencher: Bencher<'_, '_>) {
    let (dataset, file) = &*SALES;
    let mut buffer = Vec::with_capacity(2 * SEND_BYTES);
    let (rows, _) = to_copy_lines(dataset, file, &mut buffer);
    assert_eq!(rows, ROWS, "no row is rejected");
    bencher
        .counter(BytesCount::new(file.len()))
        .bench_local(|| to_copy_lines(dataset, black_box(file), &mut buffer));
}

#[divan::bench(name = "csv crate: parse alone", sample_count = 20, sample_size = 1)]
fn csv_crate(bencher: Bencher<'_, '_>) {
    let (_, file) = &*SALES;
    bencher.counter(BytesCount::new(file.len())).bench_local(|| csv_pass(black_box(file)));
}

fn main() {
    divan::main();
}
