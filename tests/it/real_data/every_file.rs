//! Real files: everything under csv and xlsx of the public data, with what became of it in a table.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use stardrop::dataset::Catalog;
use stardrop::decode::{DecodeOptions, Decoded, Decoder};
use stardrop::records::{CsvOptions, CsvReader, Format, ReaderOptions, Record, RecordReader, Step};

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, shared_data};

/// What a person would have to say of a file, in its `[file]`; all others are read without a word.
const OPTIONS: &[(&str, &str)] = &[
    ("csv/csvkit/no_header_row.csv", "header = false"),
    ("csv/csvkit/test_latin1.csv", "encoding = \"latin1\""),
    ("csv/csvkit/test_skip_lines.csv", "skip = 3"),
    ("csv/csvkit/optional_quote_characters.csv", "quote = \"'\""),
    ("csv/frictionless/latin1.csv", "encoding = \"latin1\""),
    ("csv/frictionless/without-headers.csv", "header = false"),
    ("csv/frictionless/escaping.csv", "escape = \"\\\\\""),
    ("csv/rust-csv/smallpop-no-headers.csv", "header = false"),
    ("csv/rust-csv/smallpop-colon.csv", "delimiter = \":\""),
    ("csv/rust-csv/uspop-latin1.csv", "encoding = \"latin1\""),
    ("csv/w3c-csvw/test152.csv", "header = false"),
    ("csv/papaparse/sample.csv", "header = false"),
    ("xlsx/readxl/deaths.xlsx", "skip = 4"),
    ("xlsx/readxl/deaths.xls", "skip = 4"),
];

fn files(folder: &Path, suffixes: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, suffixes, found);
        } else if path.extension().is_some_and(|s| suffixes.iter().any(|known| s == *known)) {
            found.push(path);
        }
    }
}

/// The first record of a file, as the loader would see it.
fn first_record(path: &Path, options: &str) -> Option<Vec<String>> {
    let bytes = std::fs::read(path).unwrap();
    let mut record = Record::new();
    let format = Format::from_key(path.to_str().unwrap()).unwrap();
    let mut reading = ReaderOptions::default();
    if let Some(lines) = options.strip_prefix("skip = ") {
        reading.csv.skip = lines.parse().unwrap();
    }
    if options == "delimiter = \":\"" {
        reading.csv.delimiter = stardrop::records::Delimiter::Byte(b':');
    }
    let mut reader = match format.open_stream(&reading) {
        Some(reader) => reader,
        None => {
            format.open_spooled(Box::new(std::io::Cursor::new(bytes.clone())), &reading)?.ok()?
        }
    };
    let latin = options.contains("latin1");
    let encoding = if latin { encoding_rs::WINDOWS_1252 } else { encoding_rs::UTF_8 };
    let mut decoder = Decoder::new(DecodeOptions { encoding, ..DecodeOptions::default() });
    decoder.push(bytes.into());
    decoder.end();
    loop {
        match reader.next(&mut record).ok()? {
            Step::Record => break,
            Step::End => return None,
            Step::NeedMore => match decoder.next().ok()? {
                Decoded::Bytes(bytes) => reader.push(&bytes),
                _ => reader.end(),
            },
        }
    }
    Some(record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
}

/// A contract that takes the first column by its name and keeps all others.
fn contract(name: &str, path: &Path, options: &str) -> String {
    let first = first_record(path, options).unwrap_or_default();
    let quote = |text: &str| serde_json::to_string(&text.replace('\0', "")).unwrap();
    let mut columns = String::new();
    if options.starts_with("header") {
        for place in 1..=first.len() {
            writeln!(columns, "c{place} = {{ type = \"text\" }}").unwrap();
        }
    } else {
        let spelling = first.first().map_or("none", String::as_str).trim();
        write!(columns, "c1 = {{ type = \"text\", from = [{}] }}", quote(spelling)).unwrap();
    }
    let names: Vec<String> =
        (1..=first.len().max(1)).map(|place| format!("\"c{place}\"")).collect();
    let kept = if options.starts_with("header") { names.join(", ") } else { "\"c1\"".to_owned() };
    format!(
        "name = \"{name}\"\nmatch = [\"{name}/**\"]\n[file]\n{options}\n[columns]\n{columns}\n\
         [policy]\nrejects = \"100%\"\n[fact.{name}]\ndegenerate = [{kept}]\n"
    )
}

struct Loaded {
    db: TestDatabase,
    /// File, its dataset, its options.
    files: Vec<(String, String, String, PathBuf)>,
    table: String,
}

/// Loads all files below a folder of the public data, each as a dataset of its own.
async fn load_all(folder: &str, suffixes: &[&str]) -> Option<Loaded> {
    let root = shared_data(folder)?;
    let mut paths = Vec::new();
    files(&root, suffixes, &mut paths);
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let file = path.strip_prefix(root.parent().unwrap()).unwrap().to_str().unwrap().to_owned();
        let name = format!("f{:03}", files.len());
        let options =
            OPTIONS.iter().find(|(known, _)| *known == file).map_or("", |(_, words)| words);
        files.push((file, name, options.to_owned(), path));
    }
    let contracts: Vec<(&str, String)> = files
        .iter()
        .map(|(_, name, options, path)| (name.as_str(), contract(name, path, options)))
        .collect();
    let contracts: Vec<(&str, &str)> =
        contracts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let catalog: Catalog = catalog_of(&contracts);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let mut loader = cloud.loader();
    let mut table = String::new();
    for (file, name, options, path) in &files {
        let key = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        let object = cloud.put_file(&key, path).await;
        let outcome = match loader.load(&object, Some(name)).await {
            Ok(report) => {
                let sql = format!(
                    "select r.source_line || ': ' || r.reason from stardrop.rejected_row r
                    where r.load_id = {} order by r.source_line limit 1",
                    report.load_id
                );
                let first = db.rows(&sql).await;
                let rows = db.text(&format!("select count(*) from star.fact_{name}")).await;
                let content = format!("select coalesce(md5(string_agg(t::text, '' order by t::text)), '') from
                    (select to_jsonb(f) - 'load_id' - 'source_load_id' - 'source_time' as t from star.fact_{name} f) t");
                let content = db.text(&content).await;
                format!(
                    "loaded | {rows} | {} | {first} | {}",
                    report.rows_rejected,
                    content.get(..8).unwrap_or("-")
                )
            }
            Err(error) => format!("{:?} | 0 | 0 | {} |", error.kind, error.message),
        };
        let options = if options.is_empty() { String::new() } else { format!(" ({options})") };
        writeln!(table, "{file}{options} | {outcome}").unwrap();
    }
    assert_balanced(&db).await;
    Some(Loaded { db, files, table })
}

/// The rows of a file by the star, as JSON.
async fn star_rows(db: &TestDatabase, name: &str, first: &str) -> Vec<serde_json::Value> {
    let sql = format!("select coalesce(jsonb_agg((coalesce(extra, '{{}}') || jsonb_build_object('{}', coalesce(c1, ''))) order by source_line), '[]')
        from star.fact_{name}", first.replace('\'', "''"));
    serde_json::from_str(&db.text(&sql).await).unwrap()
}

/// The rows of a file by csv-core, by name, and lines of the right width only.
fn by_csv_core(bytes: &[u8]) -> Option<(Vec<String>, Vec<serde_json::Value>)> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    let mut core = csv_core::Reader::new();
    let text = format!("{text}\n");
    let (mut rows, mut row, mut input) = (Vec::new(), Vec::new(), text.as_bytes());
    let mut field = vec![0; text.len() + 1];
    loop {
        let (result, read, written) = core.read_field(input, &mut field);
        input = &input[read..];
        match result {
            csv_core::ReadFieldResult::Field { record_end } => {
                row.push(String::from_utf8(field[..written].to_vec()).unwrap());
                if record_end {
                    rows.push(std::mem::take(&mut row));
                }
            }
            csv_core::ReadFieldResult::End => break,
            _ => {}
        }
    }
    let header = if rows.is_empty() { return None } else { rows.remove(0) };
    let mut unique: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    unique.sort();
    unique.dedup();
    if unique.len() < header.len() || unique.iter().any(String::is_empty) {
        return None;
    }
    let names: Vec<&str> = header.iter().map(|name| name.trim()).collect();
    // Delimiters at a line's end are no fields.
    let rest = |row: &Vec<String>| row.get(names.len()..).map(<[String]>::to_vec);
    let fits = |row: &&Vec<String>| rest(row).is_some_and(|rest| rest.iter().all(String::is_empty));
    let object = |row: &Vec<String>| {
        names
            .iter()
            .zip(row)
            .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
            .collect()
    };
    let rows = rows.iter().filter(fits).map(object).map(serde_json::Value::Object).collect();
    Some((header, rows))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_csv_file_loads_right_or_says_why_not() {
    let Some(Loaded { db, files, table }) = load_all("csv", &["csv"]).await else { return };
    insta::assert_snapshot!("csv_files", table);

    // No value changed: what the star holds is what another reader reads.
    let mut compared = 0;
    for (file, name, options, path) in &files {
        let bytes = std::fs::read(path).unwrap();
        let loaded = table.lines().any(|line| line.starts_with(&format!("{file} | loaded")));
        let mut reader = CsvReader::new(CsvOptions::default());
        reader.push(&bytes);
        reader.end();
        let comma = reader.next(&mut Record::new()).is_ok() && reader.delimiter() == Some(b",");
        let Some((header, expected)) = by_csv_core(&bytes) else { continue };
        if !loaded || !options.is_empty() || !comma || bytes.contains(&0) {
            continue;
        }
        // A text that means null is null; the comparison is of texts.
        let expected: Vec<_> = expected
            .into_iter()
            .map(|mut row| {
                if row[header[0].trim()] == "NULL" {
                    row[header[0].trim()] = "".into();
                }
                row
            })
            .collect();
        assert_eq!(star_rows(&db, name, header[0].trim()).await, expected, "{file}");
        compared += 1;
    }
    assert!(compared >= 40, "only {compared} of {} files were compared", files.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_workbook_loads_right_or_says_why_not() {
    let Some(Loaded { table, .. }) = load_all("xlsx", &["xlsx", "xls"]).await else { return };
    insta::assert_snapshot!("xlsx_files", table);
}
