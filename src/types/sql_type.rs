//! The Postgres type of a column: how SQL spells it, and what else depends on the type alone.

use std::fmt;

/// A Postgres type that a column of a contract can have. Its `Display` is what `create table`
/// takes, such as `double precision` or `numeric(12,2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the Postgres type of its name")]
pub enum SqlType {
    Text,
    Jsonb,
    Boolean,
    Smallint,
    Integer,
    Bigint,
    Real,
    Double,
    /// With precision and scale, or without both.
    Numeric(Option<(i32, i32)>),
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Uuid,
    Inet,
}

impl SqlType {
    /// Reads a type as this module's `Display` or as Postgres' `format_type` spells it; `None` for
    /// a type that no contract can name.
    pub fn parse(name: &str) -> Option<SqlType> {
        Some(match name {
            "text" => SqlType::Text,
            "jsonb" => SqlType::Jsonb,
            "boolean" => SqlType::Boolean,
            "smallint" => SqlType::Smallint,
            "integer" => SqlType::Integer,
            "bigint" => SqlType::Bigint,
            "real" => SqlType::Real,
            "double precision" => SqlType::Double,
            "date" => SqlType::Date,
            "time" | "time without time zone" => SqlType::Time,
            "timestamp" | "timestamp without time zone" => SqlType::Timestamp,
            "timestamptz" | "timestamp with time zone" => SqlType::Timestamptz,
            "uuid" => SqlType::Uuid,
            "inet" => SqlType::Inet,
            "numeric" => SqlType::Numeric(None),
            other => {
                let size = other.strip_prefix("numeric(")?.strip_suffix(')')?;
                let (precision, scale) = size.split_once(',')?;
                SqlType::Numeric(Some((precision.parse().ok()?, scale.parse().ok()?)))
            }
        })
    }

    /// Whether the text of a value can hold a tab, a newline, a carriage return or a backslash,
    /// which COPY must find escaped. Every type is listed: for a new one the compiler asks.
    pub fn needs_copy_escape(self) -> bool {
        match self {
            SqlType::Text | SqlType::Jsonb => true,
            SqlType::Boolean
            | SqlType::Smallint
            | SqlType::Integer
            | SqlType::Bigint
            | SqlType::Real
            | SqlType::Double
            | SqlType::Numeric(_)
            | SqlType::Date
            | SqlType::Time
            | SqlType::Timestamp
            | SqlType::Timestamptz
            | SqlType::Uuid
            | SqlType::Inet => false,
        }
    }

    /// Whether values that are equal are always written in the same way. Every type is listed: for a new one the
    /// compiler asks.
    pub(crate) fn shows_equal_values_alike(self) -> bool {
        match self {
            // 1.0 and 1.00; 0 and -0.
            SqlType::Numeric(None) | SqlType::Jsonb | SqlType::Real | SqlType::Double => false,
            SqlType::Text
            | SqlType::Boolean
            | SqlType::Smallint
            | SqlType::Integer
            | SqlType::Bigint
            | SqlType::Numeric(Some(_))
            | SqlType::Date
            | SqlType::Time
            | SqlType::Timestamp
            | SqlType::Timestamptz
            | SqlType::Uuid
            | SqlType::Inet => true,
        }
    }

    /// Whether a value is a date, a time of day or both.
    pub(crate) fn is_temporal(self) -> bool {
        self == SqlType::Time || self.has_date()
    }

    /// Whether a value tells a day.
    pub(crate) fn has_date(self) -> bool {
        matches!(self, SqlType::Date | SqlType::Timestamp | SqlType::Timestamptz)
    }

    /// Whether a column of this type can become one of type `to` with every value unchanged.
    pub(crate) fn widens_to(self, to: SqlType) -> bool {
        if let (Some(from), Some(to)) = (self.integer_digits(), to.integer_digits()) {
            return from <= to;
        }
        match (self, to) {
            (SqlType::Numeric(_), SqlType::Numeric(None)) | (SqlType::Real, SqlType::Double) => {
                true
            }
            // Another scale would show other digits after the point.
            (SqlType::Numeric(Some((precision, scale))), SqlType::Numeric(Some(to))) => {
                to.1 >= scale && to.0 - to.1 >= precision - scale
            }
            (from, SqlType::Numeric(size)) => from.integer_digits().is_some_and(|digits| {
                size.is_none_or(|(precision, scale)| precision - scale >= digits)
            }),
            _ => false,
        }
    }

    /// Whether Postgres rewrites the whole table to change a column of this type to `to`.
    pub(crate) fn rewrites_to(self, to: SqlType) -> bool {
        match (self, to) {
            (SqlType::Numeric(_), SqlType::Numeric(None)) => false,
            (SqlType::Numeric(from), SqlType::Numeric(to)) => {
                from.map(|(_, scale)| scale) != to.map(|(_, scale)| scale)
            }
            _ => true,
        }
    }

    /// The most decimal digits that a value of an integer type can have.
    fn integer_digits(self) -> Option<i32> {
        match self {
            SqlType::Smallint => Some(5),
            SqlType::Integer => Some(10),
            SqlType::Bigint => Some(19),
            _ => None,
        }
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SqlType::Text => "text",
            SqlType::Jsonb => "jsonb",
            SqlType::Boolean => "boolean",
            SqlType::Smallint => "smallint",
            SqlType::Integer => "integer",
            SqlType::Bigint => "bigint",
            SqlType::Real => "real",
            SqlType::Double => "double precision",
            SqlType::Numeric(None) => "numeric",
            SqlType::Numeric(Some((precision, scale))) => {
                return write!(f, "numeric({precision},{scale})");
            }
            SqlType::Date => "date",
            SqlType::Time => "time",
            SqlType::Timestamp => "timestamp",
            SqlType::Timestamptz => "timestamptz",
            SqlType::Uuid => "uuid",
            SqlType::Inet => "inet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str) -> SqlType {
        SqlType::parse(name).expect("a type of contracts")
    }

    #[test]
    fn a_type_is_read_as_it_is_written_and_as_postgres_writes_it() {
        for name in [
            "text",
            "jsonb",
            "boolean",
            "smallint",
            "integer",
            "bigint",
            "real",
            "double precision",
            "numeric",
            "numeric(12,2)",
            "numeric(2,-2)",
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "uuid",
            "inet",
        ] {
            assert_eq!(parsed(name).to_string(), name);
        }
        assert_eq!(parsed("time without time zone"), SqlType::Time);
        assert_eq!(parsed("timestamp without time zone"), SqlType::Timestamp);
        assert_eq!(parsed("timestamp with time zone"), SqlType::Timestamptz);
        for other in ["", "json", "character varying(5)", "numeric(5)", "numeric(a,b)", "text[]"] {
            assert_eq!(SqlType::parse(other), None, "{other}");
        }
    }

    #[test]
    fn only_what_keeps_every_value_widens() {
        for (from, to, safe) in [
            ("smallint", "integer", true),
            ("smallint", "bigint", true),
            ("integer", "bigint", true),
            ("bigint", "integer", false),
            ("integer", "smallint", false),
            ("integer", "numeric", true),
            ("integer", "numeric(12,2)", true),
            ("integer", "numeric(11,2)", false),
            ("integer", "real", false),
            ("numeric(8,2)", "numeric(10,2)", true),
            ("numeric(8,2)", "numeric(10,4)", true),
            ("numeric(8,2)", "numeric(8,4)", false),
            ("numeric(8,2)", "numeric(6,2)", false),
            ("numeric(8,2)", "numeric(10,1)", false),
            ("numeric(8,2)", "numeric", true),
            ("numeric", "numeric(30,2)", false),
            ("numeric(8,2)", "integer", false),
            ("real", "double precision", true),
            ("double precision", "real", false),
            ("text", "integer", false),
            ("text", "numeric", false),
            ("integer", "text", false),
            ("date", "timestamp without time zone", false),
            ("text", "text", false),
        ] {
            assert_eq!(parsed(from).widens_to(parsed(to)), safe, "{from} -> {to}");
        }
    }

    #[test]
    fn a_wider_numeric_of_the_same_scale_needs_no_rewrite() {
        for (from, to, rewritten) in [
            ("numeric(8,2)", "numeric(10,2)", false),
            ("numeric(8,2)", "numeric", false),
            ("numeric(8,2)", "numeric(10,4)", true),
            ("integer", "bigint", true),
            ("real", "double precision", true),
        ] {
            assert_eq!(parsed(from).rewrites_to(parsed(to)), rewritten, "{from} -> {to}");
        }
    }
}
