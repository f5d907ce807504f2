//! Loads CSV files with odd traits, each as a separate dataset. The name of a file says its trait; the
//! snapshot shows the outcome and every row.

use std::fmt::Write as _;

use crate::support::file_table::{Loaded, TestFile};

const ABC: &str = "a,b,c\n1,2,3\n4,5,6\n";

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// 2,000 rows of three fields, four of which lack one.
fn long() -> String {
    let row =
        |n: u32| if n.is_multiple_of(500) { format!("{n},x\n") } else { format!("{n},x,y\n") };
    (1..=2_000).map(row).fold("a,b,c\n".to_owned(), |text, row| text + &row)
}

fn files() -> Vec<TestFile> {
    let wide: Vec<String> = (1..=1_001).map(|n| format!("c{n}")).collect();
    let texts = [
        ("simple", "", ABC),
        ("crlf-line-ends", "", "a,b,c\r\n1,2,3\r\n4,5,6\r\n"),
        ("cr-line-ends", "", "a,b,c\r1,2,3\r4,5,6\r"),
        ("no-last-line-end", "", "a,b,c\n1,2,3"),
        ("comma-in-quotes", "", "a,b\n\"x, y\",1\n"),
        ("quotes-in-quotes", "", "a,b\n\"he said \"\"no\"\"\",1\n"),
        ("line-ends-in-quotes", "", "a,b\n\"x\ny\",1\n\"x\r\ny\",2\n"),
        ("json-in-quotes", "", "a,b\n1,\"{\"\"n\"\": [1, \"\"x\"\"]}\"\n"),
        ("quote-in-an-unquoted-field", "", "a,b\n5\" pipe,1\n"),
        ("other-quote", "quote = \"'\"", "a,b\n'x, y',1\n"),
        ("backslash-escape", "escape = \"\\\\\"", "a,b\n\"x \\\"y\\\", z\",1\n\"\\\\\",2\n"),
        ("semicolons", "", "a;b;c\n1,5;2;3\n"),
        ("tabs", "", "a\tb\tc\n1\t2\t3\n"),
        ("bars", "", "a|b|c\n1|2|3\n"),
        ("colons", "delimiter = \":\"", "a:b\n1:2\n"),
        ("one-column", "", "a\n1\n2\n"),
        ("no-header", "header = false", "1,2,3\n4,5,6\n"),
        ("notes-above-the-header", "skip = 3", "report of May\n\nprinted,today\na,b\n1,2\n"),
        ("line-end-in-the-header", "", "\"a\n(net)\",b\n1,2\n"),
        ("accents-in-the-header", "", "na\u{ef}ve,\u{540d}\u{524d}\n1,2\n"),
        ("blanks-around-names", "", " a , b\n1,2\n"),
        ("blank-names-at-the-end", "", "a,b,,\n1,2,,\n3,4,,\n"),
        ("a-name-twice", "", "id,x,id\n1,2,3\n"),
        ("names-that-differ-in-case", "", "a,A\n1,2\n"),
        ("header-alone", "", "a,b,c\n"),
        ("empty", "", ""),
        ("blank-lines", "", "a,b\n\n1,2\n\n\n3,4\n\n"),
        ("blank-fields", "", "a,b,c\n,,\n1,,\n,2,\n,,3\n"),
        ("same-row-twice", "", "a,b\n1,2\n1,2\n"),
        ("rows-too-short-and-too-long", "", "a,b,c\n1,2\n1,2,3\n1,2,3,4\n"),
        ("empty-fields-beyond-the-header", "", "a,b\n1,2,,,\n"),
        ("leading-zeros", "", "code,n\n007,1\n00700,2\n"),
        ("numbers-of-many-spellings", "", "a,b\n1.50,1e3\n-0,+1\n1.000.000,.5\n"),
        (
            "dates-of-many-spellings",
            "",
            "a,b\n2026-01-05,05/01/2026\n2026-01-05T10:00:00+02:00,Jan 5\n",
        ),
        ("words-that-mean-null", "", "a,b\nNULL,1\nnull,2\nN/A,3\n"),
        ("bom", "", "\u{feff}a,b\n1,\u{2665}\n"),
        ("emoji-and-right-to-left", "", "a,b\n\u{1f600}\u{1f3fd},\u{5d0}\u{5d1}\n"),
    ];
    let mut files: Vec<TestFile> = texts
        .iter()
        .map(|(name, options, text)| (*name, *options, text.as_bytes().to_vec()))
        .chain([
            ("utf-16-little-endian", "", utf16("a,b\n1,\u{2665}\n", u16::to_le_bytes)),
            ("utf-16-big-endian", "", utf16("a,b\n1,\u{2665}\n", u16::to_be_bytes)),
            ("latin-1", "encoding = \"latin1\"", b"a,b\n1,caf\xe9\n".to_vec()),
            ("latin-1-that-nobody-says", "", b"a,b\n1,caf\xe9\n2,tea\n".to_vec()),
            ("header-in-latin-1", "", b"a,caf\xe9\n1,2\n".to_vec()),
            ("nul-in-a-field", "", b"a,b\n1,x\0y\n2,z\n".to_vec()),
            ("more-columns-than-the-limit", "", format!("{}\n1\n", wide.join(",")).into()),
            ("long", "", long().into()),
        ])
        .map(|(name, options, bytes)| TestFile {
            name: format!("{name}.csv"),
            options: options.to_owned(),
            bytes,
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_csv_trait_loads_right_or_says_why_not() {
    let loaded = Loaded::of(files()).await;
    let compared = loaded.compare_with_csv_core().await;
    assert!(compared >= 20, "only {compared} files were compared");
    let mut said = String::new();
    for (number, outcome) in loaded.table.lines().enumerate() {
        writeln!(said, "{outcome}").unwrap();
        if outcome.contains("loaded | ") && !outcome.starts_with("long.csv") {
            for row in loaded.content(number).await.lines() {
                writeln!(said, "    {row}").unwrap();
            }
        }
    }
    insta::assert_snapshot!("csv_traits", said);
}
