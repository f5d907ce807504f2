//! Checks the tables of `docs/reference/` against the code: settings, errors, commands, and the keys, column
//! types and file formats of a contract.

use std::process::Command;

use stardrop::dataset::{ColumnSource, History};
use stardrop::enrich::AddressKind;
use stardrop::error::ErrorKind;
use stardrop::ledger::view::STATES;
use stardrop::settings::TABLE;
use stardrop::types::{self, TypeOptions};

use super::text_of;
use crate::support::programs::program_of_this_build;

const SETTINGS: &str = "docs/reference/settings.md";
const ERRORS: &str = "docs/reference/errors.md";
const COMMANDS: &str = "docs/reference/commands.md";
const CONTRACT: &str = "docs/reference/contract.md";

/// The rows of the table with this header, without the header and the line below it.
fn table(page: &str, header: &str) -> Vec<String> {
    let after = page.split_once(header).unwrap_or_else(|| panic!("no table {header}")).1;
    let lines = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines.map(str::to_owned).collect()
}

#[track_caller]
fn same(page: &str, found: &[String], wanted: &[String]) {
    assert!(found == wanted, "the table in {page} should be:\n{}", wanted.join("\n"));
}

#[test]
fn every_setting_is_listed() {
    let wanted: Vec<String> = TABLE
        .iter()
        .map(|(name, default, meaning)| format!("| `{name}` | {default} | {meaning} |"))
        .map(|line| line.replace("|  |", "| |"))
        .collect();
    same(SETTINGS, &table(&text_of(SETTINGS), "| setting | default | meaning |"), &wanted);
}

#[test]
fn every_error_is_listed_with_its_policy() {
    let wanted: Vec<String> = ErrorKind::ALL
        .iter()
        .map(|kind| {
            let policy = kind.policy();
            let decision = format!("{:?}", policy.decision).to_lowercase();
            let fault = format!("{:?}", policy.fault).to_lowercase();
            let hint = policy.hint.replace('<', "&lt;");
            format!("| `{kind:?}` | {decision} | {fault} | {hint} |")
        })
        .collect();
    same(ERRORS, &table(&text_of(ERRORS), "| error | decision | fault | what to do |"), &wanted);
}

#[test]
fn every_command_is_listed() {
    let help = Command::new(program_of_this_build("stardrop")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names: Vec<&str> = commands
        .lines()
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.contains(&"load"), "{names:?}");
    let rows = table(&text_of(COMMANDS), "| command | does |");
    let listed: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.strip_prefix("| `stardrop ")?.split([' ', '`']).next())
        .collect();
    assert_eq!(listed, names, "the table of commands in {COMMANDS}");
}

/// The words of a contract, section by section, as the code declares them.
fn contract_words(source: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    for part in source.split("pub(super) struct ").skip(1) {
        let (section, body) = part.split_once('{').unwrap();
        let body = body.split_once("\n}").unwrap().0;
        let mut renamed = None;
        for line in body.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("#[serde(rename = \"") {
                renamed = rest.split('"').next();
            } else if let Some(field) = line.strip_prefix("pub ") {
                let field = field.split(':').next().unwrap();
                words.push((section.trim().to_owned(), renamed.take().unwrap_or(field).to_owned()));
            }
        }
    }
    words
}

#[test]
fn every_key_of_a_contract_is_explained() {
    let text = text_of(CONTRACT);
    let words = contract_words(&text_of("src/dataset/contract.rs"));
    assert!(words.contains(&("Column".to_owned(), "type".to_owned())), "{words:?}");
    for (section, word) in words {
        let table = matches!(section.as_str(), "Contract")
            && matches!(
                word.as_str(),
                "file" | "columns" | "policy" | "enrich" | "dimension" | "fact" | "view"
            );
        let in_a_row = text.lines().any(|line| {
            let first = line.strip_prefix("| ").and_then(|row| row.split(" | ").next());
            first.is_some_and(|cell| cell.split(", ").any(|name| name == format!("`{word}`")))
        });
        let as_a_table = text.contains(&format!("[{word}")) && table;
        let as_a_view = section == "View" && text.contains("`[view.<name>] sql = ");
        assert!(in_a_row || as_a_table || as_a_view, "{CONTRACT} lacks `{word}` of {section}");
    }
}

#[test]
fn every_kind_of_address_is_listed() {
    let page = text_of(CONTRACT);
    let paragraph = page.split_once("The path `address_kind` is").unwrap().1;
    let paragraph = paragraph.split_once("\n\n").unwrap().0;
    for kind in AddressKind::ALL {
        let name = kind.as_str();
        assert!(paragraph.contains(&format!("`{name}`")), "{CONTRACT} lacks the kind {name}");
    }
}

#[test]
fn every_kind_of_history_is_listed() {
    let words = row_words("history");
    for history in History::ALL {
        let name = history.as_str();
        assert!(words.iter().any(|word| word == name), "{CONTRACT} lacks the history {name}");
    }
}

#[test]
fn every_source_of_a_column_is_listed() {
    let page = text_of(CONTRACT);
    let row = page.lines().find(|line| line.starts_with("| `source` |")).unwrap();
    for (word, _) in ColumnSource::NAMED {
        assert!(row.contains(&format!("`{word}`")), "{CONTRACT} lacks the source {word}");
    }
}

/// The words in the row of this key in the contract's tables.
fn row_words(key: &str) -> Vec<String> {
    let page = text_of(CONTRACT);
    let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
    let row = row.unwrap_or_else(|| panic!("{CONTRACT} has no row `{key}`"));
    row.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

#[test]
fn every_column_type_is_listed_with_what_it_takes() {
    let wanted: Vec<String> = types::type_options()
        .map(|(name, options)| {
            let sql_type = types::column_type(name, &TypeOptions::default()).unwrap().sql_type();
            let options: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
            format!("| `{name}` | {sql_type} | {} |", options.join(", ")).replace("|  |", "| |")
        })
        .collect();
    same(CONTRACT, &table(&text_of(CONTRACT), "| type | in Postgres | takes |"), &wanted);
}

#[test]
fn every_state_of_a_load_is_listed() {
    let known: Vec<String> = STATES.iter().map(|state| format!("`{state}`")).collect();
    let rows = table(&text_of("docs/reference/load-states.md"), "| state | meaning |");
    let listed: Vec<String> =
        rows.iter().filter_map(|row| Some(row.split('|').nth(1)?.trim().to_owned())).collect();
    same("docs/reference/load-states.md", &listed, &known);
    let ledger = text_of("sql/migrations/V1__ledger.sql");
    let (_, states) = ledger.split_once("check (state in").unwrap();
    let (states, _) = states.split_once("))").unwrap();
    assert_eq!(states.matches('\'').count(), 2 * STATES.len(), "{states}");
    for state in STATES {
        assert!(states.contains(&format!("'{state}'")), "{state} is not in {states}");
    }
}

#[test]
fn every_file_format_is_listed() {
    let formats = row_words("format");
    for name in stardrop::records::Format::names() {
        assert!(formats.iter().any(|word| word == name), "{CONTRACT} lacks the format {name}");
    }
}
