//! Column type: which type of a contract takes the values of a column of Postgres.

use tokio_postgres::types::Type;

use crate::extract::table::{Column, DataType};

/// The type for a type's name in `pg_type`, and its modifier: the declared precision and scale of a number.
pub(super) fn contract_type(name: &str, modifier: i32) -> DataType {
    match name {
        "bool" => DataType::Boolean,
        "int2" => DataType::SmallInt,
        "int4" => DataType::Integer,
        "int8" => DataType::BigInt,
        "oid" => DataType::BigInt,
        "float4" => DataType::Real,
        "float8" => DataType::Double,
        "numeric" => DataType::Numeric(declared_digits(modifier)),
        "date" => DataType::Date,
        "time" => DataType::Time,
        "timestamp" => DataType::Timestamp,
        "timestamptz" => DataType::TimestampTz,
        "uuid" => DataType::Uuid,
        "json" | "jsonb" => DataType::Json,
        "inet" | "cidr" => DataType::Inet,
        // Enums, arrays, ranges, intervals, bytes and all others, as Postgres writes them.
        _ => DataType::Text,
    }
}

/// Precision and scale of a numeric (`numerictypmodin` in Postgres' numeric.c).
fn declared_digits(modifier: i32) -> Option<(u32, u32)> {
    let digits = u32::try_from(modifier - 4).ok()?;
    let (precision, scale) = (digits >> 16, digits & 0x7ff);
    // A scale above 1,023 is a negative one, which contracts do not have.
    (scale <= precision && scale < 1_024).then_some((precision, scale))
}

/// Whether the values are texts, for which an empty one is not null.
pub(super) fn is_quoted(data_type: DataType) -> bool {
    matches!(data_type, DataType::Text | DataType::Json)
}

/// A column of a query.
pub(super) fn described(column: &tokio_postgres::Column) -> Column {
    let of: &Type = column.type_();
    Column {
        name: column.name().to_owned(),
        data_type: contract_type(of.name(), -1),
        declared: of.name().to_owned(),
        may_be_null: true,
        remark: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_without_one_in_contracts_are_texts() {
        for name in ["_int4", "int4range", "interval", "bytea", "money", "timetz", "color", "xml"] {
            assert_eq!(contract_type(name, -1), DataType::Text, "{name}");
        }
    }

    #[test]
    fn numbers_keep_their_declared_digits() {
        let of = |precision: i32, scale: i32| {
            contract_type("numeric", ((precision << 16) | (scale & 0x7ff)) + 4).in_contract()
        };
        assert_eq!(of(38, 10), "numeric(38,10)");
        assert_eq!(of(5, 0), "numeric(5,0)");
        // numeric(2,-3) and numeric(3,5), which are allowed from Postgres 15 on.
        assert_eq!((of(2, -3), of(3, 5)), ("numeric".into(), "numeric".into()));
        assert_eq!(contract_type("numeric", -1).in_contract(), "numeric");
    }
}
