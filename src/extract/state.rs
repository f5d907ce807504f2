//! State: the small JSON object that says up to when a table has been extracted, and what it belongs to.

use serde::{Deserialize, Serialize};

use super::mark::Mark;

/// The content of a state object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The source without user and password: `mysql://host:3306`.
    pub source: String,
    /// The table, with its schema, or the name of the query.
    pub table: String,
    /// The column that says which rows are new.
    pub since: String,
    /// Rows before this have been extracted.
    pub mark: String,
    /// The columns of the last run.
    pub columns: Vec<String>,
}

impl State {
    /// Reads a state, and checks that it belongs to this source, table and column; the mark and the columns.
    ///
    /// # Errors
    ///
    /// What does not fit, and what to do about it.
    pub fn read(bytes: &[u8], wanted: &State) -> Result<(Mark, Vec<String>), String> {
        // Without the cause, which quotes the content.
        let state: State = serde_json::from_slice(bytes)
            .map_err(|_| "is not a state of stardrop extract: choose another --state".to_owned())?;
        let differences = [
            ("source", &state.source, &wanted.source),
            ("table", &state.table, &wanted.table),
            ("column --since", &state.since, &wanted.since),
        ];
        for (what, found, expected) in differences {
            if found != expected {
                return Err(format!(
                    "belongs to another {what}, {found} instead of {expected}: choose another --state, or remove it to \
                     begin from the start"
                ));
            }
        }
        let mark = Mark::parse(&state.mark);
        let mark =
            mark.ok_or("has a mark that is not a time: remove it to begin from the start")?;
        Ok((mark, state.columns))
    }

    /// The content, which ends in a line end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            source: "mysql://db:3306".to_owned(),
            table: "shop.orders".to_owned(),
            since: "updated_at".to_owned(),
            mark: "2026-11-28T04:00:00".to_owned(),
            columns: vec!["id".to_owned()],
        }
    }

    #[test]
    fn a_state_is_read_as_it_was_written() {
        let (mark, columns) = State::read(&state().to_bytes(), &state()).unwrap();
        assert_eq!((mark.to_string(), columns), (state().mark, state().columns));
    }

    #[test]
    fn the_state_of_something_else_is_refused() {
        let other = State { table: "shop.customers".to_owned(), ..state() };
        let error = State::read(&other.to_bytes(), &state()).unwrap_err();
        assert!(error.starts_with("belongs to another table, shop.customers"), "{error}");
        for (bytes, said) in [("{}", "is not a state"), ("secret", "is not a state")] {
            let error = State::read(bytes.as_bytes(), &state()).unwrap_err();
            assert!(error.starts_with(said) && !error.contains("secret"), "{error}");
        }
        let broken = State { mark: "soon".to_owned(), ..state() };
        assert!(State::read(&broken.to_bytes(), &state()).is_err());
    }
}
