//! Fuzzes contracts: any text gives errors with their lines, or a dataset whose SQL can be generated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stardrop::dataset::Catalog;
use stardrop::rows::{Header, RowWriter};
use stardrop::star;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.lines().count().max(1);
    let read = || {
        let named = text.lines().find_map(|line| line.strip_prefix("name = \"")?.split('"').next());
        let name = named.unwrap_or("sales").to_owned();
        Catalog::read([(format!("{name}/dataset.toml").into(), name, text.to_owned())])
    };
    let catalog = match read() {
        Ok(catalog) => catalog,
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(!error.message.is_empty(), "{error:?}");
                assert!((1..=lines + 1).contains(&error.line), "{error:?} of {lines} lines");
            }
            return;
        }
    };
    let compiled = star::compile(&catalog);
    let again = star::compile(&read().unwrap_or_else(|errors| panic!("{errors:?}")));
    for dataset in catalog.datasets() {
        let of = |star: &star::Star| star.dataset(&dataset.name).map(|d| d.fingerprint.clone());
        assert!(of(&compiled).is_some() && of(&compiled) == of(&again), "the same every time");
        let names: Vec<&str> = dataset.columns.iter().map(|column| column.name.as_str()).collect();
        let _ = Header::by_name(dataset, &names);
        let _ = RowWriter::new(dataset, &Header::by_position(dataset), "salt");
        let _ = catalog.match_key("sales/2026/a.csv");
        for key in ["sales/2026/a.csv", "sales/day=2026-01-02/a=%41%/b-c-d.csv"] {
            for is_path in [false, true] {
                let Ok(values) = dataset.key_values(key, is_path) else { continue };
                let names = dataset.from_key.first().map(|pattern| pattern.names().len());
                assert_eq!(Some(values.len()), names);
            }
        }
    }
});
