//! Layout: breaks the long lines of generated SQL, so that it reads as if it had been written by hand.
//!
//! Lists get a line for each item, and a comparison of two rows gets a line for each row. Only line breaks and the
//! blanks after them are added, and none within a literal or a comment.

/// The longest line that stays as it is.
const MAX_WIDTH: usize = 100;

/// What can come before the first item of a list.
const KEYWORDS: [&str; 5] = ["select ", "group by ", "order by ", "returning ", "("];

/// The second row of a comparison starts a line.
const COMPARISON: &str = " is distinct from (";

/// The same SQL with its long lines broken.
pub(super) fn broken(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + sql.len() / 8);
    let mut is_in_literal = false;
    for line in sql.split_inclusive('\n') {
        let starts_in_literal = is_in_literal;
        let is_comment = !is_in_literal && line.trim_start().starts_with("--");
        if !is_comment && !line.matches('\'').count().is_multiple_of(2) {
            is_in_literal = !is_in_literal;
        }
        if is_comment || starts_in_literal || is_in_literal || line.chars().count() <= MAX_WIDTH {
            out.push_str(line);
        } else {
            break_line(line, &mut out);
        }
    }
    out
}

fn break_line(line: &str, out: &mut String) {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    if let Some((first, second)) = line.split_once(COMPARISON)
        && text.starts_with('(')
    {
        out.push_str(&format!("{first}\n{:indent$}{}{second}", "", COMPARISON.trim_start()));
        return;
    }
    let keyword = KEYWORDS.into_iter().find(|keyword| text.starts_with(keyword)).unwrap_or("");
    let indent = indent + keyword.len();
    let commas = commas(line, usize::from(keyword == "("));
    // One comma hardly makes a list.
    if commas.len() < 2 {
        out.push_str(line);
        return;
    }
    let mut from = 0;
    for comma in commas {
        let Some(item) = line.get(from..=comma) else { break };
        out.push_str(item);
        out.push_str(&format!("\n{:indent$}", ""));
        from = comma + 2;
    }
    out.push_str(line.get(from..).unwrap_or_default());
}

/// The commas of a list, each before a blank: outside literals, and within this number of parentheses.
fn commas(line: &str, depth_of_list: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut depth, mut quote) = (0_usize, None);
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[') => depth += 1,
            (None, b')' | b']') => depth = depth.saturating_sub(1),
            (None, b',') if depth == depth_of_list && bytes.get(at + 1) == Some(&b' ') => {
                found.push(at);
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_get_a_line_for_each_item() {
        let long = "x".repeat(90);
        let sql = format!("  select a, coalesce(b, '{long}, c'), \"d, e\"\n  from t\n");
        let expected = format!(
            "  select a,\n         coalesce(b, '{long}, c'),\n         \"d, e\"\n  from t\n"
        );
        assert_eq!(broken(&sql), expected);
        let sql = format!("  (a, f({long}, 1), c)\n");
        assert_eq!(broken(&sql), format!("  (a,\n   f({long}, 1),\n   c)\n"));
        let sql = format!("  ({long}, a) is distinct from (b, c)\n");
        assert_eq!(broken(&sql), format!("  ({long}, a)\n  is distinct from (b, c)\n"));
    }

    #[test]
    fn literals_comments_and_short_lines_stay() {
        let long = "x, ".repeat(50);
        for sql in
            [format!("-- {long}\n"), format!("a = '\n{long}\n{long}' or b\n"), "a, b, c".to_owned()]
        {
            assert_eq!(broken(&sql), sql);
        }
    }
}
