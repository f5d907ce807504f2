//! Rejected csv: the rejected rows of a load in; a file that can be mended and dropped again out.

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::dataset_files;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::ledger::view::{self, RejectLine};
use stardrop::load::header_of;
use stardrop::object::Source;
use stardrop::records::{CsvFields, CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
use stardrop::rows::{Header, REJECTED};
use stardrop::settings::Settings;

/// Prints the header of the load's object, read once more, and the rows, each with its column and
/// reason at the end. Lines of JSON are printed as they are.
pub async fn print(
    client: &tokio_postgres::Client,
    settings: Settings,
    load_id: i64,
    rejects: &[RejectLine],
) -> anyhow::Result<ExitCode> {
    let wrong = |message: String| Error::new(ErrorKind::BadSetting, Stage::Ledger, message);
    let Some((object, name)) = view::object_of(client, load_id).await? else {
        return Err(wrong(format!("there is no load {load_id} of a file")).into());
    };
    let catalog = dataset_files::read(&settings.datasets_dir)?;
    let Some(dataset) = catalog.dataset(&name) else {
        return Err(wrong(format!("there is no dataset `{name}` any more")).into());
    };
    let header = header_of(&Source::new(&settings), &settings, dataset, &object).await?;
    let mut out = std::io::stdout().lock();
    if header.delimiter.is_empty() {
        for row in rejects {
            out.write_all(&[&row.raw[..], b"\n"].concat())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    // What was decoded is UTF-8, whatever the contract says of the file: the mark wins.
    out.write_all(b"\xef\xbb\xbf")?;
    // The contract passes over so many lines.
    out.write_all("\n".repeat(dataset.file.skip as usize).as_bytes())?;
    let lines = Lines { header: &header, quote: dataset.file.quote, escape: dataset.file.escape };
    let width = lines.fields(&header.raw);
    if !header.raw.is_empty() {
        out.write_all(&lines.line(&header.raw, 0, &REJECTED))?;
    }
    let is_protected = dataset.columns.iter().any(|column| column.protect.is_some());
    let mut withheld = 0;
    for row in rejects {
        let is_miscounted = row.code == "field_count";
        if is_miscounted && is_protected {
            withheld += 1;
        } else if header.raw.is_empty() {
            // With more fields and no names for them, it would mean something else.
            out.write_all(&[&row.raw[..], b"\n"].concat())?;
        } else {
            let column = row.column.as_deref().unwrap_or_default();
            let mut more = vec![column, &row.reason];
            let found = lines.fields(&row.raw);
            // Where nobody mends them, too short rows stay so, and too long ones.
            let blanks = if is_miscounted { 0 } else { width.saturating_sub(found) };
            if is_miscounted && found > header.width {
                more.resize((width + 3).saturating_sub(found).max(2), &row.reason);
            }
            out.write_all(&lines.line(&row.raw, blanks, &more))?;
        }
    }
    if withheld > 0 {
        eprintln!(
            "withheld, since the dataset protects values and their fields are too few or too many: \
             {withheld} rows; mend them in the file that they came in"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// How the file's lines are written.
struct Lines<'h> {
    header: &'h Header,
    quote: Option<u8>,
    escape: Option<u8>,
}

impl Lines<'_> {
    /// How many fields a row has.
    fn fields(&self, raw: &[u8]) -> usize {
        let options = CsvOptions {
            delimiter: Delimiter::Text(self.header.delimiter.clone()),
            quote: self.quote,
            escape: self.escape,
            has_header: false,
            max_record_bytes: usize::MAX,
            ..CsvOptions::default()
        };
        let (mut reader, mut record) = (CsvReader::new(options), Record::new());
        reader.push(raw);
        reader.end();
        if reader.next(&mut record) == Ok(Step::Record) { record.len() } else { 0 }
    }

    /// A row with `blanks` empty fields and then `more` fields added. The row itself is what the
    /// file holds, byte for byte, which no CSV writer would give: people compare it with the file.
    fn line(&self, raw: &[u8], blanks: usize, more: &[&str]) -> Vec<u8> {
        let (delimiter, quote, escape) = (self.header.delimiter.clone(), self.quote, self.escape);
        let csv = CsvFields { delimiter, quote, escape };
        let mut line = raw.to_vec();
        for _ in 0..blanks {
            line.extend_from_slice(&self.header.delimiter);
        }
        for field in more {
            line.extend_from_slice(&self.header.delimiter);
            if self.quote.is_some() {
                csv.push(field.as_bytes(), true, &mut line);
            } else {
                let delimiter = String::from_utf8_lossy(&self.header.delimiter);
                line.extend_from_slice(field.replace(&*delimiter, " ").as_bytes());
            }
        }
        line.push(b'\n');
        line
    }
}
