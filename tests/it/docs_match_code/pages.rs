//! Checks every path and link of the pages, their index, and the decisions: their numbers, and the tests that
//! they name.

use std::fs;
use std::path::{Path, PathBuf};

use super::text_of;
use crate::support::root;

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
    let mut pages = [pages_below("docs"), pages_below("examples")].concat();
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
        "run.sh",
        "target/lambda/SHA256SUMS",
        "sales/",
        "orders/full.csv.zst",
        "sales/2026/01/sales-2026-01-05.csv",
        "10.83.0.0/24",
        "0.0.0.0/8",
        "1.2.3.0/24",
    ];
    let mut checked = 0;
    for page in every_page() {
        let prose = prose(&text_of(&page));
        for path in prose.split('`').skip(1).step_by(2) {
            let here = root().join(&page).parent().unwrap().join(path);
            let is_elsewhere = elsewhere.contains(&path) || path.starts_with("../shared");
            if is_path(path) && !is_elsewhere && !path.contains("NNNN") {
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
fn the_numbers_of_decisions_have_no_gap_and_the_index_has_their_titles() {
    let index = text_of("docs/README.md");
    for (page, number) in pages_below("docs/decisions").iter().zip(1..) {
        let name = page.strip_prefix("docs/decisions/").unwrap();
        assert!(name.starts_with(&format!("{number:04}-")), "decision {number} is missing: {name}");
        let title = text_of(page);
        let title =
            title.lines().next().and_then(|line| line.strip_prefix(&format!("# {number}. ")));
        let title = title.unwrap_or_else(|| panic!("{name}: its title is not {number}."));
        let entry = format!("- {number:04}: [{title}](decisions/{name})");
        assert!(index.lines().any(|line| line == entry), "docs/README.md should have: {entry}");
    }
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
