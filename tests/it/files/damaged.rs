//! Damaged workbooks and Parquet files are read, or refused with a message; none panics or hangs.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use stardrop::records::{Format, ReaderOptions, Record, Step};

use crate::load::resume::parquet;
use crate::support::fixtures::fixture;
use crate::support::workbook::{Cell, Zip, ods, ods_of, text, workbook, xlsb};

/// Reads all records; their number, or the error.
fn read(format: &str, bytes: Vec<u8>) -> Result<u64, String> {
    let format = Format::from_name(format).unwrap();
    let opened = format.open_spooled(Box::new(Cursor::new(bytes)), &ReaderOptions::default());
    let mut reader = opened.unwrap().map_err(|error| error.to_string())?;
    let (mut record, mut count) = (Record::new(), 0);
    while reader.next(&mut record).map_err(|error| error.to_string())? == Step::Record {
        count += 1;
    }
    Ok(count)
}

/// Damages each file, of a format's name and its bytes, in sixty ways, and reads it.
pub fn read_damaged(whole: &[(&str, Vec<u8>)]) {
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    let mut outcomes = (0, 0);
    for (format, bytes) in whole {
        assert!(read(format, bytes.clone()).unwrap() > 1);
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..=next(8) {
                let at = next(damaged.len());
                damaged[at] = next(256) as u8;
            }
            if next(4) == 0 {
                damaged.truncate(next(damaged.len()));
            }
            let started = Instant::now();
            match read(format, damaged) {
                Ok(_) => outcomes.0 += 1,
                Err(error) => {
                    assert!(
                        error.contains("cannot be read") || error.contains("too many cells"),
                        "{error}"
                    );
                    outcomes.1 += 1;
                }
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{format} hangs");
        }
    }
    assert!(outcomes.0 > 0 && outcomes.1 > 0, "{outcomes:?}");
}

#[test]
fn a_damaged_workbook_or_parquet_file_is_read_or_refused_and_nothing_panics() {
    let rows =
        [vec![text("id"), text("day")], vec![Cell::Number("1".to_owned()), Cell::Date(46_027.5)]];
    // Not .xls: where damage moves a cell to a far corner, the library fills all that is between.
    let mut whole = vec![
        ("xlsx", workbook(&[("Sheet", &rows)], false)),
        ("xlsx", xlsb(&rows)),
        ("xlsx", ods(&rows)),
        ("parquet", parquet()),
    ];
    for name in ["cells-of-all-types.xlsx", "dates-from-1900.xlsx", "links-and-rich-text.xlsx"] {
        whole.push(("xlsx", fixture(&format!("workbooks/{name}"))));
    }
    read_damaged(&whole);
}

#[test]
fn a_string_that_the_table_of_strings_lacks_is_refused() {
    // The library panics at it.
    let mut zip = Zip::default();
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
    zip.add("xl/_rels/workbook.bin.rels", format!("<Relationships><Relationship Id=\"rId2\" Type=\"{relation}\" Target=\"worksheets/sheet1.bin\"/></Relationships>"));
    zip.add("xl/workbook.bin", b"\x9c\x01\x14\0\0\0\0\x01\0\0\0\x04\0\0\0r\0I\0d\x009\0\x90\x01\0");
    let said = read("xlsx", zip.finish()).unwrap_err();
    assert_eq!(said, "line 1: the workbook cannot be read: it is damaged");
}

#[test]
fn a_page_of_parquet_that_does_not_match_its_checksum_is_refused() {
    // The numbers from 0 on in pages without compression, as Arrow C++ writes them with checksums.
    let mut file = fixture("parquet/page-checksums.parquet");
    assert_eq!(read("parquet", file.clone()), Ok(1_001));
    let at = file.windows(8).position(|bytes| bytes == 500_u64.to_le_bytes()).unwrap();
    file[at] ^= 1;
    let error = read("parquet", file).unwrap_err();
    assert!(error.contains("the Parquet file cannot be read"), "{error}");
}

#[test]
fn a_workbook_with_a_flipped_bit_is_refused() {
    let rows = [
        vec![text("id"), text("amount")],
        vec![Cell::Number("1".to_owned()), Cell::Number("731".to_owned())],
    ];
    for (kind, book) in
        [("xlsx", workbook(&[("Sheet", &rows)], false)), ("xlsb", xlsb(&rows)), ("ods", ods(&rows))]
    {
        assert_eq!(read("xlsx", stored(&book, |_| ())), Ok(2), "{kind}");
        // 731 becomes 730 in xlsx and ods, and another number in xlsb.
        let value = if kind == "xlsb" { 731_f64.to_le_bytes().to_vec() } else { b"731".to_vec() };
        let damaged = stored(&book, |bytes| {
            let at = bytes.windows(value.len()).rposition(|found| found == value).unwrap();
            let last = at + value.len() - 1 - usize::from(kind == "xlsb");
            bytes[last] ^= 1;
        });
        let error = read("xlsx", damaged).unwrap_err();
        assert!(
            error.ends_with("it is damaged, a checksum in it does not match"),
            "{kind}: {error}"
        );
    }
}

#[test]
fn a_workbook_behind_another_one_is_refused() {
    let rows = [vec![text("id")], vec![Cell::Number("1".to_owned())]];
    for book in [workbook(&[("Sheet", &rows)], false), xlsb(&rows), ods(&rows)] {
        assert_eq!(read("xlsx", book.clone()), Ok(2));
        for before in [book.as_slice(), b"junk"] {
            let error = read("xlsx", [before, &book].concat()).unwrap_err();
            assert!(error.contains("something is before it"), "{error}");
        }
    }
    // An .xls is not an archive, but may contain one, with the theme of its colours.
    let xls = fixture("workbooks/cells-of-all-types.xls");
    assert!(read("xlsx", xls.clone()).is_ok());
    for behind in [xls.clone(), workbook(&[("Sheet", &rows)], false)] {
        let error = read("xlsx", [xls.as_slice(), &behind].concat()).unwrap_err();
        assert!(error.contains("another file is behind it"), "{error}");
    }
}

#[test]
fn a_parquet_file_behind_another_one_is_refused() {
    let (small, large) = (fixture("parquet/page-checksums.parquet"), parquet());
    for (first, second) in [(&small, &large), (&large, &small), (&small, &small), (&large, &large)]
    {
        let error = read("parquet", [first.as_slice(), second].concat()).unwrap_err();
        assert!(error.contains("another one is before it"), "{error}");
    }
}

#[test]
fn a_workbook_that_is_compressed_in_another_way_or_encrypted_says_so() {
    let book = workbook(&[("Sheet", &[vec![text("id")]])], false);
    let changed = |at: usize, to: u8| {
        // In the header of each file in the archive, and in its directory (APPNOTE.TXT 6.3.10, 4.3.7 and 4.3.12).
        let mut book = book.clone();
        for (magic, at) in [(b"PK\x03\x04", at), (b"PK\x01\x02", at + 2)] {
            let found = book.windows(4).enumerate().filter(|(_, four)| *four == magic);
            let starts: Vec<usize> = found.map(|(start, _)| start).collect();
            for start in starts {
                book[start + at] = to;
            }
        }
        read("xlsx", book).unwrap_err()
    };
    let bzip2 = changed(8, 12);
    assert!(bzip2.contains("compressed in a way that is not supported"), "{bzip2}");
    let encrypted = changed(6, 1);
    assert!(encrypted.contains("it is encrypted"), "{encrypted}");
}

#[test]
fn a_cell_that_the_reader_of_workbooks_would_change_is_refused() {
    let shared = "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>a</t></si></sst>";
    let sheet = |markup: &'static str| {
        let rows = [vec![text("id")], vec![Cell::Formula(markup)]];
        let book = workbook(&[("Sheet", &rows)], false);
        read("xlsx", stored_with(&book, &[("xl/sharedStrings.xml", shared)], |_| ()))
    };
    for plain in [
        "><v>12</v>",
        "><v/>",
        " t=\"s\"><v>0</v>",
        " t=\"inlineStr\"><v></v><is><t>a</t></is>",
        " t=\"str\"><f>1&lt;2</f><v>a &lt; <!-- less -->b</v>",
    ] {
        assert!(sheet(plain).is_ok(), "{plain}: {:?}", sheet(plain));
    }
    for changed in [
        "><v>1<!-- -->2</v>",
        "><v>1&#50;</v>",
        "><v><![CDATA[12]]></v>",
        "><v>1<?a?>2</v>",
        "><v>1</v><v>2</v>",
        "><v>1<b/>2</v>",
        " t=\"n\"><v>1<!-- -->2</v>",
        " t=\"s\"><v> 0 </v>",
        " t=\"s\"><v>0.0</v>",
        " t=\"s\"><v>-1</v>",
        " t=\"str\"><v>a<![CDATA[ < b]]></v>",
        " t=\"inlineStr\"><v>a</v>",
        " t=\"inlineStr\"><is><t>a</t></is><is><t>b</t></is>",
    ] {
        let error = sheet(changed).unwrap_err();
        assert!(error.contains("cell A2 in `xl/worksheets/sheet1.xml`"), "{changed}: {error}");
    }
    let error = sheet("><v>1</v></c><c r=\"A2\"><v>2</v>").unwrap_err();
    assert!(error.starts_with("line 2: ") && error.contains("has column 1 twice"), "{error}");
    let error = sheet(" t=\"e\"><v>#SPILL!</v>").unwrap_err();
    assert!(error.contains("a cell with an unknown error `#SPILL!`"), "{error}");

    let cell = |text: &str| {
        format!(
            "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell></table:table-row>"
        )
    };
    assert_eq!(read("xlsx", ods_of(&cell("a<!-- -->b"))), Ok(1));
    let error = read("xlsx", ods_of(&cell("a<![CDATA[b]]>"))).unwrap_err();
    assert!(error.contains("CDATA"), "{error}");
}

/// The same archive without compression, changed after its checksums were made.
fn stored(book: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    stored_with(book, &[], change)
}

/// The same with more files in it.
fn stored_with(book: &[u8], more: &[(&str, &str)], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        out.start_file(entry.name().unwrap().into_owned(), options).unwrap();
        std::io::copy(&mut entry, &mut out).unwrap();
    }
    for (name, text) in more {
        out.start_file(*name, options).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    let mut bytes = out.finish().unwrap().into_inner();
    change(&mut bytes);
    bytes
}
