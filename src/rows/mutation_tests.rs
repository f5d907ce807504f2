//! Changes one byte of a valid file - a quote, a delimiter, an escape or a line end - and compares what
//! is loaded with an independent reading of the changed text: each row is the same, or both reject it,
//! or both refuse the file.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::plain_reader_for_tests::{Marks, Read, read_plainly};
use super::*;
use crate::dataset::{Catalog, Dataset};
use crate::records::{CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};

const HEADER: [&str; 4] = ["id", "n", "d", "t"];
const CONTRACT: &str = r#"
name = "one"
match = ["one/**"]
[columns]
id = { type = "integer", required = true }
n  = { type = "numeric(8,2)" }
d  = { type = "date" }
t  = { type = "text" }
[fact.one]
degenerate = ["t"]
"#;

const MARKS: [Marks; 5] = [
    Marks { delimiter: ",", quote: '"', escape: None, line_end: "\n" },
    Marks { delimiter: ";", quote: '"', escape: Some('\\'), line_end: "\r\n" },
    Marks { delimiter: "||", quote: '\'', escape: None, line_end: "\n" },
    Marks { delimiter: "\t", quote: '"', escape: None, line_end: "\r\n" },
    Marks { delimiter: "|", quote: '"', escape: Some('\\'), line_end: "\r" },
];

/// A number of at most six digits before and two after the point, without leading zeros; `None` if it is none.
fn number(text: &str) -> Option<String> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_empty = whole.is_empty() && cents.is_empty();
    let whole = whole.trim_start_matches('0');
    if is_empty || !is_digits(whole) || !is_digits(cents) || whole.len() > 6 || cents.len() > 2 {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if cents.is_empty() { whole.to_owned() } else { format!("{whole}.{cents}") })
}

/// The line of COPY text of a record, by the plainest means; `None` if it has to be rejected.
fn copy_line(record: &Read, width: usize) -> Option<String> {
    if record.is_faulty || record.fields.len() != width {
        return None;
    }
    let [(id, _), (n, _), (d, _), (t, is_quoted)] = &record.fields[..] else { return None };
    let id: i32 = id.trim().parse().ok()?;
    let or_null = |text: &str| if text.is_empty() { "\\N".to_owned() } else { text.to_owned() };
    let (n, d) = (n.trim(), d.trim());
    let n = if n.is_empty() { String::new() } else { number(n)? };
    let is_day = jiff::civil::Date::strptime("%Y-%m-%d", d).is_ok() && d.len() == 10;
    if !(d.is_empty() || is_day) {
        return None;
    }
    let text = match &t[..] {
        "" | "NULL" if !is_quoted => "\\N".to_owned(),
        text => text
            .replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
    };
    Some(format!("{id}\t{}\t{}\t{text}\t{}\t\\N\n", or_null(&n), or_null(d), record.line))
}

/// What became of each row: its line, and its COPY text unless it was rejected. `None`: the file was
/// refused.
type Outcome = Option<Vec<(usize, Option<String>)>>;

fn by_oracle(text: &str, marks: Marks) -> Outcome {
    let records = read_plainly(text, marks)?;
    let (header, rows) = records.split_first()?;
    let names: Vec<&str> = header.fields.iter().map(|(name, _)| name.trim()).collect();
    if header.is_faulty || names != HEADER {
        return None;
    }
    Some(rows.iter().map(|row| (row.line, copy_line(row, names.len()))).collect())
}

static DATASET: LazyLock<Dataset> = LazyLock::new(|| {
    let file = ("one/dataset.toml".into(), "one".to_owned(), CONTRACT.to_owned());
    let catalog = Catalog::read([file]).expect("a valid contract");
    catalog.dataset("one").expect("the dataset").clone()
});

fn by_loader(text: &str, marks: Marks) -> Outcome {
    let mut reader = CsvReader::new(CsvOptions {
        delimiter: Delimiter::Text(marks.delimiter.into()),
        quote: Some(marks.quote as u8),
        escape: marks.escape.map(|escape| escape as u8),
        ..CsvOptions::default()
    });
    reader.push(text.as_bytes());
    reader.end();
    let (mut record, mut writer, mut rows) = (Record::new(), None, Vec::new());
    loop {
        match reader.next(&mut record).ok()? {
            Step::NeedMore => unreachable!("the whole text is there"),
            Step::End => return writer.map(|_| rows),
            Step::Record => {}
        }
        let Some(writer) = &writer else {
            let names: Vec<String> =
                record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let header =
                Header::by_name(&DATASET, &names).ok().filter(|_| record.fault().is_none())?;
            // The oracle knows no other columns.
            if names.len() != HEADER.len() || header.is_reordered {
                return None;
            }
            writer = Some(RowWriter::new(&DATASET, &header, ""));
            continue;
        };
        let mut line = Vec::new();
        let written = writer.write(&record, &mut line).ok();
        let line = written.map(|()| String::from_utf8(line).expect("text"));
        rows.push((record.line() as usize, line));
    }
}

/// The rows of a file: an id, cents, a day and a text.
fn rows() -> impl Strategy<Value = Vec<(u16, u32, u8, String)>> {
    let text = "[ab\"',;|\\\\\n\r\té ]{0,8}|NULL|[a-z]{1,9}";
    prop::collection::vec((any::<u16>(), 0..99_999_999_u32, 1..=28_u8, text), 1..6)
}

/// A valid file, with quotes where the text needs them.
fn file(rows: &[(u16, u32, u8, String)], marks: Marks) -> String {
    let mut text = HEADER.join(marks.delimiter) + marks.line_end;
    for (id, cents, day, comment) in rows {
        let number = format!("{}.{:02}", cents / 100, cents % 100);
        let mut quoted = comment.replace(marks.quote, &marks.quote.to_string().repeat(2));
        if let Some(escape) = marks.escape {
            quoted = comment.replace(escape, &escape.to_string().repeat(2));
            quoted = quoted.replace(marks.quote, &format!("{escape}{}", marks.quote));
        }
        let plain = comment.chars().all(|char| char.is_ascii_alphanumeric());
        let quote = if plain { String::new() } else { marks.quote.to_string() };
        let fields = [
            id.to_string(),
            number,
            format!("2026-02-{day:02}"),
            format!("{quote}{quoted}{quote}"),
        ];
        text += &fields.join(marks.delimiter);
        text += marks.line_end;
    }
    text
}

/// The text with one of the marks inserted, removed, or put in the place of a byte.
fn mutate(text: &str, marks: Marks, at: usize, which: usize, how: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let special = [
        marks.quote,
        marks.delimiter.chars().next().unwrap_or(','),
        marks.escape.unwrap_or('\\'),
        '\n',
        '\r',
    ];
    let (at, mark) = (at % chars.len(), special[which % special.len()]);
    match how % 3 {
        0 => chars.insert(at, mark),
        1 => chars[at] = mark,
        _ => {
            let marked = chars.iter().enumerate().skip(at).find(|(_, char)| special.contains(char));
            let at = marked.map_or(at, |(at, _)| at);
            chars.remove(at);
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(4_000), ..ProptestConfig::default() })]

    #[test]
    fn one_changed_byte_loads_what_the_text_says_or_rejects_or_refuses(
        rows in rows(), marks in prop::sample::select(&MARKS[..]), at: u16, which: u8, how: u8,
    ) {
        let valid = file(&rows, marks);
        let loaded = by_loader(&valid, marks);
        prop_assert_eq!(&loaded, &by_oracle(&valid, marks));
        prop_assert_eq!(loaded.iter().flatten().filter(|(_, line)| line.is_some()).count(), rows.len());
        let mutated = mutate(&valid, marks, at.into(), which.into(), how.into());
        let expected = by_oracle(&mutated, marks);
        prop_assert_eq!(by_loader(&mutated, marks), expected, "{:?}", mutated);
    }
}
