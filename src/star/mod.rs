//! Star: a catalog of datasets in, the SQL of their star out. Asks no database.
//!
//! `table` and `ident` are the words of SQL; `staging`, `dimension`, `date` and `fact` say what
//! there is of each kind and how a batch gets into it; `normalise` puts these steps into one
//! trigger function per dataset. A new kind of dimension is one file in `dimension` and one line
//! in its `mod.rs`.

mod counts;
mod date;
pub mod diagram;
mod dimension;
mod fact;
mod ident;
mod lock;
mod normalise;
mod rename;
mod replace;
mod staging;
mod table;
mod time;
mod undo;
mod view;

use sha2::{Digest, Sha256};

use crate::dataset::{Catalog, Dataset};
use fact::FactOf;

pub use ident::ident;
pub use rename::Rename;
pub use replace::call as replace_call;
pub use staging::{INBOX_SUFFIX, copy_statement, open_call};
pub(crate) use staging::{OWN_LOAD, TRIGGERS, index_name};
pub use table::{Column, Table};

/// Everything that a catalog needs in a database.
#[derive(Debug, Clone)]
pub struct Star {
    /// `dim_date`, the dimensions by name, the facts by name: the global order of locks.
    pub tables: Vec<Table>,
    /// Rows that must be there before the first load: the unknown members.
    pub unknown_members: Vec<String>,
    /// Declares the foreign keys that are not declared yet.
    pub references: Vec<String>,
    pub datasets: Vec<CompiledDataset>,
    /// Columns that had another name before, in every table that has them.
    pub renames: Vec<Rename>,
}

/// What one dataset needs in a database besides the tables of the star.
#[derive(Debug, Clone)]
pub struct CompiledDataset {
    pub name: String,
    pub staging: Table,
    /// The tables of the star that its rows go to, as `star.fact_sales`.
    pub tables: Vec<String>,
    /// The trigger function, the trigger, the function that opens the loader's copy; in order.
    pub statements: Vec<String>,
    /// SHA-256 of all SQL that rows of this dataset meet, hexadecimal.
    pub fingerprint: String,
}

/// Compiles all datasets of a catalog.
pub fn compile(catalog: &Catalog) -> Star {
    let mut tables = Vec::new();
    if catalog.datasets().iter().any(uses_dates) {
        tables.push(date::table());
    }
    tables.extend(catalog.dimensions().iter().flat_map(dimension::tables));
    tables.extend(all_facts(catalog).into_iter().flat_map(fact::tables));

    let unknown_members = catalog.dimensions().iter().map(dimension::unknown_member).collect();
    let references = all_facts(catalog).into_iter().filter_map(fact::references).collect();
    let datasets: Vec<CompiledDataset> = catalog
        .datasets()
        .iter()
        .map(|dataset| compile_dataset(catalog, dataset, &tables))
        .collect();
    let renames = rename::all(catalog, &datasets, &tables);
    Star { tables, unknown_members, references, datasets, renames }
}

/// The facts of all datasets, by name.
fn all_facts(catalog: &Catalog) -> Vec<FactOf<'_>> {
    let mut facts: Vec<FactOf<'_>> = catalog
        .datasets()
        .iter()
        .flat_map(|dataset| dataset.facts.iter().map(move |fact| FactOf { catalog, dataset, fact }))
        .collect();
    facts.sort_by(|a, b| a.fact.name.cmp(&b.fact.name));
    facts
}

fn uses_dates(dataset: &Dataset) -> bool {
    dataset.facts.iter().any(|fact| !fact.dates.is_empty())
}

fn compile_dataset(catalog: &Catalog, dataset: &Dataset, tables: &[Table]) -> CompiledDataset {
    let staging = staging::table(dataset);
    let own_facts: Vec<FactOf<'_>> =
        all_facts(catalog).into_iter().filter(|of| of.dataset.name == dataset.name).collect();
    let mut statements: Vec<String> =
        own_facts.iter().filter_map(|of| fact::expression_check(*of)).collect();
    statements.extend(staging::begin_function(dataset));
    statements.extend([normalise::function(catalog, dataset), staging::trigger(dataset)]);
    statements.extend(staging::open_function(dataset));
    statements.extend(replace::function(dataset));
    statements.extend([undo::function(catalog, dataset), staging::grants(dataset)]);
    statements.extend(view::statements(dataset));
    let mut hash = Sha256::new();
    hash.update(staging.create());
    let tables: Vec<&Table> =
        tables.iter().filter(|table| is_used_by(catalog, dataset, table)).collect();
    for table in &tables {
        hash.update(table.create());
    }
    let tables = tables.iter().map(|table| table.qualified_name()).collect();
    for statement in &statements {
        hash.update(statement);
    }
    for reference in own_facts.into_iter().filter_map(fact::references) {
        hash.update(reference);
    }
    let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    CompiledDataset { name: dataset.name.clone(), staging, tables, statements, fingerprint }
}

fn is_used_by(catalog: &Catalog, dataset: &Dataset, table: &Table) -> bool {
    let dimension = dimension::touches(catalog, dataset).iter().any(|touch| {
        let name = &touch.dimension.name;
        table.name == dimension::name(name) || table.name == dimension::seen_name(name)
    });
    let fact = dataset.facts.iter().any(|fact| {
        table.name == fact::name(&fact.name) || table.name == fact::deleted_name(&fact.name)
    });
    dimension || fact || (table.name == date::NAME && uses_dates(dataset))
}

impl Star {
    /// The fingerprint of a dataset's contract; empty where the star lacks the dataset.
    pub fn fingerprint(&self, dataset: &Dataset) -> &str {
        self.dataset(&dataset.name).map_or("", |compiled| compiled.fingerprint.as_str())
    }

    /// The whole SQL as one script, as `stardrop migrate --sql` prints it.
    pub fn script(&self) -> String {
        let mut parts: Vec<String> = self.tables.iter().map(Table::create).collect();
        parts.extend(self.unknown_members.iter().cloned());
        parts.extend(self.references.iter().cloned());
        for dataset in &self.datasets {
            parts.push(dataset.staging.create());
            parts.extend(dataset.statements.iter().cloned());
        }
        let mut script = parts.join("\n");
        script.push('\n');
        script
    }

    /// The compiled dataset of that name.
    pub fn dataset(&self, name: &str) -> Option<&CompiledDataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }
}
