//! Checks that the documentation matches the code: the tables of settings, errors and commands, the keys of a
//! contract, every path and link, and the numbers of the decisions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use md5::{Digest, Md5};
use stardrop::error::ErrorKind;
use stardrop::settings::TABLE;

use crate::support::root;

const SETTINGS: &str = "docs/reference/settings.md";
const ERRORS: &str = "docs/reference/errors.md";
const COMMANDS: &str = "docs/reference/commands.md";
const CONTRACT: &str = "docs/reference/contract.md";

fn text_of(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

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
fn error_kind_all_holds_every_kind() {
    let source = text_of("src/error.rs");
    let body = source.split_once("pub enum ErrorKind {").unwrap().1.split_once("\n}").unwrap().0;
    let declared: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(',')).collect();
    let listed: Vec<String> = ErrorKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(declared, listed, "ErrorKind::ALL");
}

#[test]
fn every_command_is_listed() {
    let help = Command::new(env!("CARGO_BIN_EXE_stardrop")).arg("--help").output().unwrap();
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
                "file" | "columns" | "policy" | "dimension" | "fact" | "view"
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

/// Whether a word in backticks reads like a path of the project.
fn is_path(word: &str) -> bool {
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    let named = [".md", ".rs", ".sql", ".toml", ".sh", ".json", ".svg"]
        .iter()
        .any(|suffix| word.ends_with(suffix));
    plain && !word.starts_with(['/', '-']) && (word.contains('/') || named)
}

/// The Markdown files below `folder`, by their path in the project, sorted.
fn pages_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(pages_below(&name));
        } else if name.ends_with(".md") {
            found.push(name);
        }
    }
    found.sort();
    found
}

fn every_page() -> Vec<String> {
    let mut pages = pages_below("docs");
    let others =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "events/README.md", "infra/README.md"];
    pages.extend(others.map(str::to_owned));
    pages
}

/// The page without its blocks of code.
fn prose(page: &str) -> String {
    let outside = page.split("```").step_by(2).flat_map(str::lines);
    outside.filter(|line| !line.starts_with("    ")).collect::<Vec<_>>().join("\n")
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

/// Whether a link of this page leads to a file of the project, and to a heading of it.
fn link_holds(page: &str, link: &str) -> bool {
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target: PathBuf = match path {
        "" => root().join(page),
        path => root().join(page).parent().unwrap_or(Path::new("")).join(path),
    };
    target.exists()
        && (fragment.is_empty()
            || fs::read_to_string(target)
                .unwrap()
                .lines()
                .any(|line| line.starts_with('#') && anchor(line) == fragment))
}

#[test]
fn every_path_and_link_in_the_docs_exists() {
    // Files that the reader writes, that a build makes, and words that only look like paths.
    let elsewhere = [
        "dataset.toml",
        "views.sql",
        "normalise.sql",
        "datasets/visits/dataset.toml",
        "visits/2026-01.csv",
        "target/lambda/SHA256SUMS",
        "sales/",
        "sales/2026/01/sales-2026-01-05.csv",
        "10.83.0.0/24",
    ];
    let mut checked = 0;
    for page in every_page() {
        let prose = prose(&text_of(&page));
        for path in prose.split('`').skip(1).step_by(2) {
            let here = root().join(&page).parent().unwrap().join(path);
            if is_path(path) && !elsewhere.contains(&path) && !path.contains("NNNN") {
                assert!(
                    root().join(path).exists() || here.exists(),
                    "{page} names {path}, which does not exist"
                );
                checked += 1;
            }
        }
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") {
                assert!(link_holds(&page, link), "{page} links to {link}, which does not exist");
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "only {checked} paths and links were found");
}

#[test]
fn the_index_of_the_docs_lists_every_page() {
    let index = text_of("docs/README.md");
    for page in pages_below("docs") {
        let link = page.strip_prefix("docs/").unwrap();
        assert!(
            link == "README.md" || index.contains(&format!("]({link})")),
            "docs/README.md has no link to {link}"
        );
    }
}

#[test]
fn the_numbers_of_decisions_have_no_gap() {
    for (page, number) in pages_below("docs/decisions").iter().zip(1..) {
        let name = page.strip_prefix("docs/decisions/").unwrap();
        assert!(name.starts_with(&format!("{number:04}-")), "decision {number} is missing: {name}");
        let title = text_of(page);
        assert!(title.starts_with(&format!("# {number}. ")), "{name}: its title is not {number}.");
    }
}

#[test]
fn the_sample_event_names_the_sample_file() {
    let sample = fs::read(root().join("datasets/sales/sample.csv")).unwrap();
    let etag: String = Md5::digest(&sample).iter().map(|byte| format!("{byte:02x}")).collect();
    let event: serde_json::Value = serde_json::from_str(&text_of("events/s3-put.json")).unwrap();
    let object = &event["Records"][0]["s3"]["object"];
    assert_eq!(
        object["eTag"], etag,
        "`make invoke` drops datasets/sales/sample.csv for this event"
    );
    assert_eq!(object["size"], sample.len());
}

#[test]
fn every_test_that_the_decisions_name_exists() {
    let mut checked = 0;
    for page in pages_below("docs/decisions") {
        let text = text_of(&page);
        for line in text.lines() {
            let mut file = None;
            for word in line.split('`').skip(1).step_by(2) {
                if word.starts_with("tests/") && word.ends_with(".rs") {
                    file = Some(word);
                } else if let Some(file) = file
                    && word.matches('_').count() >= 2
                    && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                {
                    assert!(
                        text_of(file).contains(&format!("fn {word}(")),
                        "{page}: {file} has no test {word}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 20, "only {checked} tests were found");
}
