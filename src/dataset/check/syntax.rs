//! Explains the errors of a contract that is not valid TOML, or has keys that no contract has.

use super::super::name;

/// The parser's message, with the key that is probably meant.
pub(super) fn explained(message: &str) -> String {
    let Some((key, expected)) = unknown_key(message) else {
        let plain = missing_key(message).or_else(|| wrong_value(message));
        return plain.unwrap_or_else(|| message.to_owned());
    };
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let all = known.join(", ");
    let hint = name::suggestion(key, known.into_iter());
    let end = if hint.is_empty() { ";" } else { "" };
    format!("`{key}` is not a key of this table{hint}{end} its keys: {all}")
}

fn missing_key(message: &str) -> Option<String> {
    let key = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(format!("the key `{key}` is missing"))
}

/// What a value of the wrong kind should be instead. The parser names the types of the program.
fn wrong_value(message: &str) -> Option<String> {
    let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
    let rest = kinds.into_iter().find_map(|kind| message.strip_prefix(kind))?;
    let (found, expected) = rest.split_once(", expected ")?;
    let table = expected.strip_prefix("struct ").map(|rest| rest.split(' ').next().unwrap_or(rest));
    let expected = match (table, expected) {
        (Some("Column"), _) => {
            return Some("a column is a table, such as { type = \"text\" }".to_owned());
        }
        (Some(table @ ("Fact" | "Dimension" | "View")), _) => {
            let key = table.to_lowercase();
            return Some(format!("each {key} has a name: write [{key}.<name>]"));
        }
        (Some(_), _) | (None, "a map") => "a table",
        (None, "u64" | "usize") => "a whole number of 0 or more, without quotes",
        (None, "a boolean") => "true or false, without quotes",
        (None, "a string") => "a text in quotes",
        (None, "a sequence") => "a list, such as [\"a\", \"b\"]",
        (None, expected) => expected,
    };
    let found = match found {
        "map" => "a table",
        "sequence" => "a list",
        found => ["string ", "integer ", "boolean ", "floating point "]
            .into_iter()
            .find_map(|kind| found.strip_prefix(kind))
            .unwrap_or(found)
            .trim_matches('`'),
    };
    Some(format!("expected {expected}, found {found}"))
}

/// The key, and the list of known ones, of the message of an unknown key.
fn unknown_key(message: &str) -> Option<(&str, &str)> {
    message.strip_prefix("unknown field `")?.split_once("`, expected ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_answered_with_the_closest_one() {
        assert_eq!(
            explained("unknown field `requird`, expected one of `type`, `required`"),
            "`requird` is not a key of this table, did you mean `required`? its keys: type, required"
        );
        assert_eq!(
            explained("unknown field `x`, expected `sql`"),
            "`x` is not a key of this table; its keys: sql"
        );
        assert_eq!(explained("invalid table"), "invalid table");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_explained_in_the_words_of_contracts() {
        for (message, plain) in [
            (
                "invalid length 4, expected struct Fact with 9 elements",
                "each fact has a name: write [fact.<name>]",
            ),
            (
                "invalid type: string \"select 1\", expected struct View",
                "each view has a name: write [view.<name>]",
            ),
            (
                "invalid type: string \"numeric\", expected struct Column",
                "a column is a table, such as { type = \"text\" }",
            ),
            (
                "invalid value: integer `-1`, expected u64",
                "expected a whole number of 0 or more, without quotes, found -1",
            ),
            (
                "invalid type: string \"2\", expected usize",
                "expected a whole number of 0 or more, without quotes, found \"2\"",
            ),
            (
                "invalid type: string \"true\", expected a boolean",
                "expected true or false, without quotes, found \"true\"",
            ),
            ("invalid type: integer `1`, expected a string", "expected a text in quotes, found 1"),
            (
                "invalid type: map, expected a sequence",
                "expected a list, such as [\"a\", \"b\"], found a table",
            ),
            ("invalid type: sequence, expected a map", "expected a table, found a list"),
            ("missing field `type`", "the key `type` is missing"),
        ] {
            assert_eq!(explained(message), plain);
        }
    }
}
