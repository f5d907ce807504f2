//! Checks `[enrich.<name>]`, and returns the enrichments; adds their columns to those of the dataset.

use std::path::Path;

use toml::Spanned;

use super::super::contract::{self, Contract, Table};
use super::super::enrichment::{
    ADDRESS_KIND, EnrichedColumn, Enrichment, EnrichmentFile, EnrichmentKind,
};
use super::super::{Column, ColumnSource, name};
use super::Checker;
use crate::types::SqlType;

/// What the URL of an object starts with.
const S3: &str = "s3://";

impl Checker<'_> {
    /// The enrichments, each after those whose columns it looks up by. `folder` is the contract's.
    pub(super) fn enrichments(
        &mut self,
        contract: &Contract,
        columns: &mut Vec<Column>,
        folder: Option<&Path>,
    ) -> Vec<Enrichment> {
        let mut found = Vec::with_capacity(contract.enrich.len());
        for (key, raw) in &contract.enrich {
            if let Err(message) = name::check("enrichment", key.get_ref()) {
                self.error(key, message);
            }
            found.extend(self.enrichment(key, raw, columns, folder.unwrap_or(Path::new(""))));
        }
        for (key, raw) in &contract.enrich {
            if let Some(enrichment) = found.iter().find(|e| e.name == *key.get_ref()) {
                self.from(&raw.get_ref().from, enrichment, columns);
            }
        }
        self.in_order(&contract.enrich, found)
    }

    fn enrichment(
        &mut self,
        key: &Spanned<String>,
        raw: &Spanned<contract::Enrich>,
        columns: &mut Vec<Column>,
        folder: &Path,
    ) -> Option<Enrichment> {
        let enrich = raw.get_ref();
        if enrich.columns.is_empty() {
            self.error(
                key,
                format!("[enrich.{}] gives no column: add [enrich.{0}.columns]", key.get_ref()),
            );
        }
        let source = self.enrichment_file(key, enrich);
        let kind = source.map_or(EnrichmentKind::Table, |(kind, _)| kind);
        let mut given = Vec::with_capacity(enrich.columns.len());
        for (name, raw) in &enrich.columns {
            given.push(self.enriched_column(kind, name, raw, columns));
        }
        if let (Some(at), EnrichmentKind::Database) = (&enrich.key, kind) {
            self.error(at, "key is for a table: a database is looked up by address");
        }
        let (kind, at) = source?;
        Some(Enrichment {
            name: key.get_ref().clone(),
            from: enrich.from.get_ref().clone(),
            kind,
            file: self.location(at, folder)?,
            key: enrich.key.as_ref().map(|key| key.get_ref().clone()),
            columns: given,
        })
    }

    /// The kind of file, and its place.
    fn enrichment_file<'r>(
        &mut self,
        key: &Spanned<String>,
        enrich: &'r contract::Enrich,
    ) -> Option<(EnrichmentKind, &'r Spanned<String>)> {
        let given = EnrichmentKind::ALL.into_iter().filter_map(|kind| {
            let at = match kind {
                EnrichmentKind::Database => &enrich.database,
                EnrichmentKind::Table => &enrich.table,
            };
            Some((kind, at.as_ref()?))
        });
        match given.collect::<Vec<_>>()[..] {
            [one] => Some(one),
            _ => {
                let kinds = EnrichmentKind::ALL.map(EnrichmentKind::as_str).join(" = \"..\" or ");
                self.error(
                    key,
                    format!("[enrich.{}] needs one file: {kinds} = \"..\"", key.get_ref()),
                );
                None
            }
        }
    }

    fn location(&mut self, at: &Spanned<String>, folder: &Path) -> Option<EnrichmentFile> {
        let text = at.get_ref().as_str();
        if text.trim().is_empty() {
            self.error(at, "expected the path of a file, or s3://bucket/key");
            return None;
        }
        let Some(address) = text.strip_prefix(S3) else {
            return Some(EnrichmentFile::Local(folder.join(text)));
        };
        match address.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Some(EnrichmentFile::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            _ => {
                self.error(at, format!("`{text}` names no object: write s3://bucket/key"));
                None
            }
        }
    }

    /// Adds a column to those of the dataset.
    fn enriched_column(
        &mut self,
        kind: EnrichmentKind,
        key: &Spanned<String>,
        raw: &Spanned<contract::EnrichedColumn>,
        columns: &mut Vec<Column>,
    ) -> EnrichedColumn {
        let enriched = raw.get_ref();
        let name = key.get_ref();
        self.column_name(key);
        if columns.iter().any(|column| column.name == *name) {
            self.error(key, format!("there is another column `{name}`: rename one"));
        }
        if let Some(was) = &enriched.was
            && columns.iter().any(|column| column.name == *was.get_ref())
        {
            let was_name = was.get_ref();
            self.error(
                was,
                format!(
                    "was = \"{was_name}\" names a column that the contract still has: remove one"
                ),
            );
        }
        let paths = enriched.path.clone().unwrap_or_else(|| vec![name.clone()]);
        let is_empty = |path: &String| path.trim().is_empty();
        let has_empty_part = |path: &String| path.split('.').any(str::is_empty);
        if paths.is_empty()
            || paths.iter().any(is_empty)
            || kind == EnrichmentKind::Database && paths.iter().any(has_empty_part)
        {
            self.error(key, "path must be one such as \"country.iso_code\", or a list of them");
        }
        if let Some(column) = self.column(key, &enriched.as_column(raw), false) {
            let is_text = column.column_type.sql_type() == SqlType::Text;
            if kind == EnrichmentKind::Database && paths == [ADDRESS_KIND] && !is_text {
                self.error(
                    &enriched.type_name,
                    format!("`{ADDRESS_KIND}` is a text: use type = \"text\""),
                );
            }
            columns.push(Column { source: ColumnSource::Enriched, ..column });
        }
        EnrichedColumn { name: name.clone(), paths }
    }

    /// Checks the column that is looked up.
    fn from(&mut self, at: &Spanned<String>, enrichment: &Enrichment, columns: &[Column]) {
        let Some(column) = self.known(at, columns) else { return };
        if self.untyped.contains(&column.name) {
            return;
        }
        let (name, sql_type) = (&column.name, column.column_type.sql_type());
        match enrichment.kind {
            EnrichmentKind::Database if !matches!(sql_type, SqlType::Text | SqlType::Inet) => {
                let message = format!(
                    "`{name}` has type {}: an address to look up is of type inet or text",
                    column.type_name
                );
                self.error(at, message);
            }
            EnrichmentKind::Table if sql_type == SqlType::Jsonb => {
                self.error(
                    at,
                    format!("`{name}` has type json, which cannot be looked up in a table"),
                );
            }
            _ => {}
        }
        let key = enrichment.key.as_ref().unwrap_or(name).trim().to_lowercase();
        let is_key = |path: &String| path.trim().to_lowercase() == key;
        let holder = enrichment.columns.iter().find(|column| column.paths.iter().any(is_key));
        if let Some(holder) = holder.filter(|_| column.protect.is_some())
            && enrichment.kind == EnrichmentKind::Table
        {
            let holder = &holder.name;
            self.error(
                at,
                format!(
                    "column `{holder}` holds the value of `{name}`, which is protected: remove it"
                ),
            );
        }
    }

    /// The enrichments in an order in which each comes after those whose columns it looks up by.
    fn in_order(
        &mut self,
        raw: &Table<contract::Enrich>,
        mut waiting: Vec<Enrichment>,
    ) -> Vec<Enrichment> {
        let mut ordered = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let gives = |e: &Enrichment, name: &str| e.columns.iter().any(|c| c.name == name);
            let is_ready = |e: &Enrichment| !waiting.iter().any(|other| gives(other, &e.from));
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.iter().cloned().partition(is_ready);
            if ready.is_empty() {
                self.circle(raw, rest);
                return ordered;
            }
            ordered.extend(ready);
            waiting = rest;
        }
        ordered
    }
}

impl Checker<'_> {
    /// Adds the error of enrichments that need each other, some of which may only need those.
    fn circle(&mut self, raw: &Table<contract::Enrich>, mut circle: Vec<Enrichment>) {
        loop {
            let is_needed = |e: &Enrichment| {
                circle.iter().any(|other| e.columns.iter().any(|column| column.name == other.from))
            };
            let (needed, others): (Vec<_>, Vec<_>) = circle.iter().cloned().partition(is_needed);
            circle = needed;
            if others.is_empty() {
                break;
            }
        }
        let names: Vec<&str> = circle.iter().map(|e| e.name.as_str()).collect();
        let at = raw.keys().find(|key| names.contains(&key.get_ref().as_str()));
        let message = match names[..] {
            [one] => format!("[enrich.{one}] looks up a column of its own: change `from`"),
            _ => format!(
                "enrichments look up columns of each other: {}: change one `from`",
                names.join(", ")
            ),
        };
        if let Some(at) = at {
            self.error(at, message);
        }
    }
}

impl contract::EnrichedColumn {
    /// The same as a column of a file.
    fn as_column(&self, at: &Spanned<Self>) -> Spanned<contract::Column> {
        let column = contract::Column {
            type_name: self.type_name.clone(),
            required: self.required,
            from: Vec::new(),
            source: None,
            value: None,
            format: self.format.clone(),
            decimal: self.decimal.clone(),
            thousands: self.thousands.clone(),
            currency: Vec::new(),
            percent: false,
            true_words: Vec::new(),
            false_words: Vec::new(),
            round: self.round.clone(),
            time_zone: self.time_zone.clone(),
            repeated_hour: None,
            pad_left: self.pad_left,
            nul: None,
            protect: None,
            was: self.was.clone(),
        };
        Spanned::new(at.span(), column)
    }
}

#[cfg(test)]
#[path = "enrich_tests.rs"]
mod tests;
