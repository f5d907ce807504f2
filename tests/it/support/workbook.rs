//! Writes small .xlsx, .xlsb and .ods files from rows of cells.

use std::io::Write as _;

/// A cell of a sheet.
pub enum Cell {
    Text(String),
    Number(String),
    /// A number that is shown as a date and time.
    Date(f64),
    /// A time of OpenDocument, such as `PT11H12M12S`; empty in other workbooks.
    Time(&'static str),
    /// The markup of a formula and its value in an .xlsx; empty in other workbooks.
    Formula(&'static str),
    Empty,
}

/// A cell of text.
pub fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// A workbook with these sheets, of which those named `hidden` and `very hidden` are so. `is_1904` chooses
/// the epoch of its dates.
pub fn workbook(sheets: &[(&str, &[Vec<Cell>])], is_1904: bool) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let numbered = || sheets.iter().enumerate().map(|(place, (name, _))| (place + 1, *name));
    let mut zip = Zip::default();
    let parts: String = numbered()
        .map(|(n, _)| format!("<Override PartName=\"/xl/worksheets/sheet{n}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"))
        .collect();
    zip.add("[Content_Types].xml", format!("<Types xmlns=\"{package}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{parts}</Types>"));
    zip.add("_rels/.rels", format!("<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"));
    let named: String = numbered()
        .map(|(n, name)| {
            let state = if name.starts_with("hidden") { " state=\"hidden\"" } else { "" };
            let state = if name.starts_with("very") { " state=\"veryHidden\"" } else { state };
            format!("<sheet name=\"{name}\" sheetId=\"{n}\"{state} r:id=\"rId{n}\"/>")
        })
        .collect();
    zip.add("xl/workbook.xml", format!("<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><workbookPr date1904=\"{}\"/><sheets>{named}</sheets></workbook>", u8::from(is_1904)));
    let related: String = numbered()
        .map(|(n, _)| format!("<Relationship Id=\"rId{n}\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"))
        .collect();
    zip.add("xl/_rels/workbook.xml.rels", format!("<Relationships xmlns=\"{package}/relationships\">{related}<Relationship Id=\"rIdS\" Type=\"{relations}/styles\" Target=\"styles.xml\"/></Relationships>"));
    zip.add("xl/styles.xml", format!("<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"));
    for ((n, _), (_, rows)) in numbered().zip(sheets) {
        let mut xml = format!("<worksheet xmlns=\"{main}\"><sheetData>");
        for (row, cells) in rows.iter().enumerate() {
            xml.push_str(&format!("<row r=\"{}\">", row + 1));
            for (column, cell) in cells.iter().enumerate() {
                let place = format!("{}{}", letters(column), row + 1);
                xml.push_str(&match cell {
                    Cell::Text(text) => {
                        let text = text.replace('&', "&amp;").replace('<', "&lt;");
                        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
                    }
                    Cell::Number(number) => format!("<c r=\"{place}\"><v>{number}</v></c>"),
                    Cell::Date(days) => format!("<c r=\"{place}\" s=\"1\"><v>{days}</v></c>"),
                    Cell::Formula(markup) => format!("<c r=\"{place}\"{markup}</c>"),
                    Cell::Time(_) | Cell::Empty => String::new(),
                });
            }
            xml.push_str("</row>");
        }
        xml.push_str("</sheetData></worksheet>");
        zip.add(&format!("xl/worksheets/sheet{n}.xml"), xml);
    }
    zip.finish()
}

/// The name of a column: A to Z, AA and so on.
fn letters(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    if column < 26 { last.to_string() } else { format!("{}{last}", letters(column / 26 - 1)) }
}

/// The same in the format of OpenDocument, 1.3, part 3: one sheet. Dates come as their ISO text.
pub fn ods(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut xml = String::new();
    for cells in rows {
        xml.push_str("<table:table-row>");
        for cell in cells {
            xml.push_str(&match cell {
                Cell::Text(text) => format!("<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>", text.replace('&', "&amp;").replace('<', "&lt;")),
                Cell::Number(number) => format!("<table:table-cell office:value-type=\"float\" office:value=\"{number}\"><text:p>{number}</text:p></table:table-cell>"),
                Cell::Date(days) => format!("<table:table-cell office:value-type=\"date\" office:date-value=\"{}\"/>", iso(*days)),
                Cell::Time(time) => format!("<table:table-cell office:value-type=\"time\" office:time-value=\"{time}\"/>"),
                Cell::Formula(_) | Cell::Empty => "<table:table-cell/>".to_owned(),
            });
        }
        xml.push_str("</table:table-row>");
    }
    ods_of(&xml)
}

/// A workbook of OpenDocument with one sheet, whose rows are this XML.
pub fn ods_of(rows: &str) -> Vec<u8> {
    let open = "urn:oasis:names:tc:opendocument:xmlns";
    let xml = format!(
        "<office:document-content xmlns:office=\"{open}:office:1.0\" xmlns:table=\"{open}:table:1.0\" xmlns:text=\"{open}:text:1.0\"><office:body><office:spreadsheet><table:table table:name=\"Sheet\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let mut zip = Zip::default();
    zip.add("mimetype", "application/vnd.oasis.opendocument.spreadsheet");
    zip.add(
        "META-INF/manifest.xml",
        format!("<manifest:manifest xmlns:manifest=\"{open}:manifest:1.0\"/>"),
    );
    zip.add("content.xml", xml);
    zip.finish()
}

/// A serial day of Excel as text.
fn iso(days: f64) -> String {
    let start = jiff::civil::date(1899, 12, 30).at(0, 0, 0, 0);
    let time = jiff::SignedDuration::from_secs((days * 86_400.0).round() as i64);
    start.checked_add(time).unwrap().to_string()
}

/// The same in Excel's binary format (\[MS-XLSB\]): one sheet, its dates formatted as such.
pub fn xlsb(rows: &[Vec<Cell>]) -> Vec<u8> {
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut book = Vec::new();
    record(&mut book, 0x0083, &[]);
    record(&mut book, 0x008f, &[]);
    let sheet = [&[0; 4][..], &1u32.to_le_bytes(), &wide("rId1"), &wide("Sheet")].concat();
    record(&mut book, 0x009c, &sheet);
    record(&mut book, 0x0090, &[]);
    record(&mut book, 0x009d, &[0; 4]);
    record(&mut book, 0x0084, &[]);
    let mut styles = Vec::new();
    record(&mut styles, 0x0116, &[]);
    record(&mut styles, 0x0269, &2u32.to_le_bytes());
    for format in [0u16, 22] {
        let style = [&0u16.to_le_bytes()[..], &format.to_le_bytes(), &[0; 12]].concat();
        record(&mut styles, 0x002f, &style);
    }
    record(&mut styles, 0x026a, &[]);
    record(&mut styles, 0x0117, &[]);
    let mut cells = Vec::new();
    record(&mut cells, 0x0081, &[]);
    let width = rows.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let size = [0, rows.len() as u32 - 1, 0, width - 1].map(u32::to_le_bytes).concat();
    record(&mut cells, 0x0094, &size);
    record(&mut cells, 0x0091, &[]);
    for (row, values) in rows.iter().enumerate() {
        record(&mut cells, 0x0000, &[&(row as u32).to_le_bytes()[..], &[0; 13]].concat());
        for (column, cell) in values.iter().enumerate() {
            let place = |style: u32| [(column as u32).to_le_bytes(), style.to_le_bytes()].concat();
            match cell {
                Cell::Text(text) => record(&mut cells, 0x0006, &[place(0), wide(text)].concat()),
                Cell::Number(number) => {
                    let number: f64 = number.parse().unwrap();
                    record(&mut cells, 0x0005, &[place(0), number.to_le_bytes().to_vec()].concat());
                }
                Cell::Date(days) => {
                    record(&mut cells, 0x0005, &[place(1), days.to_le_bytes().to_vec()].concat());
                }
                Cell::Time(_) | Cell::Formula(_) | Cell::Empty => {
                    record(&mut cells, 0x0001, &place(0))
                }
            }
        }
    }
    record(&mut cells, 0x0092, &[]);
    record(&mut cells, 0x0082, &[]);
    let mut zip = Zip::default();
    zip.add("xl/_rels/workbook.bin.rels", format!("<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.bin\"/></Relationships>"));
    zip.add("xl/workbook.bin", book);
    zip.add("xl/styles.bin", styles);
    zip.add("xl/worksheets/sheet1.bin", cells);
    zip.finish()
}

/// A record of BIFF12: its type and length in groups of seven bits, then what is in it.
fn record(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    if kind < 0x80 {
        out.push(kind as u8);
    } else {
        // Numbers from 128 on take two bytes.
        out.extend([(kind & 0x7f) as u8 | 0x80, (kind >> 7) as u8]);
    }
    let mut length = content.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(content);
}

/// A text of BIFF12: the number of its units, then these.
fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let bytes = units.iter().flat_map(|unit| unit.to_le_bytes());
    (units.len() as u32).to_le_bytes().into_iter().chain(bytes).collect()
}

/// A zip archive that is being written.
#[derive(Default)]
pub struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Zip {
    pub fn add(&mut self, name: &str, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let mut crc = flate2::Crc::new();
        crc.update(text);
        let mut packed = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::fast());
        packed.write_all(text).unwrap();
        let packed = packed.finish().unwrap();
        let offset = self.bytes.len() as u32;
        let mut shared = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        for number in [crc.sum(), packed.len() as u32, text.len() as u32] {
            shared.extend(number.to_le_bytes());
        }
        shared.extend((name.len() as u16).to_le_bytes());
        shared.extend([0, 0]);
        self.bytes.extend([&b"PK\x03\x04"[..], &shared, name.as_bytes(), &packed].concat());
        self.directory.extend([&b"PK\x01\x02\x14\0"[..], &shared, &[0; 10]].concat());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count += 1;
    }

    pub fn finish(mut self) -> Vec<u8> {
        let (offset, size) = (self.bytes.len() as u32, self.directory.len() as u32);
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.count.to_le_bytes().repeat(2));
        self.bytes.extend([size.to_le_bytes(), offset.to_le_bytes()].concat());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}
