//! Compares one table: its columns, keys and indexes.

use super::{formula, version_end};
use crate::migrate::operation::{
    AddColumn, AddKey, ChangeKey, ChangeType, CreateIndex, CreateTable, DropColumn, DropNotNull,
    ExistingRows, JoinMonths, Operation, RecreateTable, RenameColumn, SetNotNull, SplitTable,
};
use crate::migrate::renames::Renames;
use crate::migrate::shape::{Existing, ExistingTable, Key, Shape, Wanted};
use crate::star::{Column, Star, Table};

/// A table of the star or of staging that exists, next to what it should be.
struct Comparison<'a> {
    star: &'a Star,
    table: &'a Table,
    name: String,
    existing: &'a ExistingTable,
    renames: Renames<'a>,
    /// The existing shape, in the columns' new names.
    before: Shape,
    wanted: &'a Shape,
}

/// Returns the operations that one table needs. Appends its name to `recreated` where its rows are
/// lost, because the facts that refer to them are then recreated too.
pub(super) fn compare(
    existing: &Existing,
    wanted: &Wanted<'_>,
    table: &Table,
    recreated: &mut Vec<String>,
) -> Vec<Operation> {
    let name = table.qualified_name();
    let (Some(existing), Some(wanted_shape)) =
        (existing.tables.get(&name), wanted.shapes.get(&name))
    else {
        return vec![Operation::CreateTable(CreateTable { table: table.clone() })];
    };
    let renames = Renames::find(wanted.star, &name, &existing.shape, wanted_shape);
    let mut before = renames.apply(&existing.shape);
    let version_end =
        version_end::compare(table, &mut before, wanted_shape, || datasets_of(wanted.star, &name));
    let comparison = Comparison {
        star: wanted.star,
        table,
        name,
        existing,
        renames,
        before,
        wanted: wanted_shape,
    };
    match comparison.reason_to_recreate(recreated) {
        Some(reason) => {
            let table = table.clone();
            let datasets = comparison.datasets();
            recreated.push(comparison.name);
            let others = existing.others.clone();
            vec![Operation::RecreateTable(RecreateTable { table, reason, datasets, others })]
        }
        None => version_end.into_iter().chain(comparison.operations()).collect(),
    }
}

/// The datasets whose rows go to the table.
fn datasets_of(star: &Star, table: &String) -> Vec<String> {
    let datasets = star.datasets.iter().filter(|dataset| dataset.tables.contains(table));
    datasets.map(|dataset| dataset.name.clone()).collect()
}

impl Comparison<'_> {
    fn datasets(&self) -> Vec<String> {
        datasets_of(self.star, &self.name)
    }

    /// Why the existing rows cannot stay, where they cannot.
    fn reason_to_recreate(&self, recreated: &[String]) -> Option<String> {
        let mut added = self.wanted.keys_missing_in(&self.before);
        let is_possible = |key: &Key| self.existing.possible_keys.iter().any(|k| k.is_same_as(key));
        if !added.all(is_possible) {
            return Some(self.key_difference());
        }
        if !self.existing.has_rows {
            return None;
        }
        let mut referred =
            self.table.columns.iter().filter_map(|column| column.refers_to.as_deref());
        if let Some(dimension) = referred.find(|name| recreated.iter().any(|table| table == name)) {
            return Some(format!("it refers to {dimension}, which is recreated"));
        }
        self.new_columns().find(|column| self.lacks_value(column)).map(|column| {
            format!("new column {} is not null, and existing rows have no value", column.name)
        })
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        operations.extend(self.join_months());
        operations.extend(self.renames.iter().map(|rename| {
            Operation::RenameColumn(RenameColumn {
                table: self.name.clone(),
                from: rename.from.clone(),
                to: rename.to.clone(),
            })
        }));
        operations.extend(self.change_key());
        operations.extend(self.drop_columns());
        for column in &self.table.columns {
            if self.before.columns.contains_key(&column.name) {
                operations.extend(self.change_column(&column.name));
            } else {
                operations.push(self.add_column(column));
            }
        }
        operations.extend(formula::compare(
            self.star,
            self.table,
            self.existing,
            &self.renames,
            || self.datasets(),
        ));
        match self.split_table() {
            // Its keys and indexes are those of the contract.
            Some(split) => operations.push(split),
            None => {
                operations.extend(self.add_keys());
                operations.extend(self.create_indexes());
            }
        }
        operations
    }

    /// The first operation where the table is split otherwise than it should be: into one table, whose columns can all
    /// change.
    fn join_months(&self) -> Option<Operation> {
        self.is_joined().then(|| {
            Operation::JoinMonths(JoinMonths {
                name: self.table.name.clone(),
                others: self.existing.others.clone(),
            })
        })
    }

    fn is_joined(&self) -> bool {
        self.before.split_by.is_some() && !self.before.is_split_as(self.wanted)
    }

    /// The last operation where the table should be split and is not.
    fn split_table(&self) -> Option<Operation> {
        let is_split = self.wanted.split_by.is_some() && !self.before.is_split_as(self.wanted);
        is_split.then(|| {
            let (table, others) = (self.table.clone(), self.existing.others.clone());
            Operation::SplitTable(SplitTable { table, others })
        })
    }

    fn new_columns(&self) -> impl Iterator<Item = &Column> {
        let is_new = |column: &&Column| !self.before.columns.contains_key(&column.name);
        self.table.columns.iter().filter(is_new)
    }

    /// Whether the rows that exist would need a value in a new column, and there is none for them.
    fn lacks_value(&self, column: &Column) -> bool {
        let is_not_null = self.wanted.columns.get(&column.name).is_some_and(|w| w.not_null);
        is_not_null && column.refers_to.is_none() && column.filled.is_none()
    }

    fn drop_columns(&self) -> impl Iterator<Item = Operation> {
        let is_unwanted = |column: &&String| !self.wanted.columns.contains_key(*column);
        self.before.columns.keys().filter(is_unwanted).map(|column| {
            Operation::DropColumn(DropColumn { table: self.name.clone(), column: column.clone() })
        })
    }

    fn add_column(&self, column: &Column) -> Operation {
        let existing_rows = match column.refers_to.as_deref() {
            _ if !self.existing.has_rows => ExistingRows::None,
            Some(dimension) if column.not_null && column.filled.is_none() => {
                ExistingRows::UnknownMemberOf(dimension.to_owned())
            }
            _ => ExistingRows::AsDefined,
        };
        Operation::AddColumn(AddColumn {
            table: self.name.clone(),
            column: column.clone(),
            existing_rows,
            datasets: self.datasets(),
        })
    }

    fn change_column(&self, column: &str) -> Vec<Operation> {
        let shapes = (self.before.columns.get(column), self.wanted.columns.get(column));
        let (Some(before), Some(wanted)) = shapes else { return Vec::new() };
        let (table, column) = (self.name.clone(), column.to_owned());
        let name_before = self.renames.name_before(&column).to_owned();
        let mut operations = Vec::new();
        if (&before.sql_type, &before.collation) != (&wanted.sql_type, &wanted.collation) {
            operations.push(Operation::ChangeType(ChangeType {
                table: table.clone(),
                column: column.clone(),
                name_before: name_before.clone(),
                from: before.clone(),
                to: wanted.clone(),
            }));
        }
        match (before.not_null, wanted.not_null) {
            (true, false) => operations.push(Operation::DropNotNull(DropNotNull { table, column })),
            (false, true) => {
                operations.push(Operation::SetNotNull(SetNotNull { table, column, name_before }));
            }
            _ => {}
        }
        operations
    }

    /// `its key is PRIMARY KEY (id), the contract says PRIMARY KEY (id, part)`
    fn key_difference(&self) -> String {
        let list = |shape: &Shape| {
            let mut keys: Vec<String> = shape.keys.iter().map(ToString::to_string).collect();
            keys.sort();
            if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
        };
        format!("its key is {}, the contract says {}", list(&self.before), list(self.wanted))
    }

    fn change_key(&self) -> Option<Operation> {
        let mut dropped = self.before.keys_missing_in(self.wanted).peekable();
        let mut added = self.wanted.keys_missing_in(&self.before);
        if dropped.peek().is_none() && added.next().is_none() {
            return None;
        }
        Some(Operation::ChangeKey(ChangeKey {
            table: self.name.clone(),
            difference: self.key_difference(),
            dropped: dropped.filter(|_| !self.is_joined()).map(|key| key.name.clone()).collect(),
        }))
    }

    fn add_keys(&self) -> impl Iterator<Item = Operation> {
        // Joined months have no keys.
        let known = if self.is_joined() { Shape::default() } else { self.before.clone() };
        let missing: Vec<&Key> = self.wanted.keys_missing_in(&known).collect();
        missing
            .into_iter()
            .map(|key| Operation::AddKey(AddKey { table: self.name.clone(), key: key.clone() }))
    }

    fn create_indexes(&self) -> impl Iterator<Item = Operation> {
        let is_missing = |(index, _): &&(String, String)| {
            self.is_joined() || !self.existing.indexes.contains(index)
        };
        self.table.indexes.iter().filter(is_missing).map(|(name, definition)| {
            Operation::CreateIndex(CreateIndex {
                table: self.table.clone(),
                name: name.clone(),
                definition: definition.clone(),
            })
        })
    }
}
