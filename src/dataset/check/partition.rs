//! Checks `partition` of a fact, and finds the column of its table by which it is split.

use super::super::{Column, Fact, Measure, Partition, contract};
use super::Checker;

impl Checker<'_> {
    /// A fact with a grain is split by a column of the grain. Another one is split by the key of a date, which is
    /// never null, else by a column that is never null.
    pub(super) fn partition(
        &mut self,
        raw: &contract::Fact,
        columns: &[Column],
        fact: &Fact,
    ) -> Option<Partition> {
        let contract::Partition { by, every } = raw.partition.as_ref()?.get_ref();
        if every.get_ref() != "month" {
            let message = format!(
                "every = \"{}\" must be \"month\": facts are only split by month",
                every.get_ref()
            );
            self.error(every, message);
        }
        let source = by.get_ref();
        self.is_a_time(by, source, columns);
        let is_known = |c: &&Column| c.name == *source && c.column_type.sql_type().has_date();
        let known = columns.iter().find(is_known)?;
        let split_by =
            |column: &String| Some(Partition { source: source.clone(), column: column.clone() });
        if let Some(grain) = &fact.grain {
            if !grain.contains(source) {
                self.error(
                    by,
                    format!(
                        "partition by `{source}` needs `{source}` in the grain ({}): only within a month can \
                         Postgres tell that there is one row of each grain",
                        grain.join(", ")
                    ),
                );
            }
            return split_by(source);
        }
        if let Some(date) = fact.dates.iter().find(|date| date.source == *source) {
            return split_by(&date.column);
        }
        let is_kept = fact.degenerate.contains(source)
            || fact.measures.iter().any(|m| matches!(m, Measure::Column(name) if name == source));
        if !is_kept {
            self.error(
                by,
                format!(
                    "fact `{}` does not have `{source}`: add {{ date = \"{source}\" }} to its dimensions, or \
                     `{source}` to degenerate",
                    fact.name
                ),
            );
        } else if !known.required {
            self.error(
                by,
                format!(
                    "partition column `{source}` may be null: add {{ date = \"{source}\" }} to the dimensions, \
                     whose key is never null, or required = true to column `{source}`"
                ),
            );
        }
        split_by(source)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::dataset::Catalog;

    const TEXT: &str = "name = \"a\"\nmatch = [\"a/*\"]\n[columns]\n\
         id = { type = \"integer\", required = true }\nat = { type = \"timestamptz\", required = true }\n\
         day = { type = \"date\" }\nword = { type = \"text\" }\n[fact.a]\n";

    fn read(fact: &str) -> Result<String, String> {
        let contract = (PathBuf::from("a/dataset.toml"), "a".to_owned(), format!("{TEXT}{fact}"));
        match Catalog::read([contract]) {
            Ok(catalog) => Ok(catalog.datasets()[0].facts[0].partition.clone().unwrap().column),
            Err(errors) => Err(errors.iter().map(|error| format!("{}\n", error.message)).collect()),
        }
    }

    fn by(column: &str) -> String {
        format!("partition = {{ by = \"{column}\", every = \"month\" }}\n")
    }

    #[test]
    fn a_fact_is_split_by_its_grain_or_a_column_that_is_never_null() {
        for (fact, column) in [
            ("grain = [\"id\", \"at\"]\n".to_owned() + &by("at"), "at"),
            (
                "grain = [\"id\", \"at\"]\ndimensions = [{ date = \"at\" }]\n".to_owned()
                    + &by("at"),
                "at",
            ),
            (
                "dimensions = [{ date = \"day\", as = \"ship\" }]\n".to_owned() + &by("day"),
                "ship_date_key",
            ),
            ("degenerate = [\"at\"]\n".to_owned() + &by("at"), "at"),
        ] {
            assert_eq!(read(&fact), Ok(column.to_owned()), "{fact}");
        }
    }

    #[test]
    fn every_error_says_what_to_do() {
        let weekly = "partition = { by = \"at\", every = \"week\" }\ndegenerate = [\"at\"]\n";
        let cases = [
            weekly.to_owned(),
            "partition = { by = \"at\" }\n".to_owned(),
            by("att"),
            by("word"),
            "grain = [\"id\"]\n".to_owned() + &by("at"),
            by("at"),
            "degenerate = [\"day\"]\n".to_owned() + &by("day"),
        ];
        let said: Vec<String> = cases.iter().map(|fact| read(fact).unwrap_err()).collect();
        insta::assert_snapshot!(said.join("---\n"));
    }
}
