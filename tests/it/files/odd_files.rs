//! Odd files: bombs, giants, scraps and nonsense go through the real loader, and end in a sentence or
//! in rows; nothing panics or hangs.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use stardrop::records::{Format, ReaderOptions, Record, Step};

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, Zip, ods, workbook, xlsb};
use crate::support::{TestDatabase, catalog_of, shared_data};

const CONTRACT: &str = r#"
name  = "odd"
match = ["odd/**"]
[columns]
id   = { type = "integer", required = true }
name = { type = "text" }
note = { type = "json" }
[policy]
rejects        = "90%"
missing_column = "null"
[fact.odd]
grain      = ["id"]
degenerate = ["name", "note"]
"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = Zip::default();
    for (name, bytes) in files {
        zip.add(name, bytes);
    }
    zip.finish()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// A sheet with a cell in the last corner that there is.
fn corners() -> Vec<u8> {
    let rows = [vec![text("id"), text("name")], vec![Cell::Number("1".to_owned()), text("a")]];
    let book = workbook(&[("Sheet", &rows)], false);
    let far = "</row><row r=\"1048576\"><c r=\"XFD1048576\"><v>7</v></c></row></sheetData>";
    repack(&book, "xl/worksheets/sheet1.xml", |xml| xml.replace("</row></sheetData>", far))
}

/// The same archive with one of its files changed.
fn repack(archive: &[u8], name: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut zip = Zip::default();
    let mut rest = archive;
    while let Some(head) = rest.strip_prefix(b"PK\x03\x04") {
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()) as usize;
        let (packed, named) = (number(14), usize::from(head[22]));
        let file = std::str::from_utf8(&head[26..26 + named]).unwrap();
        let data = &head[26 + named..26 + named + packed];
        let mut text = String::new();
        let mut decoder = flate2::read::DeflateDecoder::new(data);
        std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
        zip.add(file, if file == name { change(&text) } else { text });
        rest = &head[26 + named + packed..];
    }
    zip.finish()
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn deep(open: &str, close: &str, depth: usize) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

fn odd_files() -> Vec<(&'static str, Vec<u8>)> {
    let wide = |count: usize| (0..count).map(|n| format!("c{n},")).collect::<String>();
    let head = "id,name,note\n";
    let good = format!("{head}1,a,1\n");
    let header = vec![text("id"), text("name"), text("note")];
    let many: Vec<Cell> = (0..16_384).map(|n| text(&format!("c{n}"))).collect();
    let parquet = crate::load::resume::parquet();
    let cut = parquet[..parquet.len() / 2].to_vec();
    let mut headless = parquet.clone();
    headless.truncate(parquet.len() - 9);
    let list = deep("[", "]", 10_000);
    let object = deep("{\"a\":", "}", 10_000);
    vec![
        ("odd/bomb.csv.gz", gzip(&vec![0; 300 << 20])),
        ("odd/bomb-of-bombs.csv.gz", gzip(&gzip(&gzip(&vec![b'1'; 100 << 20])))),
        ("odd/bomb.zip.csv", zip(&[("a.csv", &vec![b','; 60 << 20])])),
        ("odd/two-files.csv.zip", zip(&[("a.csv", good.as_bytes()), ("b.csv", good.as_bytes())])),
        ("odd/no-file.csv.zip", zip(&[])),
        ("odd/folder-and-file.csv.zip", zip(&[("a/", b""), ("a/b.csv", good.as_bytes())])),
        ("odd/million-columns.csv", format!("{}\n1\n", wide(1_000_000)).into()),
        ("odd/long-line.csv", format!("{head}1,{},1\n", "x".repeat(100_000_000)).into()),
        ("odd/long-header.csv", "x".repeat(100_000_000).into()),
        ("odd/long-quoted.csv", format!("{head}1,\"{}", "x\n".repeat(50_000_000)).into()),
        ("odd/nuls.csv", vec![0; 100_000]),
        ("odd/nul-in-rows.csv", format!("{head}1,a\0b,1\n2,c,\"\0\"\n3,d,3\n").into()),
        ("odd/lone-quote.csv", format!("{good}2,\"b,1\n3,c,1\n").into()),
        ("odd/quote-alone.csv", "\"".into()),
        ("odd/quotes.csv", format!("{head}1,\"\"\"\",1\n2,a\"b,2\n3,\"a\"b,3\n").into()),
        ("odd/utf16-odd.csv", { let mut all = utf16(&good); all.push(b'2'); all }),
        ("odd/utf16-lone-surrogate.csv", [utf16(&format!("{head}1,")), vec![0, 0xd8, b'\n', 0]].concat()),
        ("odd/only-bom.csv", b"\xef\xbb\xbf".to_vec()),
        ("odd/only-bom16.csv", vec![0xff, 0xfe]),
        ("odd/only-newlines.csv", "\n\r\n\r\n".into()),
        ("odd/only-delimiters.csv", ",,,\n,,,\n".into()),
        ("odd/only-header.csv", head.into()),
        ("odd/header-without-end.csv", "id,name,note".into()),
        ("odd/empty.csv", vec![]),
        ("odd/empty.csv.gz", vec![]),
        ("odd/nothing.csv.gz", gzip(b"")),
        ("odd/half.csv.gz", { let all = gzip(good.as_bytes()); all[..all.len() - 6].to_vec() }),
        ("odd/rubbish-behind.csv.gz", [gzip(good.as_bytes()), b"rubbish".to_vec()].concat()),
        ("odd/empty.jsonl", vec![]),
        ("odd/empty.json", vec![]),
        ("odd/empty-array.json", "[]".into()),
        ("odd/half-array.json", "[{\"id\":1},".into()),
        ("odd/number.json", "7".into()),
        ("odd/deep-array.json", list.clone().into()),
        ("odd/deep.jsonl", format!(
            "{{\"id\":1,\"note\":{list}}}\n{{\"id\":2,\"note\":{object}}}\n{{\"id\":3,\"more\":{list}}}\n\
             {{\"id\":4,\"more\":{object}}}\n{object}\n{list}\n{{\"id\":5}}\n").into()),
        ("odd/deep.csv", format!("{head}1,a,\"{list}\"\n2,b,1\n").into()),
        ("odd/one-line-of-bad.json", "[{\"id\":\"x\"},{\"id\":1},{\"id\":\"y\"},{\"name\":\"z\"}]".into()),
        ("odd/long.jsonl", format!("{{\"id\":1,\"name\":\"{}\"}}\n", "x".repeat(100_000_000)).into()),
        ("odd/empty.xlsx", vec![]),
        ("odd/nonsense.xlsx", b"PK\x03\x04 and nothing of it".to_vec()),
        ("odd/empty-zip.xlsx", zip(&[])),
        ("odd/text.xlsx", good.clone().into()),
        ("odd/no-cells.xlsx", workbook(&[("Sheet", &[])], false)),
        ("odd/only-header.xlsx", workbook(&[("Sheet", &[header])], false)),
        ("odd/wide.xlsx", workbook(&[("Sheet", &[many])], false)),
        ("odd/corner.xlsx", corners()),
        ("odd/empty.parquet", vec![]),
        ("odd/magic.parquet", b"PAR1PAR1".to_vec()),
        ("odd/cut.parquet", cut),
        ("odd/no-end.parquet", headless),
        ("odd/text.parquet", good.into()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_files_end_in_a_sentence_or_in_rows() {
    let mut said = String::new();
    let catalog = catalog_of(&[("odd", CONTRACT)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let mut loader = cloud.loader();
    for (key, bytes) in odd_files() {
        let started = Instant::now();
        let object = cloud.put(key, bytes).await;
        let outcome = match loader.load(&object, None).await {
            Ok(report) => {
                let first = "select reason from stardrop.rejected_row
                    where load_id = (select max(load_id) from stardrop.load) order by source_line limit 1";
                format!(
                    "{} read, {} rejected {}",
                    report.rows_read,
                    report.rows_rejected,
                    db.rows(first).await
                )
            }
            Err(error) => format!("{:?}: {error}", error.kind),
        };
        assert!(started.elapsed() < Duration::from_secs(60), "{key} takes {:?}", started.elapsed());
        said.push_str(&format!(
            "{} | {}\n",
            &key[4..],
            outcome.replace(&format!("s3://inbox/{key}: "), "")
        ));
        db.run("truncate star.fact_odd").await;
    }
    let stuck =
        "select key, state from stardrop.load where state not in ('loaded', 'failed', 'duplicate')";
    assert_eq!(db.rows(stuck).await, "", "{said}");
    insta::assert_snapshot!("odd_files", said);
    assert_balanced(&db).await;
}

const SHEETS: &str = r#"
name  = "sheets"
match = ["sheets/**"]
[columns]
id   = { type = "integer", required = true }
name = { type = "text" }
paid = { type = "numeric(8,2)", decimal = "," }
day  = { type = "date", format = "%d/%m/%Y" }
at   = { type = "timestamp" }
[policy]
rejects = "90%"
[fact.sheet]
grain      = ["id"]
degenerate = ["name", "paid", "day", "at"]
"#;

#[tokio::test]
async fn a_sheet_means_the_same_in_every_kind_of_workbook() {
    let number = |number: &str| Cell::Number(number.to_owned());
    let rows = vec![
        ["id", "name", "paid", "day", "at"].map(text).into(),
        vec![
            number("1"),
            text("Zo\u{eb}, \"x\""),
            number("1234.5"),
            Cell::Date(46_027.0),
            Cell::Date(46_027.75),
        ],
        vec![],
        vec![
            number("2"),
            Cell::Empty,
            text("1234,5"),
            text("05/01/2026"),
            text("2026-01-05 18:00"),
        ],
        vec![number("2.5"), text("half"), Cell::Empty, Cell::Empty, Cell::Empty],
        vec![number("3"), text("<&>"), number("-0.25"), Cell::Empty, Cell::Empty],
    ];
    for (key, bytes) in [
        ("sheets/a.xlsx", workbook(&[("Sheet", &rows)], false)),
        ("sheets/a.xlsb", xlsb(&rows)),
        ("sheets/a.ods", ods(&rows)),
    ] {
        let catalog = catalog_of(&[("sheets", SHEETS)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        cloud.put_and_load(key, bytes).await;
        let star = "select id, name, paid, day, at, source_line from star.fact_sheet order by 1";
        let rejected = "select source_line, column_name, raw from stardrop.rejected_row";
        let said = format!("{}\n--\n{}", db.rows(star).await, db.rows(rejected).await);
        assert_eq!(
            said,
            "1|Zo\u{eb}, \"x\"|1234.50|2026-01-05|2026-01-05T18:00:00|2\n\
             2|null|1234.50|2026-01-05|2026-01-05T18:00:00|4\n\
             3|<&>|-0.25|null|null|6\n--\n5|id|2.5,half,,,",
            "{key}"
        );
        assert_balanced(&db).await;
    }
}

/// Reads all records; how many, or the error.
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

#[test]
fn a_damaged_workbook_or_parquet_file_is_refused_and_nothing_panics() {
    let rows =
        [vec![text("id"), text("day")], vec![Cell::Number("1".to_owned()), Cell::Date(46_027.5)]];
    let mut whole = vec![
        ("xlsx", workbook(&[("Sheet", &rows)], false)),
        ("xlsx", xlsb(&rows)),
        ("xlsx", ods(&rows)),
        ("parquet", crate::load::resume::parquet()),
    ];
    // Not .xls: where damage moves a cell to a far corner, the library fills all that is between.
    if let Some(folder) = shared_data("xlsx") {
        for file in ["calamine/date.xlsx", "readxl/geometry.xlsx"] {
            whole.push(("xlsx", std::fs::read(folder.join(file)).unwrap()));
        }
    }
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    let mut outcomes = (0, 0);
    for (format, bytes) in &whole {
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
    // Of a kind that made the library panic: a string that is in no table of strings.
    let mut zip = Zip::default();
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
    zip.add("xl/_rels/workbook.bin.rels", format!("<Relationships><Relationship Id=\"rId2\" Type=\"{relation}\" Target=\"worksheets/sheet1.bin\"/></Relationships>"));
    zip.add("xl/workbook.bin", b"\x9c\x01\x14\0\0\0\0\x01\0\0\0\x04\0\0\0r\0I\0d\x009\0\x90\x01\0");
    let said = read("xlsx", zip.finish()).unwrap_err();
    assert_eq!(said, "line 1: the workbook cannot be read: it is damaged");
}

#[tokio::test]
async fn a_date_beyond_those_of_a_workbook_is_rejected_and_not_moved_to_the_last_one() {
    let number = |number: usize| Cell::Number(number.to_string());
    for (is_1904, last) in [(false, 2_958_465.0), (true, 2_957_003.0)] {
        let days = [last, last + 1.0, 1e300, -1.0, -0.25, last + 0.5];
        let mut rows: Vec<Vec<Cell>> = vec![["id", "day", "at"].map(text).into()];
        rows.extend(days.iter().enumerate().map(|(place, day)| match place {
            5 => vec![number(place), Cell::Empty, Cell::Date(*day)],
            _ => vec![number(place), Cell::Date(*day), Cell::Empty],
        }));
        let contract = SHEETS.replace("90%\"", "90%\"\nmissing_column = \"null\"");
        let catalog = catalog_of(&[("sheets", &contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        cloud.put_and_load("sheets/a.xlsx", workbook(&[("Sheet", &rows)], is_1904)).await;
        let star = "select id, day, at from star.fact_sheet order by 1";
        assert_eq!(db.rows(star).await, "0|9999-12-31|null\n5|null|9999-12-31T12:00:00");
        let rejected = "select source_line, column_name from stardrop.rejected_row order by 1";
        assert_eq!(db.rows(rejected).await, "3|day\n4|day\n5|day\n6|day");
    }
}
