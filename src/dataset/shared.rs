//! Shared: what all datasets say of their dimensions in; each dimension once, and what does not
//! fit, out.

use std::collections::BTreeMap;

use super::{Column, Dataset, DimensionRef, DimensionSource, History, name};
use crate::types::SqlType;

/// A dimension as all the datasets that name it see it.
#[derive(Debug, Clone)]
pub struct Dimension {
    pub name: String,
    /// The columns of the natural key.
    pub key: Vec<Column>,
    pub attributes: Vec<Column>,
    /// The attributes by who brings them and what is remembered of them.
    pub groups: Vec<AttributeGroup>,
}

/// Attributes that always come together, so that one position in time says how new they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeGroup {
    pub attributes: Vec<String>,
    pub history: History,
}

impl Dimension {
    /// The attributes of which versions are kept.
    pub fn versioned(&self) -> Option<&AttributeGroup> {
        self.groups.iter().find(|group| group.history.keeps_versions())
    }

    /// The names of the natural key's columns.
    pub fn key_names(&self) -> Vec<String> {
        self.key.iter().map(|column| column.name.clone()).collect()
    }
}

/// A mistake between datasets: the place of the dataset in the list, the line, the message.
pub(super) type Mistake = (usize, usize, String);

/// All dimensions by name, with what the datasets say of them that does not go together.
pub(super) fn dimensions(datasets: &[&Dataset]) -> (Vec<Dimension>, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let mut merged: BTreeMap<&str, Merged> = BTreeMap::new();
    for (at, dataset) in datasets.iter().enumerate() {
        for feed in &dataset.dimensions {
            let dimension = merged.entry(&feed.name).or_default();
            mistakes.extend(dimension.add(at, dataset, feed).map(|message| (at, 1, message)));
        }
    }
    let mut dimensions = Vec::new();
    for (name, merged) in merged {
        let groups = merged.groups();
        if groups.iter().filter(|group| group.history.keeps_versions()).count() > 1 {
            let message = format!(
                "attributes of dimension `{name}` with history = \"versions\" come from different \
                 datasets: every dataset that brings one of them has to bring all of them"
            );
            mistakes.push((
                merged.brought.last().map_or(0, |b| b.by.last().copied().unwrap_or(0)),
                1,
                message,
            ));
        }
        dimensions.push(Dimension {
            name: name.to_owned(),
            key: merged.key,
            attributes: merged.brought.into_iter().map(|brought| brought.column).collect(),
            groups,
        });
    }
    (dimensions, mistakes)
}

/// What is known of a dimension so far.
#[derive(Default)]
struct Merged {
    key: Vec<Column>,
    brought: Vec<Brought>,
}

/// An attribute, and the datasets that bring it.
struct Brought {
    column: Column,
    history: History,
    by: Vec<usize>,
}

impl Merged {
    fn add(
        &mut self,
        at: usize,
        dataset: &Dataset,
        feed: &DimensionSource,
    ) -> impl Iterator<Item = String> + use<> {
        let mut mistakes = Vec::new();
        let key: Vec<Column> =
            feed.key.iter().filter_map(|name| dataset.column(name).cloned()).collect();
        if self.key.is_empty() {
            self.key = key;
        } else if !same_columns(&self.key, &key) {
            mistakes.push(format!(
                "dimension `{}` has another key in another dataset ({}): the names and types must be \
                 the same; a fact that only refers to it can say {{ dimension = \"{0}\", key = [..] }}",
                feed.name,
                list(&self.key)
            ));
        }
        for (attribute, history) in feed.remembered() {
            let Some(column) = dataset.column(attribute) else { continue };
            let known = self.brought.iter_mut().find(|known| known.column.name == *attribute);
            let Some(known) = known else {
                self.brought.push(Brought { column: column.clone(), history, by: vec![at] });
                continue;
            };
            known.by.push(at);
            if known.column.column_type.sql_type() != column.column_type.sql_type() {
                mistakes.push(format!(
                    "attribute `{attribute}` of dimension `{}` is of type {} here and {} in another \
                     dataset: the types must be the same",
                    feed.name, column.type_name, known.column.type_name
                ));
            }
            if known.history != history {
                mistakes.push(format!(
                    "attribute `{attribute}` of dimension `{}` has history = \"{}\" here and \"{}\" in \
                     another dataset: they must be the same",
                    feed.name,
                    history.as_str(),
                    known.history.as_str()
                ));
            }
        }
        mistakes.into_iter()
    }

    fn groups(&self) -> Vec<AttributeGroup> {
        let mut groups: Vec<(&Brought, AttributeGroup)> = Vec::new();
        for brought in &self.brought {
            let fits = |(first, _): &&mut (&Brought, AttributeGroup)| {
                first.history == brought.history && first.by == brought.by
            };
            match groups.iter_mut().find(fits) {
                Some((_, group)) => group.attributes.push(brought.column.name.clone()),
                None => groups.push((
                    brought,
                    AttributeGroup {
                        attributes: vec![brought.column.name.clone()],
                        history: brought.history,
                    },
                )),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// Finds the dimensions that a dataset's facts refer to, and the keys that they leave out.
pub(super) fn resolve(dataset: &mut Dataset, dimensions: &[Dimension]) -> Vec<(usize, String)> {
    let mut mistakes = Vec::new();
    let columns = dataset.columns.clone();
    for fact in &mut dataset.facts {
        let happened = fact.happened().is_some();
        for used in &mut fact.dimensions {
            match resolve_use(used, &columns, dimensions) {
                Err(message) => mistakes.push((used.line, message)),
                Ok(dimension) if dimension.versioned().is_some() && !happened => mistakes.push((
                    used.line,
                    format!(
                        "dimension `{}` has versions: say with as_of, or with a date, when a row of \
                         fact `{}` happened",
                        dimension.name, fact.name
                    ),
                )),
                Ok(_) => {}
            }
        }
    }
    mistakes
}

fn resolve_use<'d>(
    used: &mut DimensionRef,
    columns: &[Column],
    dimensions: &'d [Dimension],
) -> Result<&'d Dimension, String> {
    let name = &used.dimension;
    let Some(dimension) = dimensions.iter().find(|dimension| dimension.name == *name) else {
        let hint = name::suggestion(name, dimensions.iter().map(|d| d.name.as_str()));
        return Err(format!(
            "dimension `{name}` is not defined anywhere{hint}: add [dimension.{name}] with its key"
        ));
    };
    if used.key.is_empty() {
        used.key = dimension.key_names();
    }
    let own: Vec<&Column> = used
        .key
        .iter()
        .filter_map(|name| columns.iter().find(|column| column.name == *name))
        .collect();
    let types = |columns: &[&Column]| -> Vec<SqlType> {
        columns.iter().map(|column| column.column_type.sql_type()).collect()
    };
    if types(&own) != types(&dimension.key.iter().collect::<Vec<_>>()) {
        return Err(format!(
            "dimension `{name}` has the key {}: name columns of these types with key = [..]",
            list(&dimension.key)
        ));
    }
    Ok(dimension)
}

fn same_columns(a: &[Column], b: &[Column]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.name == b.name && a.column_type.sql_type() == b.column_type.sql_type())
}

fn list(columns: &[Column]) -> String {
    columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.column_type.sql_type()))
        .collect::<Vec<_>>()
        .join(", ")
}
