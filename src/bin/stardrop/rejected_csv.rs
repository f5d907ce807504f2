//! Rejected CSV: prints a load's rejected rows as a file that can be fixed and loaded.

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::dataset_files;
use stardrop::ledger::view::RejectLine;
use stardrop::load::header_of;
use stardrop::object::Source;
use stardrop::records::{CsvFields, CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
use stardrop::rows::{Header, REJECTED};
use stardrop::settings::Settings;

use crate::file_load::{self, refused};

/// Prints the header, which is read from the load's object again, and the rows, each with its column and
/// reason at the end. JSON lines are printed unchanged.
///
/// # Errors
/// The load or its dataset does not exist; the object cannot be read; standard output is closed.
pub async fn print(
    client: &stardrop::db::Client,
    settings: Settings,
    load_id: i64,
    rejects: &[RejectLine],
) -> anyhow::Result<ExitCode> {
    let (object, name) = file_load::find(client, load_id).await?;
    let catalog = dataset_files::read(&settings.datasets_dir)?;
    let name = name.unwrap_or_default();
    let Some(dataset) = catalog.dataset(&name) else {
        return Err(refused(format!("the dataset `{name}` does not exist any more")).into());
    };
    let header = header_of(&Source::new(&settings), &settings, dataset, &object).await?;
    let mut out = std::io::stdout().lock();
    if header.delimiter.is_empty() {
        for row in rejects {
            out.write_all(&[&row.raw[..], b"\n"].concat())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    // The rows were decoded to UTF-8; the byte order mark overrides the encoding in the contract.
    out.write_all(b"\xef\xbb\xbf")?;
    // The lines that the contract skips.
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
            // Without a header, more fields would change the meaning of the row.
            out.write_all(&[&row.raw[..], b"\n"].concat())?;
        } else {
            let column = row.column.as_deref().unwrap_or_default();
            let mut more = vec![column, &row.reason];
            let found = lines.fields(&row.raw);
            // Rows with too few or too many fields keep that error until somebody fixes it.
            let blanks = if is_miscounted { 0 } else { width.saturating_sub(found) };
            if is_miscounted && found > header.width {
                more.resize((width + 3).saturating_sub(found).max(2), &row.reason);
            }
            out.write_all(&lines.line(&row.raw, blanks, &more))?;
        }
    }
    if withheld > 0 {
        eprintln!(
            "{withheld} rows are not shown: they have too few or too many fields, and the dataset protects \
             values; fix them in the original file"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The format of the file's lines.
struct Lines<'h> {
    header: &'h Header,
    quote: Option<u8>,
    escape: Option<u8>,
}

impl Lines<'_> {
    /// The number of fields of a row.
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
