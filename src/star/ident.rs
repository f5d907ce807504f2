//! Ident: writes names and texts as SQL identifiers, literals and lists.

/// The keywords that Postgres 15 to 18 accept as a column's name only in quotes (appendix C of its
/// manual, "reserved" and "reserved (can be function or type)"), sorted.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// A checked name as an identifier: quoted only where Postgres needs it.
pub fn ident(name: &str) -> String {
    if RESERVED.binary_search(&name).is_ok() { format!("\"{name}\"") } else { name.to_owned() }
}

/// A text as an SQL literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text between dollar quotes that do not occur in it: `$tag$`, else `$tag_1$` and so on.
pub(super) fn dollar_quoted(tag: &str, text: &str) -> String {
    let mut unused = tag.to_owned();
    let mut count = 0_usize;
    // Searched without its second dollar sign: a text that ends in `$tag` would complete it with the
    // first dollar sign of the closing quote.
    while text.contains(&format!("${unused}")) {
        count += 1;
        unused = format!("{tag}_{count}");
    }
    format!("${unused}${text}${unused}$")
}

/// `prefix.a, prefix.b`, each an identifier.
pub(super) fn qualified<S: AsRef<str>>(prefix: &str, names: &[S]) -> String {
    names
        .iter()
        .map(|name| format!("{prefix}.{}", ident(name.as_ref())))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `a.x = b.x and a.y = b.y`
pub(super) fn equal(a: &str, b: &str, columns: &[String]) -> String {
    columns
        .iter()
        .map(|column| format!("{a}.{0} = {b}.{0}", ident(column)))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// `(a.x, a.y) is distinct from (b.x, b.y)`
pub(super) fn differ<S: AsRef<str>>(a: &str, b: &str, columns: &[S]) -> String {
    format!("({}) is distinct from ({})", qualified(a, columns), qualified(b, columns))
}

/// Each line of a text with this number of spaces before it; empty lines stay empty.
pub(super) fn indented(text: &str, spaces: usize) -> String {
    let line = |line: &str| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("{:spaces$}{line}\n", ""),
    };
    text.lines().map(line).collect()
}

/// `a, b`, each an identifier.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| ident(name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_own_dollar_quote() {
        assert_eq!(dollar_quoted("sql", "select '$'"), "$sql$select '$'$sql$");
        assert_eq!(dollar_quoted("sql", "select '$sql$'"), "$sql_1$select '$sql$'$sql_1$");
        assert_eq!(dollar_quoted("sql", "$sql_1$ $sql"), "$sql_2$$sql_1$ $sql$sql_2$");
    }

    #[test]
    fn reserved_words_are_quoted_and_nothing_else() {
        assert!(RESERVED.is_sorted());
        assert_eq!(ident("order"), "\"order\"");
        assert_eq!(ident("order_id"), "order_id");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(qualified("b", &["id", "user"]), "b.id, b.\"user\"");
    }
}
