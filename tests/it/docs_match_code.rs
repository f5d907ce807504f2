//! Papers: what the README and its neighbours say is what the code does.

use std::fs;
use std::process::Command;

use md5::{Digest, Md5};
use stardrop::error::ErrorKind;
use stardrop::settings::TABLE;

use crate::support::root;

fn paper(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The table of `paper` below this header, line by line, without its ruler.
fn table(paper: &str, header: &str) -> Vec<String> {
    let after = paper.split_once(header).unwrap_or_else(|| panic!("no table {header}")).1;
    let lines = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines.map(str::to_owned).collect()
}

#[track_caller]
fn same(found: &[String], wanted: &[String]) {
    assert!(found == wanted, "the README's table should be:\n{}", wanted.join("\n"));
}

#[test]
fn the_readme_lists_every_setting() {
    let wanted: Vec<String> = TABLE
        .iter()
        .map(|(name, default, meaning)| format!("| `{name}` | {default} | {meaning} |"))
        .map(|line| line.replace("|  |", "| |"))
        .collect();
    same(&table(&paper("README.md"), "| setting | default | meaning |"), &wanted);
}

#[test]
fn the_readme_says_what_follows_from_every_error() {
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
    same(&table(&paper("README.md"), "| error | decision | fault | what to do |"), &wanted);
}

#[test]
fn every_kind_of_error_is_listed() {
    let source = paper("src/error.rs");
    let body = source.split_once("pub enum ErrorKind {").unwrap().1.split_once("\n}").unwrap().0;
    let declared: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(',')).collect();
    let listed: Vec<String> = ErrorKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(declared, listed, "ErrorKind::ALL");
}

#[test]
fn the_readme_lists_every_command() {
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
    let rows = table(&paper("README.md"), "| command | does |");
    let listed: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.strip_prefix("| `stardrop ")?.split([' ', '`']).next())
        .collect();
    assert_eq!(listed, names, "the README's table of commands");
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
fn every_word_of_a_contract_is_explained() {
    let text = paper("docs/reference/contract.md");
    let words = contract_words(&paper("src/dataset/contract.rs"));
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
        assert!(
            in_a_row || as_a_table || as_a_view,
            "docs/reference/contract.md lacks `{word}` of {section}"
        );
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

#[test]
fn every_path_in_the_papers_exists() {
    // What the reader makes on the way.
    let elsewhere = [
        "dataset.toml",
        "views.sql",
        "normalise.sql",
        "datasets/visits",
        "datasets/visits/dataset.toml",
    ];
    let mut decisions: Vec<String> = fs::read_dir(root().join("docs/decisions"))
        .unwrap()
        .map(|entry| format!("docs/decisions/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    decisions.extend(
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/reference/contract.md"].map(str::to_owned),
    );
    for name in decisions {
        let text = paper(&name);
        let prose: String = text
            .split("```")
            .step_by(2)
            .flat_map(|part| part.lines())
            .filter(|line| !line.starts_with("    "))
            .collect::<Vec<_>>()
            .join("\n");
        let quoted = prose.split('`').skip(1).step_by(2);
        let linked = prose.split("](").skip(1).filter_map(|link| link.split(')').next());
        for path in quoted.chain(linked.filter(|link| !link.contains("://"))) {
            if is_path(path) && !elsewhere.contains(&path) && !path.contains("NNNN") {
                assert!(root().join(path).exists(), "{name} names {path}, which does not exist");
            }
        }
    }
}

#[test]
fn the_sample_event_names_the_sample_file() {
    let sample = fs::read(root().join("datasets/sales/sample.csv")).unwrap();
    let etag: String = Md5::digest(&sample).iter().map(|byte| format!("{byte:02x}")).collect();
    let event: serde_json::Value = serde_json::from_str(&paper("events/s3-put.json")).unwrap();
    let object = &event["Records"][0]["s3"]["object"];
    assert_eq!(
        object["eTag"], etag,
        "`make invoke` drops datasets/sales/sample.csv for this event"
    );
    assert_eq!(object["size"], sample.len());
}
