//! Explains the errors of a contract that is not valid TOML, or has keys that no contract has.

use super::super::name;

/// The parser's message, with the key that is probably meant.
pub(super) fn explained(message: &str) -> String {
    let Some((key, expected)) = unknown_key(message) else { return message.to_owned() };
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let all = known.join(", ");
    let hint = name::suggestion(key, known.into_iter());
    let end = if hint.is_empty() { ";" } else { "" };
    format!("`{key}` is not a key of this table{hint}{end} its keys: {all}")
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
}
