//! Workbook: rows of cells in, the bytes of a small .xlsx file out.

use std::io::Write as _;

/// A cell as it stands in the sheet's XML.
pub enum Cell {
    Text(String),
    Number(String),
    /// A number that is shown as a date and time.
    Date(f64),
    Empty,
}

/// A workbook with these sheets. `is_1904` chooses the epoch of its dates.
pub fn workbook(sheets: &[(&str, &[Vec<Cell>])], is_1904: bool) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let numbered = || sheets.iter().enumerate().map(|(place, (name, _))| (place + 1, *name));
    let mut zip = Zip::default();
    let parts: String = numbered()
        .map(|(n, _)| format!("<Override PartName=\"/xl/worksheets/sheet{n}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"))
        .collect();
    zip.add("[Content_Types].xml", &format!("<Types xmlns=\"{package}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{parts}</Types>"));
    zip.add("_rels/.rels", &format!("<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"));
    let named: String = numbered()
        .map(|(n, name)| format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>"))
        .collect();
    zip.add("xl/workbook.xml", &format!("<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><workbookPr date1904=\"{}\"/><sheets>{named}</sheets></workbook>", u8::from(is_1904)));
    let related: String = numbered()
        .map(|(n, _)| format!("<Relationship Id=\"rId{n}\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"))
        .collect();
    zip.add("xl/_rels/workbook.xml.rels", &format!("<Relationships xmlns=\"{package}/relationships\">{related}<Relationship Id=\"rIdS\" Type=\"{relations}/styles\" Target=\"styles.xml\"/></Relationships>"));
    zip.add("xl/styles.xml", &format!("<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"));
    for ((n, _), (_, rows)) in numbered().zip(sheets) {
        let mut xml = format!("<worksheet xmlns=\"{main}\"><sheetData>");
        for (row, cells) in rows.iter().enumerate() {
            xml.push_str(&format!("<row r=\"{}\">", row + 1));
            for (column, cell) in cells.iter().enumerate() {
                let place = format!("{}{}", char::from(b'A' + column as u8), row + 1);
                xml.push_str(&match cell {
                    Cell::Text(text) => {
                        let text = text.replace('&', "&amp;").replace('<', "&lt;");
                        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
                    }
                    Cell::Number(number) => format!("<c r=\"{place}\"><v>{number}</v></c>"),
                    Cell::Date(days) => format!("<c r=\"{place}\" s=\"1\"><v>{days}</v></c>"),
                    Cell::Empty => String::new(),
                });
            }
            xml.push_str("</row>");
        }
        xml.push_str("</sheetData></worksheet>");
        zip.add(&format!("xl/worksheets/sheet{n}.xml"), &xml);
    }
    zip.finish()
}

/// A zip archive that is being written.
#[derive(Default)]
struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Zip {
    fn add(&mut self, name: &str, text: &str) {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let mut packed = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
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

    fn finish(mut self) -> Vec<u8> {
        let (offset, size) = (self.bytes.len() as u32, self.directory.len() as u32);
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.count.to_le_bytes().repeat(2));
        self.bytes.extend([size.to_le_bytes(), offset.to_le_bytes()].concat());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}
