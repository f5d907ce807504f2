//! Contract: writes the `dataset.toml` of each table, for `--init`: types, keys, and a star to begin with.

use std::fmt::Write as _;

use super::job::Request;
use super::name::{column_names, dataset_name};
use super::star::{Links, date_column, links};
use super::table::Table;
use super::target::Address;

/// A contract that was written for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The name of the dataset, and of its folder.
    pub name: String,
    /// The text of `dataset.toml`.
    pub text: String,
}

/// The contracts of the tables. A table that others refer to, and that refers to none, describes a dimension; each other
/// one is a fact.
pub fn contracts(request: &Request, tables: &[Table]) -> Vec<Draft> {
    tables.iter().map(|table| contract(request, table, tables)).collect()
}

fn contract(request: &Request, table: &Table, tables: &[Table]) -> Draft {
    let name = dataset_name(&table.name.name);
    let names = column_names(table.columns.iter().map(|column| column.name.as_str()));
    let named = |column: &str| {
        let index = table.columns.iter().position(|known| known.name == column)?;
        names.get(index).map(String::as_str)
    };
    let links = links(table, tables);
    let mut text = String::new();
    // Writing to a text does not fail.
    let _ = head(&mut text, request, table, &name);
    let _ = columns(&mut text, table, &names);
    if request.since.is_none() {
        text.push_str("\n# A new version of the file replaces the one before it: rows that are gone at the source go, too.\n");
        text.push_str("[policy]\noverwrite = \"replace\"\n");
    }
    let key: Vec<&str> = table.key.iter().filter_map(|column| named(column)).collect();
    let others: Vec<usize> = (0..table.columns.len())
        .filter(|index| table.columns.get(*index).is_some_and(|c| !table.key.contains(&c.name)))
        .collect();
    let _ = match links {
        Links::Dimension => dimension(&mut text, &name, &key, &others, &names),
        Links::Fact(_) => {
            fact(&mut text, request, table, &Named { name: &name, names: &names }, &links)
        }
    };
    Draft { name, text }
}

fn head(text: &mut String, request: &Request, table: &Table, name: &str) -> std::fmt::Result {
    writeln!(
        text,
        "# Written by `stardrop extract --init` from the table {}. Change it as you need it.",
        table.name
    )?;
    let patterns = patterns(request, table);
    writeln!(text, "name  = {}\nmatch = [{patterns}]\n", quoted(name))?;
    let format = request.format;
    writeln!(text, "# {}", format.about_nulls)?;
    writeln!(text, "[file]\nformat = {}\nnull   = [\"\"]\n\n[columns]", quoted(format.name))
}

/// The patterns of the keys that an extract writes.
fn patterns(request: &Request, table: &Table) -> String {
    let prefix = request.prefix(table);
    // The key of a local file is the end of its path: it begins at the folder.
    let folder = match &request.to {
        Address::S3 { .. } => String::new(),
        Address::Folder(path) => path
            .components()
            .next_back()
            .map(|last| last.as_os_str().to_string_lossy().into_owned())
            .filter(|last| !matches!(last.as_str(), "." | ".." | "/"))
            .map(|last| last + "/")
            .unwrap_or_default(),
    };
    let mut base = String::new();
    for c in format!("{folder}{prefix}").chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => base.extend(['\\', c]),
            _ => base.push(c),
        }
    }
    let pattern = match request.since {
        Some(_) => format!("{base}since=*/*.{}", request.format.pattern()),
        None => format!("{base}full.{}", request.format.pattern()),
    };
    quoted(&pattern)
}

fn columns(text: &mut String, table: &Table, names: &[String]) -> std::fmt::Result {
    let width = names.iter().map(String::len).max().unwrap_or_default();
    for (column, name) in table.columns.iter().zip(names) {
        let mut keys = format!("type = {}", quoted(&column.data_type.in_contract()));
        // Headers match regardless of case.
        if !column.name.eq_ignore_ascii_case(name) {
            write!(keys, ", from = [{}]", quoted(&column.name))?;
        }
        if !column.may_be_null {
            keys.push_str(", required = true");
        }
        let declared = column.declared.lines().next().unwrap_or_default();
        let remark = column.remark.map(|remark| format!(": {remark}")).unwrap_or_default();
        writeln!(text, "{name:width$} = {{ {keys} }}  # {declared}{remark}")?;
    }
    Ok(())
}

fn dimension(
    text: &mut String,
    name: &str,
    key: &[&str],
    others: &[usize],
    names: &[String],
) -> std::fmt::Result {
    let attributes = others.iter().filter_map(|index| names.get(*index)).map(String::as_str);
    writeln!(text, "\n[dimension.{name}]\nkey        = [{}]", list(key.iter().copied()))?;
    writeln!(text, "attributes = [{}]", list(attributes))
}

/// A dataset's name and those of its columns.
struct Named<'n> {
    name: &'n str,
    names: &'n [String],
}

fn fact(
    text: &mut String,
    request: &Request,
    table: &Table,
    named: &Named<'_>,
    links: &Links,
) -> std::fmt::Result {
    let Links::Fact(references) = links else { return Ok(()) };
    let name_of = |column: &str| {
        let index = table.columns.iter().position(|known| known.name == column);
        index.and_then(|index| named.names.get(index)).map(String::as_str).unwrap_or_default()
    };
    let mut declared: Vec<&str> = Vec::new();
    let mut dimensions = Vec::new();
    for link in references {
        let key = list(link.columns.iter().map(|column| name_of(column)));
        if !link.is_defined_elsewhere && !declared.contains(&link.dimension.as_str()) {
            writeln!(text, "\n[dimension.{}]\nkey = [{key}]", link.dimension)?;
            declared.push(&link.dimension);
        }
        let role = match &link.role {
            Some(role) => format!(", as = {}", quoted(role)),
            None => String::new(),
        };
        dimensions
            .push(format!("{{ dimension = {}, key = [{key}]{role} }}", quoted(&link.dimension)));
    }
    let since = request.since.as_deref();
    if let Some(date) = date_column(table, since) {
        dimensions.push(format!("{{ date = {} }}", quoted(name_of(&date.name))));
    }

    writeln!(text, "\n[fact.{}]", named.name)?;
    if table.key.is_empty() {
        writeln!(
            text,
            "# The table has no primary key: each row of the file is a row of the fact, and the next file replaces them all."
        )?;
    } else {
        writeln!(text, "grain      = [{}]", list(table.key.iter().map(|column| name_of(column))))?;
    }
    if let Some(column) = since.and_then(|since| table.column(since)) {
        writeln!(text, "version    = {}", quoted(name_of(&column.name)))?;
    }
    if !dimensions.is_empty() {
        writeln!(text, "dimensions = [\n  {},\n]", dimensions.join(",\n  "))?;
    }
    let is_link = |name: &str| references.iter().any(|link| link.columns.iter().any(|c| c == name));
    let rest = table.columns.iter().filter(|c| !table.key.contains(&c.name) && !is_link(&c.name));
    let (measures, degenerate): (Vec<_>, Vec<_>) = rest.partition(|c| c.data_type.is_number());
    for (what, columns) in [("measures  ", measures), ("degenerate", degenerate)] {
        if !columns.is_empty() {
            writeln!(text, "{what} = [{}]", list(columns.iter().map(|c| name_of(&c.name))))?;
        }
    }
    Ok(())
}

fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
#[path = "contract_tests.rs"]
mod tests;
