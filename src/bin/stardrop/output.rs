//! Output: prints aligned tables, and the message for a load that does not exist.

use std::io::{self, Write};
use std::process::ExitCode;

use stardrop::error::Fault;

/// Prints a header and rows with aligned columns; numbers are aligned to the right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain(header.get(column).map(|name| name.len()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let numeric: Vec<bool> = (0..header.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(cell)))
        .collect();
    let mut out = io::stdout().lock();
    let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&names).chain(rows) {
        let mut line = String::new();
        for ((cell, width), right) in row.iter().zip(&widths).zip(&numeric) {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if *right { (pad.as_str(), "") } else { ("", pad.as_str()) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Prints that there is no such load, and returns the exit code.
pub fn no_such_load(load: i64) -> ExitCode {
    eprintln!("stardrop: there is no load {load}\n  to list all loads, run: stardrop status");
    ExitCode::from(Fault::Data.exit_code())
}

fn is_number(cell: &str) -> bool {
    !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b','))
}

/// `text` on one line, cut at `width` characters.
pub fn cut(text: &str, width: usize) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= width {
        return one_line;
    }
    one_line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
