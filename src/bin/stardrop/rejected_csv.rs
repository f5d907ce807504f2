//! Rejected CSV: prints a load's rejected rows as a file that can be fixed and loaded.

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::dataset::{ColumnSource, Dataset, FileOptions};
use stardrop::dataset_files;
use stardrop::ledger::view::{FileLoad, RejectLine};
use stardrop::load::{FileHead, file_head};
use stardrop::object::Source;
use stardrop::records::{CsvFields, CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
use stardrop::rows::{Header, REJECTED, has_no_columns};
use stardrop::settings::Settings;

use crate::file_load::{self, refused};

/// Prints the header, which is read from the load's object again, and the rows, each with its column and
/// reason at the end, and then the values of the columns that come from the object. JSON lines are printed unchanged.
///
/// # Errors
/// The load or its dataset does not exist; the object cannot be read; standard output is closed.
pub async fn print(
    client: &stardrop::db::Client,
    settings: Settings,
    load_id: i64,
    rejects: &[RejectLine],
) -> anyhow::Result<ExitCode> {
    let FileLoad { object, dataset: name, part } = file_load::find(client, load_id).await?;
    let catalog = dataset_files::read(&settings.datasets_dir)?;
    let name = name.unwrap_or_default();
    let Some(dataset) = catalog.dataset(&name) else {
        return Err(refused(format!("the dataset `{name}` does not exist any more")).into());
    };
    let head = file_head(&Source::new(&settings), &settings, dataset, &object, &part).await?;
    let FileHead { header, of_object } = head;
    let is_lost = |(_, text): &&(String, Option<String>)| {
        text.as_ref().is_some_and(|text| is_changed_without_quotes(text, &dataset.file, &header))
    };
    if let (None, Some((name, _))) = (dataset.file.quote, of_object.iter().find(is_lost)) {
        let message = format!(
            "the object's value of `{name}` would be read as another one, because the files have no quotes: fix \
             the rows in the original file"
        );
        return Err(refused(message).into());
    }
    let mut out = std::io::stdout().lock();
    if !of_object.is_empty() && header.raw_rows.is_empty() {
        eprintln!(
            "the rows have no place for {}, which the object has: load them under a key that gives the \
             same values",
            of_object.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        );
    }
    if header.delimiter.is_empty() {
        for row in rejects {
            out.write_all(&[&row.raw[..], b"\n"].concat())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    // The rows were decoded to UTF-8; the byte order mark overrides the encoding in the contract.
    out.write_all(b"\xef\xbb\xbf")?;
    let lines = Lines { header: &header, file: &dataset.file };
    out.write_all(&lines.before_header())?;
    let width = header.raw_rows.first().map_or(0, |row| lines.fields(row));
    for (index, row) in header.raw_rows.iter().enumerate() {
        // The names of a header that has several rows are joined.
        let names = REJECTED.into_iter().chain(of_object.iter().map(|(name, _)| name.as_str()));
        let more: Vec<&str> = names.map(|name| if index == 0 { name } else { "" }).collect();
        out.write_all(&lines.line(row, width.saturating_sub(lines.fields(row)), &more))?;
    }
    let is_protected = dataset.columns.iter().any(|column| column.protect.is_some());
    let mut withheld = 0;
    for row in rejects {
        let is_miscounted = has_no_columns(&row.code);
        if is_miscounted && is_protected {
            withheld += 1;
        } else if header.raw_rows.is_empty() {
            // Without a header, more fields would change the meaning of the row.
            out.write_all(&[&row.raw[..], lines.end()].concat())?;
        } else {
            let column = row.column.as_deref().unwrap_or_default();
            let line = row.line.to_string();
            let values = of_object.iter().map(|(name, text)| match text {
                None if is_line(dataset, name) => &line,
                text => text.as_deref().unwrap_or_default(),
            });
            let mut more: Vec<&str> = [column, &row.reason].into_iter().chain(values).collect();
            let added = more.len();
            let found = lines.fields(&row.raw);
            // Rows with too few or too many fields keep that error until somebody fixes it.
            let blanks = if is_miscounted { 0 } else { width.saturating_sub(found) };
            if is_miscounted && found > header.width {
                more.resize((width + added + 1).saturating_sub(found).max(added), &row.reason);
            }
            out.write_all(&lines.line(&row.raw, blanks, &more))?;
        }
    }
    // As many rows as the contract leaves out at the end.
    for _ in 0..dataset.file.skip_footer {
        out.write_all(&[b"-", lines.end()].concat())?;
    }
    if withheld > 0 {
        eprintln!(
            "{withheld} rows are not shown: they have too few or too many fields, and the dataset protects \
             values; fix them in the original file"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a value that is not in quotes would be split, or read as a null or without its blanks.
fn is_changed_without_quotes(text: &str, file: &FileOptions, header: &Header) -> bool {
    let delimiter = &header.delimiter;
    let has_delimiter = !delimiter.is_empty()
        && text.as_bytes().windows(delimiter.len()).any(|part| part == delimiter);
    has_delimiter
        || text.contains(['\n', '\r'])
        || text.trim() != text
        || file.null.iter().any(|null| null == text)
}

fn is_line(dataset: &Dataset, column: &str) -> bool {
    dataset.column(column).is_some_and(|column| column.source == ColumnSource::Line)
}

/// The format of the file's lines.
struct Lines<'h> {
    header: &'h Header,
    file: &'h FileOptions,
}

impl Lines<'_> {
    /// What ends a row.
    fn end(&self) -> &[u8] {
        self.file.record_end.as_deref().unwrap_or(b"\n")
    }

    /// The lines that the contract skips, and the one that names a delimiter which is not detected.
    fn before_header(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        let delimiter = &self.header.delimiter;
        let is_detected = matches!(&delimiter[..], b"," | b";" | b"\t" | b"|");
        let mut skip = self.file.skip as usize;
        if self.file.delimiter.is_none() && !is_detected {
            lines.extend_from_slice(&[b"sep=", &delimiter[..], self.end()].concat());
            skip = skip.saturating_sub(1);
        }
        lines.extend_from_slice(&self.end().repeat(skip));
        lines
    }

    fn fields_of(&self, raw: &[u8]) -> Record {
        let options = CsvOptions {
            delimiter: Delimiter::Text(self.header.delimiter.clone()),
            quote: self.file.quote,
            escape: self.file.escape,
            comment: self.file.comment,
            trailing_comment: self.file.trailing_comment,
            record_end: self.file.record_end.clone(),
            header_rows: 0,
            max_record_bytes: usize::MAX,
            ..CsvOptions::default()
        };
        let (mut reader, mut record) = (CsvReader::new(options), Record::new());
        // Without its end, a row with line ends in it would be one of a file that lacks the contract's `record_end`.
        reader.push(&[raw, self.end()].concat());
        reader.end();
        if reader.next(&mut record) == Ok(Step::Record) { record } else { Record::new() }
    }

    /// The number of fields of a row, without an empty one behind a delimiter at its end.
    fn fields(&self, raw: &[u8]) -> usize {
        let fields = self.fields_of(raw).len().max(1);
        fields - usize::from(self.ends_in_delimiter(raw))
    }

    /// Whether the contract says so, and the row does.
    fn ends_in_delimiter(&self, raw: &[u8]) -> bool {
        let fields = self.fields_of(raw);
        let last = fields.len().saturating_sub(1);
        self.file.trailing_delimiter
            && last > 0
            && fields.field(last).is_some_and(<[u8]>::is_empty)
            && !fields.is_quoted(last)
    }

    /// A row with `blanks` empty fields and then `more` fields added. The row itself is what the
    /// file holds, byte for byte, which no CSV writer would give: people compare it with the file.
    fn line(&self, raw: &[u8], blanks: usize, more: &[&str]) -> Vec<u8> {
        let delimiter = &self.header.delimiter;
        let csv = CsvFields {
            delimiter: delimiter.clone(),
            quote: self.file.quote,
            escape: self.file.escape,
        };
        let mut line = raw.to_vec();
        if self.file.trailing_comment {
            // More fields behind a comment would be a part of it.
            let fields = self.fields_of(raw);
            line.clear();
            for (index, field) in fields.iter().enumerate() {
                line.extend_from_slice(if index > 0 { delimiter } else { b"" });
                let has_mark = self.file.comment.is_some_and(|mark| field.contains(&mark));
                csv.push(field, fields.is_quoted(index) || has_mark, &mut line);
            }
        }
        if self.ends_in_delimiter(raw) {
            line.truncate(line.len() - delimiter.len());
        }
        for _ in 0..blanks {
            line.extend_from_slice(delimiter);
        }
        for (index, field) in more.iter().enumerate() {
            line.extend_from_slice(delimiter);
            if self.file.quote.is_some() {
                // In quotes, so that no value of the object is read as a null; an empty one is.
                let is_null = field.is_empty() && index >= REJECTED.len();
                csv.push(field.as_bytes(), !is_null, &mut line);
            } else {
                let delimiter = String::from_utf8_lossy(delimiter);
                line.extend_from_slice(field.replace(&*delimiter, " ").as_bytes());
            }
        }
        line.extend_from_slice(self.end());
        line
    }
}
