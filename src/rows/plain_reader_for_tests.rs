//! Reads delimited text character by character, by the plainest means, for tests to compare with.

/// How a file is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub delimiter: &'static str,
    pub quote: char,
    pub escape: Option<char>,
    pub line_end: &'static str,
}

/// A record as the oracle reads it.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub line: usize,
    /// The text of each field, and whether it was in quotes.
    pub fields: Vec<(String, bool)>,
    pub is_faulty: bool,
}

/// Reads a file character by character; `None` if a quote is never closed.
pub(super) fn read_plainly(text: &str, marks: Marks) -> Option<Vec<Read>> {
    let chars: Vec<char> = text.chars().collect();
    let is_at = |at: usize, word: &str| {
        word.chars().enumerate().all(|(n, c)| chars.get(at + n) == Some(&c))
    };
    let line_end = |at: usize| match (chars.get(at), chars.get(at + 1)) {
        (Some('\r'), Some('\n')) => 2,
        (Some('\r' | '\n'), _) => 1,
        _ => 0,
    };
    // Where the first record ends in LF, a CR ends a line only before another line end or the end.
    let ends_line = |at: usize, is_lf: bool| {
        let after = chars.iter().skip(at).find(|char| **char != '\r');
        let is_lone = is_lf && chars.get(at) == Some(&'\r') && !matches!(after, None | Some('\n'));
        if is_lone { 0 } else { line_end(at) }
    };
    let special = [marks.delimiter, "\"'\\\r\n"].concat();
    let is_known = |at: usize| chars.get(at).is_none_or(|char| special.contains(*char));
    let (mut records, mut at, mut is_lf) = (Vec::<Read>::new(), 0, false);
    while at < chars.len() {
        if line_end(at) > 0 {
            at += line_end(at);
            continue;
        }
        let before: String = chars[..at].iter().collect();
        let line = before.replace("\r\n", "\n").matches(['\r', '\n']).count() + 1;
        let mut record = Read { line, ..Read::default() };
        loop {
            let mut field = String::new();
            // The length of what an escape at `at` takes literally.
            let escaped = |at: usize| line_end(at + 1).max(1).min(chars.len() - at - 1);
            let is_quoted = chars.get(at) == Some(&marks.quote);
            let is_blank = |at: usize| is_at(at, " ") || is_at(at, "\t") && marks.delimiter != "\t";
            let blanks = (at..).take_while(|at| is_blank(*at)).count();
            let is_behind_blanks = blanks > 0 && chars.get(at + blanks) == Some(&marks.quote);
            record.is_faulty |= is_behind_blanks;
            // Such a row goes on up to the quote that closes the value, if there is one.
            let mut until = at;
            let mut next = at + blanks + 1;
            while is_behind_blanks && next < chars.len() && until == at {
                let is_escape = Some(chars[next]) == marks.escape;
                if is_escape || is_at(next, &marks.quote.to_string().repeat(2)) {
                    next += 2;
                } else if chars[next] != marks.quote {
                    next += 1;
                } else {
                    let after = next + 1 + (next + 1..).take_while(|at| is_blank(*at)).count();
                    let ends = after >= chars.len() || line_end(after) > 0;
                    if !ends && !is_at(after, marks.delimiter) {
                        break;
                    }
                    until = next + 1;
                }
            }
            if is_quoted {
                at += 1;
                loop {
                    let char = *chars.get(at)?;
                    if Some(char) == marks.escape {
                        let length = escaped(at);
                        record.is_faulty |= !is_known(at + 1);
                        field.extend(&chars[at + 1..at + 1 + length]);
                        at += 1 + length;
                    } else if char != marks.quote {
                        field.push(char);
                        at += 1;
                    } else if chars.get(at + 1) == Some(&marks.quote) {
                        field.push(char);
                        at += 2;
                    } else {
                        at += 1;
                        break;
                    }
                }
            }
            while at < chars.len()
                && (at < until || ends_line(at, is_lf) == 0 && !is_at(at, marks.delimiter))
            {
                record.is_faulty |= is_quoted || chars[at] == '\r';
                if Some(chars[at]) == marks.escape {
                    let length = escaped(at);
                    record.is_faulty |= length == 0 || !is_known(at + 1);
                    field.extend(&chars[at + 1..at + 1 + length]);
                    at += 1 + length;
                } else {
                    field.push(chars[at]);
                    at += 1;
                }
            }
            record.fields.push((field, is_quoted));
            if !is_at(at, marks.delimiter) {
                break;
            }
            at += marks.delimiter.chars().count();
        }
        is_lf |= records.is_empty() && (is_at(at, "\n") || is_at(at, "\r\n"));
        let has_values =
            record.fields.iter().any(|(text, is_quoted)| *is_quoted || !text.is_empty());
        if has_values || record.is_faulty {
            records.push(record);
        }
    }
    Some(records)
}
