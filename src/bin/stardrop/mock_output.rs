//! Mock output: writes a mock file as what its dataset takes: plain, as the entry of a zip archive, or as the sheet of
//! a workbook.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use quick_xml::escape::escape;
use stardrop::dataset::{Dataset, PartKind, Parts};
use stardrop::mock::MockFile;
use stardrop::records::Format;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The most rows of a sheet, without the header.
const MAX_SHEET_ROWS: u64 = (1 << 20) - 1;

/// The parts of a workbook before its sheet, without what names the sheet (ECMA-376, parts 1 and 2).
const WORKBOOK: [(&str, &str); 3] = [
    (
        "[Content_Types].xml",
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>",
    ),
    (
        "_rels/.rels",
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
    ),
    (
        "xl/_rels/workbook.xml.rels",
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
    ),
];

/// How a mock file is written.
#[derive(Debug, PartialEq, Eq)]
pub enum MockOutput {
    Plain,
    /// A zip archive with an entry of this name.
    Archive(String),
    /// A workbook with a sheet of this name.
    Workbook(String),
}

impl MockOutput {
    /// What fits the dataset and the name of the file.
    ///
    /// # Errors
    ///
    /// The dataset takes entries of archives and the file is not named like one; the rows do not fit into a sheet.
    pub fn of(dataset: &Dataset, path: Option<&Path>, rows: u64) -> Result<MockOutput, String> {
        let suffix = path.and_then(Path::extension).map(|suffix| suffix.to_string_lossy());
        let suffix = suffix.unwrap_or_default().to_lowercase();
        let parts = dataset.file.parts.as_ref();
        match parts.filter(|parts| parts.kind == PartKind::Entry) {
            Some(parts) if suffix == "zip" => entry_of(dataset, parts).map(MockOutput::Archive),
            Some(_) => Err(format!(
                "dataset `{}` takes entries of archives: name a zip archive with --out FILE.zip",
                dataset.name
            )),
            None if suffix == "xlsx" && rows > MAX_SHEET_ROWS => {
                Err(format!("a sheet has at most {MAX_SHEET_ROWS} rows: lower --rows"))
            }
            None if suffix == "xlsx" => {
                let name = parts.and_then(Parts::example);
                Ok(MockOutput::Workbook(name.unwrap_or_else(|| "Sheet1".to_owned())))
            }
            None => Ok(MockOutput::Plain),
        }
    }

    /// Writes the file to its end; how many bytes it has without compression.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write_file(&self, file: &mut MockFile, out: File, delimiter: u8) -> io::Result<u64> {
        let mut out = out;
        let (name, sheet) = match self {
            MockOutput::Plain => return write(file, &mut out),
            MockOutput::Archive(name) => (name.as_str(), None),
            MockOutput::Workbook(sheet) => ("xl/worksheets/sheet1.xml", Some(sheet)),
        };
        let mut zip = ZipWriter::new(out);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        if let Some(sheet) = sheet {
            for (name, text) in WORKBOOK {
                zip.start_file(name, options)?;
                zip.write_all(text.as_bytes())?;
            }
            zip.start_file("xl/workbook.xml", options)?;
            write!(
                zip,
                "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"{}\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
                escape(sheet.as_str())
            )?;
        }
        zip.start_file(name, options)?;
        let bytes = match sheet {
            None => write(file, &mut zip)?,
            Some(_) => write_sheet(file, &mut zip, delimiter)?,
        };
        zip.finish()?.flush()?;
        Ok(bytes)
    }
}

/// The name of an entry that the dataset takes and reads as CSV.
fn entry_of(dataset: &Dataset, parts: &Parts) -> Result<String, String> {
    let first = parts.example().unwrap_or_default();
    let is_csv = |name: &str| match dataset.file.format {
        Some(format) => format.name() == "csv",
        None => Format::from_key(name).is_ok_and(|format| format.name() == "csv"),
    };
    let names = [first.clone(), format!("{first}mock.csv"), format!("{first}.csv")];
    let found =
        names.into_iter().find(|name| !name.is_empty() && parts.takes(name) && is_csv(name));
    found.ok_or_else(|| {
        format!(
            "generate writes CSV, and dataset `{}` takes entries of another format",
            dataset.name
        )
    })
}

/// Writes the file as CSV.
pub fn write(file: &mut MockFile, out: &mut impl Write) -> io::Result<u64> {
    let mut buffer = Vec::new();
    let mut bytes = 0;
    loop {
        let more = file.write_chunk(&mut buffer)?;
        out.write_all(&buffer)?;
        bytes += buffer.len() as u64;
        buffer.clear();
        if !more {
            out.flush()?;
            return Ok(bytes);
        }
    }
}

/// Writes the file as the markup of a sheet, all of its cells as text.
fn write_sheet(file: &mut MockFile, out: &mut impl Write, delimiter: u8) -> io::Result<u64> {
    let mut markup = "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>".to_owned();
    let (mut buffer, mut bytes, mut number) = (Vec::new(), 0, 0_u64);
    loop {
        // A chunk has whole rows.
        let more = file.write_chunk(&mut buffer)?;
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(buffer.as_slice());
        for row in rows.records() {
            number += 1;
            markup.push_str(&format!("<row r=\"{number}\">"));
            for (column, cell) in row?.iter().enumerate() {
                let column = letters(column);
                markup.push_str(&format!("<c r=\"{column}{number}\" t=\"inlineStr\">"));
                markup.push_str("<is><t xml:space=\"preserve\">");
                markup.push_str(&escape(cell));
                markup.push_str("</t></is></c>");
            }
            markup.push_str("</row>");
        }
        if !more {
            markup.push_str("</sheetData></worksheet>");
        }
        out.write_all(markup.as_bytes())?;
        bytes += markup.len() as u64;
        markup.clear();
        buffer.clear();
        if !more {
            return Ok(bytes);
        }
    }
}

/// The name of a column: A to Z, AA and so on.
fn letters(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    if column < 26 { last.to_string() } else { format!("{}{last}", letters(column / 26 - 1)) }
}
