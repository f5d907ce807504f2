//! The csv-spectrum files: what is known to trip csv readers, with what it means in JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use stardrop::records::{CsvOptions, CsvReader, Record, RecordReader, Step};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/csv/csv-spectrum")
}

fn objects(bytes: &[u8], chunk_bytes: usize) -> Value {
    let mut reader = CsvReader::new(CsvOptions::default());
    let (mut record, mut chunks) = (Record::new(), bytes.chunks(chunk_bytes));
    let (mut header, mut rows) = (Vec::new(), Vec::new());
    loop {
        match reader.next(&mut record).expect("a readable file") {
            Step::NeedMore => match chunks.next() {
                Some(chunk) => reader.push(chunk),
                None => reader.end(),
            },
            Step::End => return Value::Array(rows),
            Step::Record => {
                let fields = record.iter().map(|field| String::from_utf8_lossy(field).into_owned());
                if record.is_header() {
                    header = fields.collect();
                } else {
                    assert_eq!(record.len(), header.len());
                    let values = fields.map(Value::String);
                    rows.push(Value::Object(
                        header.iter().cloned().zip(values).collect::<Map<_, _>>(),
                    ));
                }
            }
        }
    }
}

#[test]
fn every_file_of_csv_spectrum_means_what_its_json_says() {
    let folder = folder();
    if !folder.is_dir() {
        println!("SKIPPED: {} is missing", folder.display());
        eprintln!("SKIPPED: {} is missing", folder.display());
        return;
    }
    let mut files = 0;
    for entry in fs::read_dir(folder.join("csvs")).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a readable file");
        let json = fs::read(folder.join("json").join(format!("{name}.json"))).expect("its json");
        let mut expected: Value = serde_json::from_slice(&json).expect("json");
        if name == "location_coordinates" {
            // Published as one object, with another phone number than its csv.
            expected["Contact Phone Number"] = "2095257564".into();
            expected = Value::Array(vec![expected]);
        }
        for chunk_bytes in [1, 7, 1 << 20] {
            assert_eq!(objects(&bytes, chunk_bytes), expected, "{name} by {chunk_bytes}");
        }
        files += 1;
    }
    assert_eq!(files, 12);
}
