//! Compares the star with a plain model of it, for random contracts, files and orders of arrival.
//!
//! `STARDROP_ORACLE_CASES` is the number of sets of files to try (`make oracle CASES=2000`), and
//! `STARDROP_ORACLE_SEED` the first seed; a failure prints the seed of its case.

mod actual;
mod case;
mod expected;
mod findings;
mod looked_up;
mod presence;
mod random;

use stardrop::dataset::Catalog;
use stardrop::{migrate, star};

use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, connect};
use case::{Case, File, Source};
use random::Random;

/// How many sets of files are tried unless one asks for more.
const CASES: u64 = 40;

/// The number of sets of files for each contract, since a contract takes a migration.
const FILES_PER_CONTRACT: u64 = 2;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => text.parse().unwrap(),
        _ => default,
    }
}

/// A database whose star is that of the case.
async fn migrate_to(db: &mut TestDatabase, case: &Case) -> (star::Star, Catalog) {
    // A session caches dropped tables, and slows down with their number.
    db.client = connect(&db.url).await;
    db.run("drop schema if exists star, staging cascade").await;
    if db.text("select to_regclass('stardrop.dataset') is not null").await == "true" {
        db.run("truncate stardrop.dataset, stardrop.load cascade").await;
    }
    let (shop, book) = (case.toml(Source::Shop), case.toml(Source::Book));
    let catalog = catalog_of(&[("shop", &shop), ("book", &book)]);
    let star = star::compile(&catalog);
    migrate::run(&mut db.client, &star)
        .await
        .unwrap_or_else(|error| panic!("{error:?}\n{shop}\n{book}"));
    (star, catalog)
}

async fn empty(db: &TestDatabase, star: &star::Star) {
    // Deleting from small tables is many times faster than truncating them; facts go first.
    let tables =
        star.tables.iter().rev().map(|table| format!("delete from {};\n", table.qualified_name()));
    db.run(&format!("begin; {} delete from stardrop.load; commit", tables.collect::<String>()))
        .await;
    db.run(&star.unknown_members.concat()).await;
}

/// What differs from the oracle, as text; empty where nothing does.
async fn differences(db: &TestDatabase, case: &Case, files: &[File]) -> String {
    let mut out = String::new();
    let mut compare = |what: &str, expected: Vec<String>, actual: Vec<String>| {
        if expected != actual {
            out.push_str(&format!(
                "{what}\n  expected\n    {}\n  actual\n    {}\n",
                expected.join("\n    "),
                actual.join("\n    ")
            ));
        }
    };
    for (at, dimension) in case.dimensions.iter().enumerate() {
        let actual = actual::dimension(db, case, at).await;
        compare(dimension.name, expected::dimension(case, at, files), actual);
    }
    for fact in &case.facts {
        let actual = actual::fact(db, case, fact).await;
        compare(fact.name, expected::fact(case, fact, files), actual);
    }
    // Of findings of older versions of a key, some depend on the order of arrival.
    let mut expected = findings::expected(case, files);
    expected.sort();
    compare("findings", expected, findings::actual(db, case).await);
    out
}

/// The same for what `audit` says, which follows the order of arrival.
async fn audit_differences(db: &TestDatabase, case: &Case, files: &[File]) -> String {
    let mut out = String::new();
    for fact in &case.facts {
        // A row that is deleted or left out, and comes again, has come first then.
        let stays = !fact.delete_when && !case.replacing.contains(&fact.source);
        if fact.audit && fact.grain.is_some() && stays {
            let (expected, actual) = (expected::audit(fact, files), actual::audit(db, fact).await);
            if expected != actual {
                out.push_str(&format!("audit\n  expected {expected:?}\n  actual {actual:?}\n"));
            }
        }
    }
    out
}

/// A case as a person wants to read it.
fn story(case: &Case, files: &[File]) -> String {
    let mut out = format!("{}\n{}\n", case.toml(Source::Shop), case.toml(Source::Book));
    for file in files {
        out.push_str(&format!("{} ({}) at {}\n", file.key, file.part, file.hour));
        for (at, row) in file.batches.iter().flatten().enumerate() {
            let fields: Vec<&str> = row.iter().map(|v| v.as_deref().unwrap_or("-")).collect();
            out.push_str(&format!("  {at}: {}\n", fields.join(" ")));
        }
    }
    out
}

/// Undoes the load of a file, and replays what the undo names: the star is that of the other files.
async fn undo(
    db: &TestDatabase,
    looked_up: &looked_up::Files,
    (case, catalog): (&Case, &Catalog),
    all: &[File],
    others: &[File],
    undone: &File,
    seed: u64,
) {
    actual::undo(db, catalog, looked_up, all, undone).await;
    let differences = differences(db, case, others).await;
    assert!(
        differences.is_empty(),
        "STARDROP_ORACLE_SEED={seed}, undone {} at {}\n{}\n{differences}",
        undone.key,
        undone.hour,
        story(case, all)
    );
    assert_balanced(db).await;
}

async fn try_contract(db: &mut TestDatabase, seed: u64) {
    let mut random = Random(seed);
    let case = random::case(&mut random);
    let (star, catalog) = migrate_to(db, &case).await;
    let looked_up = looked_up::Files::of(&catalog);
    for _ in 0..FILES_PER_CONTRACT {
        let mut files = random::files(&mut random, &case);
        for order in 0..3 {
            match order {
                0 => files.sort_by_key(|file| (file.hour, file.key.clone(), file.part.clone())),
                1 => files.reverse(),
                _ => random.shuffle(&mut files),
            }
            empty(db, &star).await;
            for file in &files {
                actual::load(db, &catalog, &looked_up, file).await;
            }
            let differences =
                differences(db, &case, &files).await + &audit_differences(db, &case, &files).await;
            assert!(
                differences.is_empty(),
                "STARDROP_ORACLE_SEED={seed}, order {order}\n{}\n{differences}",
                story(&case, &files)
            );
            assert_balanced(db).await;
        }
        let all = files.clone();
        for _ in 0..2 {
            let undone = files.remove(random.below(files.len()));
            undo(db, &looked_up, (&case, &catalog), &all, &files, &undone, seed).await;
        }
    }
}

#[tokio::test]
async fn random_files_in_any_order_give_the_star_that_the_contract_means() {
    let mut db = TestDatabase::empty().await;
    let first = number("STARDROP_ORACLE_SEED", 1);
    let cases = number("STARDROP_ORACLE_CASES", CASES);
    let contracts = cases.div_ceil(FILES_PER_CONTRACT);
    for seed in first..first + contracts {
        try_contract(&mut db, seed).await;
        let done = (seed - first + 1) * FILES_PER_CONTRACT;
        if done.is_multiple_of(100) {
            eprintln!("{done} sets of files");
        }
    }
    eprintln!("{cases} sets of files, for {contracts} contracts, in 3 orders each");
}
