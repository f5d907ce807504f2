//! Decompression bombs, giant lines, broken and empty files: the real loader loads each or refuses it with a
//! message; none panics or hangs.

use std::time::{Duration, Instant};

use crate::support::cloud::Cloud;
use crate::support::compress::gzip;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, Zip, text, workbook};
use crate::support::{TestDatabase, catalog_of};

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

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = Zip::default();
    for (name, bytes) in files {
        zip.add(name, bytes);
    }
    zip.finish()
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
async fn odd_files_load_or_are_refused_with_a_message() {
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
