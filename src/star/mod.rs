//! Star: generates the SQL of a star schema from a catalog of datasets. Uses no database.
//!
//! `table` and `ident` write SQL; `staging`, `dimension`, `date` and `fact` have the tables of each
//! kind and the SQL step that loads a batch into them; `normalise` puts these steps into one trigger
//! function per dataset. A new kind of dimension is one file in `dimension` and one line in its
//! `mod.rs`.

mod bits;
mod complete;
mod counts;
mod date;
pub mod diagram;
mod dimension;
mod fact;
mod finding;
mod function;
mod ident;
mod layout;
mod load_order;
mod lock;
mod month;
mod normalise;
mod rename;
mod replace;
mod row_size;
mod staging;
mod table;
mod time;
mod turn;
mod undo;
mod view;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::dataset::{Catalog, Dataset};
use fact::FactContext;

pub use complete::call as complete_call;
pub(crate) use fact::COMPUTED;
pub(crate) use function::FUNCTION_PREFIXES;
pub use function::Function;
pub use ident::ident;
pub(crate) use ident::{list, literal};
pub(crate) use month::of as month_of;
pub use rename::Rename;
pub use replace::call as replace_call;
pub use staging::{INBOX_SUFFIX, copy_statement, open_call};
pub(crate) use staging::{OWN_LOAD, TRIGGERS, index_name};
pub use table::{Column, Table};

/// All SQL that a catalog needs in a database.
#[derive(Debug, Clone)]
pub struct Star {
    /// `dim_date`, the dimensions by name, the facts by name: the order in which batches lock them.
    pub tables: Vec<Table>,
    /// The statements that insert the unknown members, needed before the first load.
    pub unknown_members: Vec<String>,
    /// The statements that declare missing foreign keys.
    pub foreign_keys: Vec<String>,
    /// The SQL of each dataset.
    pub datasets: Vec<CompiledDataset>,
    /// Columns that the contract renames, in every table that has them.
    pub renames: Vec<Rename>,
}

/// The SQL that one dataset needs in a database besides the tables of the star.
#[derive(Debug, Clone)]
pub struct CompiledDataset {
    /// The name of the dataset.
    pub name: String,
    /// The table that the loader copies into.
    pub staging: Table,
    /// The star's tables that its batches write to, such as `star.fact_sales`.
    pub tables: Vec<String>,
    /// Its functions in schema `staging`.
    pub functions: Vec<Function>,
    /// The names of the triggers of its staging table.
    pub triggers: Vec<&'static str>,
    /// The expressions of its facts, as the contract says them.
    pub expressions: Vec<String>,
    /// The statements that create its functions, triggers and views, in this order.
    pub statements: Vec<String>,
    /// SHA-256 of all SQL that its rows pass through, in hexadecimal.
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
    let foreign_keys = all_facts(catalog).into_iter().filter_map(fact::foreign_keys).collect();
    let datasets: Vec<CompiledDataset> = catalog
        .datasets()
        .iter()
        .map(|dataset| compile_dataset(catalog, dataset, &tables))
        .collect();
    let renames = rename::all(catalog, &datasets, &tables);
    Star { tables, unknown_members, foreign_keys, datasets, renames }
}

/// The facts of all datasets, by name.
fn all_facts(catalog: &Catalog) -> Vec<FactContext<'_>> {
    let mut facts: Vec<FactContext<'_>> =
        catalog.datasets().iter().flat_map(|dataset| facts_of(catalog, dataset)).collect();
    facts.sort_by(|a, b| a.fact.name.cmp(&b.fact.name));
    facts
}

/// The facts of one dataset, by name.
fn facts_of<'c>(catalog: &'c Catalog, dataset: &'c Dataset) -> Vec<FactContext<'c>> {
    let facts = dataset.facts.iter().map(|fact| FactContext { catalog, dataset, fact });
    let mut facts: Vec<_> = facts.collect();
    facts.sort_by(|a, b| a.fact.name.cmp(&b.fact.name));
    facts
}

fn uses_dates(dataset: &Dataset) -> bool {
    dataset.facts.iter().any(|fact| !fact.dates.is_empty())
}

fn compile_dataset(catalog: &Catalog, dataset: &Dataset, tables: &[Table]) -> CompiledDataset {
    let staging = staging::table(dataset);
    let own_facts = facts_of(catalog, dataset);
    let mut statements: Vec<String> = time::zone_check(dataset).into_iter().collect();
    statements.extend(own_facts.iter().filter_map(|context| fact::expression_check(*context)));
    let mut functions: Vec<Function> = staging::begin_function(dataset).into_iter().collect();
    functions.push(normalise::function(catalog, dataset));
    statements.extend(functions.iter().map(|function| function.sql.clone()));
    statements.push(staging::trigger(dataset));
    let mut further: Vec<Function> = staging::open_function(dataset).into_iter().collect();
    further.extend(replace::function(dataset));
    further.extend(complete::function(catalog, dataset));
    further.push(undo::function(catalog, dataset));
    statements.extend(further.iter().map(|function| function.sql.clone()));
    functions.extend(further);
    statements.push(staging::grants(dataset));
    statements.extend(view::statements(dataset));
    let mut hash = Sha256::new();
    hash.update(staging.create());
    let used = table_names(catalog, dataset);
    let tables: Vec<&Table> = tables.iter().filter(|table| used.contains(&table.name)).collect();
    for table in &tables {
        hash.update(table.create());
    }
    let tables = tables.iter().map(|table| table.qualified_name()).collect();
    for statement in &statements {
        hash.update(statement);
    }
    for foreign_keys in own_facts.into_iter().filter_map(fact::foreign_keys) {
        hash.update(foreign_keys);
    }
    let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    CompiledDataset {
        name: dataset.name.clone(),
        staging,
        tables,
        functions,
        triggers: staging::triggers(dataset),
        expressions: dataset.facts.iter().flat_map(fact::expressions).collect(),
        statements,
        fingerprint,
    }
}

/// The names of the star's tables that a dataset's batches may write to.
fn table_names(catalog: &Catalog, dataset: &Dataset) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for effect in dimension::effects(catalog, dataset) {
        let name = &effect.dimension.name;
        names.extend([dimension::name(name), dimension::history_name(name)]);
        names.insert(dimension::repeated_name(name));
        names.extend(dimension::presence_tables(name));
    }
    for fact in &dataset.facts {
        let name = &fact.name;
        names.insert(fact::name(name));
        names.extend([fact::confirmation_name(name), fact::tombstone_name(name)]);
    }
    names.extend(uses_dates(dataset).then(|| date::NAME.to_owned()));
    names
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
        parts.extend(self.foreign_keys.iter().cloned());
        for dataset in &self.datasets {
            parts.push(dataset.staging.create());
            parts.extend(dataset.statements.iter().cloned());
        }
        let mut script = parts.join("\n");
        script.push('\n');
        script
    }

    /// The compiled dataset with this name.
    pub fn dataset(&self, name: &str) -> Option<&CompiledDataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }
}
