//! CSV syntax: what quotes, line ends and delimiters mean, whatever the chunks in which the bytes arrive.

use serde_json::{Map, Value, json};
use stardrop::records::{CsvOptions, CsvReader, Record, RecordReader, Step};

/// The rows of a CSV file as a JSON array of objects, read in chunks of this size.
pub fn objects(bytes: &[u8], chunk_bytes: usize) -> Value {
    let mut reader = CsvReader::new(CsvOptions::default());
    let (mut record, mut chunks) = (Record::new(), bytes.chunks(chunk_bytes));
    let (mut header, mut rows) = (Vec::new(), Vec::new());
    loop {
        match reader.next(&mut record).unwrap() {
            Step::NeedMore => match chunks.next() {
                Some(chunk) => reader.push(chunk),
                None => reader.end(),
            },
            Step::End => return Value::Array(rows),
            Step::Record => {
                let fields = record.iter().map(|field| String::from_utf8_lossy(field).into_owned());
                if header.is_empty() {
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
fn a_csv_file_means_the_same_in_chunks_of_any_size() {
    let files = [
        ("a,b,c\n1,2,3\n", json!([{ "a": "1", "b": "2", "c": "3" }])),
        ("a,b,c\r\n1,2,3\r\n", json!([{ "a": "1", "b": "2", "c": "3" }])),
        ("a,b\r1,2\r", json!([{ "a": "1", "b": "2" }])),
        ("a,b\n1,2", json!([{ "a": "1", "b": "2" }])),
        ("a,b\n1,\"x, y\"\n", json!([{ "a": "1", "b": "x, y" }])),
        ("a,b\n1,\"x \"\"y\"\" z\"\n", json!([{ "a": "1", "b": "x \"y\" z" }])),
        ("a,b\n1,\"{\"\"n\"\": [1, 2]}\"\n", json!([{ "a": "1", "b": "{\"n\": [1, 2]}" }])),
        ("a,b\n1,\"x\ny\"\n2,z\n", json!([{ "a": "1", "b": "x\ny" }, { "a": "2", "b": "z" }])),
        ("a,b\r\n1,\"x\r\ny\"\r\n", json!([{ "a": "1", "b": "x\r\ny" }])),
        ("a,b\n1,\"\"\"x\n\"\"\"\n", json!([{ "a": "1", "b": "\"x\n\"" }])),
        (
            "a,b\n1,\n,2\n\"\",\"\"\n",
            json!([
                { "a": "1", "b": "" }, { "a": "", "b": "2" }, { "a": "", "b": "" },
            ]),
        ),
        ("a,b\n\u{fe}\u{2665},\u{1f600}\n", json!([{ "a": "\u{fe}\u{2665}", "b": "\u{1f600}" }])),
        ("\"a\nb\",\"c,d\"\n1,2\n", json!([{ "a\nb": "1", "c,d": "2" }])),
    ];
    for (text, expected) in files {
        for chunk_bytes in [1, 2, 3, 7, 1 << 20] {
            let found = objects(text.as_bytes(), chunk_bytes);
            assert_eq!(found, expected, "{text:?} in chunks of {chunk_bytes}");
        }
    }
}
