//! Loads files of any content, each as a separate dataset, and lists in a table what became of each.

use std::fmt::Write as _;

use stardrop::decode::{DecodeOptions, Decoded, Decoder};
use stardrop::records::{
    CsvOptions, CsvReader, Delimiter, Format, ReaderOptions, Record, RecordReader, Step,
};

use super::cloud::Cloud;
use super::star_content::assert_balanced;
use super::{TestDatabase, catalog_of};

/// A file to load, with what its contract's `[file]` has to say of it.
pub struct TestFile {
    pub name: String,
    pub options: String,
    pub bytes: Vec<u8>,
}

/// What became of the files, in their order: file `n` is dataset `f<n>`, in three digits.
pub struct Loaded {
    pub db: TestDatabase,
    pub files: Vec<TestFile>,
    pub table: String,
}

impl TestFile {
    /// The first record of the file, as the loader sees it.
    fn first_record(&self) -> Option<Vec<String>> {
        let mut record = Record::new();
        let format = Format::from_key(&self.name).unwrap();
        let mut reading = ReaderOptions::default();
        if let Some(lines) = self.options.strip_prefix("skip = ") {
            reading.csv.skip = lines.parse().unwrap();
        }
        if self.options == "delimiter = \":\"" {
            reading.csv.delimiter = Delimiter::Byte(b':');
        }
        let bytes = self.bytes.clone();
        let mut reader = match format.open_stream(&reading) {
            Some(reader) => reader,
            None => format
                .open_spooled(Box::new(std::io::Cursor::new(bytes.clone())), &reading)?
                .ok()?,
        };
        let latin = self.options.contains("latin1");
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
    fn contract(&self, name: &str) -> String {
        let TestFile { options, .. } = self;
        let first = self.first_record().unwrap_or_default();
        let quote = |text: &str| serde_json::to_string(&text.replace('\0', "")).unwrap();
        let mut columns = String::new();
        if options.starts_with("header") {
            for number in 1..=first.len() {
                writeln!(columns, "c{number} = {{ type = \"text\" }}").unwrap();
            }
        } else {
            let spelling = first.first().map_or("none", String::as_str).trim();
            write!(columns, "c1 = {{ type = \"text\", from = [{}] }}", quote(spelling)).unwrap();
        }
        let names: Vec<String> =
            (1..=first.len().max(1)).map(|number| format!("\"c{number}\"")).collect();
        let kept =
            if options.starts_with("header") { names.join(", ") } else { "\"c1\"".to_owned() };
        format!(
            "name = \"{name}\"\nmatch = [\"{name}/**\"]\n[file]\n{options}\n[columns]\n{columns}\n\
             [policy]\nrejects = \"100%\"\n[fact.{name}]\ndegenerate = [{kept}]\n"
        )
    }
}

fn dataset(number: usize) -> String {
    format!("f{number:03}")
}

impl Loaded {
    /// Loads all files.
    pub async fn of(files: Vec<TestFile>) -> Loaded {
        let names: Vec<String> = (0..files.len()).map(dataset).collect();
        let texts: Vec<String> =
            files.iter().zip(&names).map(|(file, name)| file.contract(name)).collect();
        let contracts: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
        let catalog = catalog_of(&contracts);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        let mut loader = cloud.loader();
        let mut table = String::new();
        for (file, name) in files.iter().zip(&names) {
            let TestFile { name: shown, options, bytes } = file;
            let key = format!("{name}/{}", shown.rsplit('/').next().unwrap());
            let object = cloud.put(&key, bytes.clone()).await;
            let outcome = match loader.load(&object, Some(name)).await {
                Ok(report) => {
                    let sql = format!(
                        "select r.source_line || ': ' || r.reason from stardrop.rejected_row r
                        where r.load_id = {} order by r.source_line limit 1",
                        report.load_id.unwrap()
                    );
                    let first = db.rows(&sql).await;
                    let rows = db.text(&format!("select count(*) from star.fact_{name}")).await;
                    let content = format!(
                        "select coalesce(md5(string_agg(t::text, '' order by t::text)), '') from
                        (select to_jsonb(f) - 'load_id' as t from star.fact_{name} f) t"
                    );
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
            writeln!(table, "{shown}{options} | {outcome}").unwrap();
        }
        assert_balanced(&db).await;
        Loaded { db, files, table }
    }

    /// What the star holds of a file: a line for each row, with its line number and its fields.
    pub async fn content(&self, number: usize) -> String {
        let sql = format!(
            "select coalesce(string_agg(source_line || ': ' || fields, e'\\n' order by source_line), '')
             from (select source_line, (coalesce(nullif(to_jsonb(f) -> 'extra', 'null'), '{{}}') || jsonb_strip_nulls(to_jsonb(f)
                 - 'extra' - 'load_id' - 'source_line'))::text as fields
                 from star.fact_{} f) t",
            dataset(number)
        );
        self.db.text(&sql).await
    }

    /// Compares what the star holds of the files with what csv-core reads in them, wherever csv-core
    /// can read a file: comma-separated UTF-8 with a header of unique names. Returns the number of
    /// files that it compared.
    pub async fn compare_with_csv_core(&self) -> usize {
        let mut compared = 0;
        for (number, file) in self.files.iter().enumerate() {
            let TestFile { name, options, bytes } = file;
            let loaded =
                self.table.lines().any(|line| line.starts_with(&format!("{name} | loaded")));
            let mut reader = CsvReader::new(CsvOptions::default());
            reader.push(bytes);
            reader.end();
            let comma = reader.next(&mut Record::new()).is_ok() && reader.delimiter() == Some(b",");
            let Some((header, expected)) = by_csv_core(bytes) else { continue };
            // csv-core takes text behind a closing quote for a part of the field.
            let has_faults = self.table.lines().any(|line| {
                line.starts_with(&format!("{name} | ")) && line.contains("behind a closing quote")
            });
            if !loaded || !options.is_empty() || !comma || bytes.contains(&0) || has_faults {
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
            assert_eq!(self.rows_as_json(number, header[0].trim()).await, expected, "{name}");
            compared += 1;
        }
        compared
    }

    /// The rows that the star holds of a file, as JSON, the first column by its name in the file.
    async fn rows_as_json(&self, number: usize, first: &str) -> Vec<serde_json::Value> {
        let sql = format!("select coalesce(jsonb_agg((coalesce(extra, '{{}}') || jsonb_build_object('{}', coalesce(c1, ''))) order by source_line), '[]')
            from star.fact_{}", first.replace('\'', "''"), dataset(number));
        serde_json::from_str(&self.db.text(&sql).await).unwrap()
    }
}

/// The header and the rows of a file by csv-core: lines of the right width only.
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
    // A row of empty fields is no row.
    let fits = |row: &&Vec<String>| {
        row.len() == names.len() && (names.len() == 1 || row.iter().any(|field| !field.is_empty()))
    };
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
