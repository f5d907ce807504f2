//! Rejected csv: the rejected rows of a load in; a file that can be mended and dropped again out.

use std::io::Write as _;
use std::process::ExitCode;

use stardrop::catalog;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::ledger::view::{self, RejectLine};
use stardrop::load::header_of;
use stardrop::object::Source;
use stardrop::records::{CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
use stardrop::rows::Header;
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
    let catalog = catalog::read(&settings.datasets_dir)?;
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
    if !header.raw.is_empty() {
        let names = ["rejected_column", "rejected_reason"].map(str::to_owned);
        out.write_all(&line(&header, &header.raw, &names))?;
    }
    for row in rejects {
        let column = row.column.clone().unwrap_or_default();
        out.write_all(&line(&header, &row.raw, &[column, row.reason.clone()]))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A row with two fields more, which stand below each other however many it has of its own.
fn line(header: &Header, raw: &[u8], more: &[String; 2]) -> Vec<u8> {
    let options = CsvOptions {
        delimiter: Delimiter::Text(header.delimiter.clone()),
        has_header: false,
        max_record_bytes: usize::MAX,
        ..CsvOptions::default()
    };
    let (mut reader, mut record) = (CsvReader::new(options), Record::new());
    reader.push(raw);
    reader.end();
    let found = if reader.next(&mut record) == Ok(Step::Record) { record.len() } else { 0 };
    let mut line = raw.to_vec();
    for _ in found..header.width {
        line.extend_from_slice(&header.delimiter);
    }
    for field in more {
        line.extend_from_slice(&header.delimiter);
        line.extend_from_slice(format!("\"{}\"", field.replace('"', "\"\"")).as_bytes());
    }
    line.push(b'\n');
    line
}
