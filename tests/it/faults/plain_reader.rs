//! Reads the text of a file into rows and rejected rows, as plainly as possible. Shares no code with the
//! loader.

use super::files::{HEADER, UNLUCKY};

/// A row that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: i64,
    pub rev: Option<i64>,
    /// Both dimensions: the key and the name.
    pub customer: (Option<String>, Option<String>),
    pub item: (Option<String>, Option<String>),
    pub day: Option<String>,
    pub qty: Option<i64>,
}

/// A record of a file.
#[derive(Debug, Clone)]
pub struct Line {
    pub number: u64,
    pub raw: String,
    /// `None` where it has to be rejected.
    pub row: Option<Row>,
}

/// The records of a file after its header, none of an empty file; `None` where the file as a whole is at fault.
pub fn read(text: &str) -> Option<Vec<Line>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut records = records(text).into_iter();
    if records.next()?.raw != HEADER {
        return None;
    }
    Some(records.collect())
}

fn records(text: &str) -> Vec<Line> {
    let (mut out, mut raw, mut fields, mut field) =
        (Vec::new(), String::new(), Vec::new(), String::new());
    let (mut line, mut started, mut quoted) = (1, 1, false);
    for letter in text.chars() {
        if letter == '\n' {
            line += 1;
        }
        if letter == '\n' && !quoted {
            fields.push(std::mem::take(&mut field));
            let raw = std::mem::take(&mut raw);
            out.push(record(started, raw, std::mem::take(&mut fields)));
            started = line;
            continue;
        }
        raw.push(letter);
        match letter {
            // A quote within quotes is doubled: the second one opens them again.
            '"' => {
                if !quoted && raw.ends_with("\"\"") && !field.is_empty() {
                    field.push('"');
                }
                quoted = !quoted;
            }
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    if !raw.is_empty() {
        fields.push(field);
        out.push(record(started, raw, fields));
    }
    out
}

fn record(number: u64, raw: String, mut fields: Vec<String>) -> Line {
    let raw = raw.strip_suffix('\r').map_or(raw.clone(), str::to_owned);
    if let Some(last) = fields.last_mut() {
        *last = last.trim_end_matches('\r').to_owned();
    }
    Line { number, raw, row: row(&fields) }
}

fn row(fields: &[String]) -> Option<Row> {
    let [id, rev, customer, customer_name, item, item_name, day, qty] = fields else { return None };
    let text = |field: &String| (!field.is_empty()).then(|| field.clone());
    let number = |field: &String| match field.as_str() {
        "" => Some(None),
        digits => digits.parse::<i64>().ok().map(Some),
    };
    let qty = number(qty)?;
    if qty == Some(UNLUCKY) {
        return None;
    }
    Some(Row {
        id: number(id)??,
        rev: number(rev)?,
        customer: (text(customer), text(customer_name)),
        item: (text(item), text(item_name)),
        day: text(day),
        qty,
    })
}
