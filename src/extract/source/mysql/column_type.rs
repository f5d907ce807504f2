//! Column type: which type of a contract takes the values of a column of MySQL.

use crate::extract::table::DataType;

/// A column, as `information_schema.columns` has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    /// Such as `int`.
    pub data_type: String,
    /// Such as `int(10) unsigned`.
    pub column_type: String,
    pub precision: Option<u32>,
    pub scale: Option<u32>,
    /// Whether MariaDB checks that a text is JSON, which is how it declares that type.
    pub is_json: bool,
}

/// The type, and a remark about values that it does not take.
pub(super) fn contract_type(column: &Declared) -> (DataType, Option<&'static str>) {
    let unsigned = column.column_type.contains("unsigned");
    let data_type = match column.data_type.as_str() {
        // `bool` is another name for it.
        "tinyint" if column.column_type.starts_with("tinyint(1)") => {
            return (
                DataType::Boolean,
                Some("if it has other values than 0 and 1, write smallint"),
            );
        }
        "tinyint" | "year" => DataType::SmallInt,
        "smallint" if unsigned => DataType::Integer,
        "smallint" => DataType::SmallInt,
        "mediumint" => DataType::Integer,
        "int" | "integer" if unsigned => DataType::BigInt,
        "int" | "integer" => DataType::Integer,
        "bigint" if unsigned => DataType::Numeric(Some((20, 0))),
        "bigint" => DataType::BigInt,
        "decimal" | "numeric" => DataType::Numeric(column.precision.zip(column.scale)),
        "float" => DataType::Real,
        "double" => DataType::Double,
        "bit" => match column.precision {
            Some(1) => DataType::Boolean,
            Some(64) | None => DataType::Numeric(Some((20, 0))),
            Some(_) => DataType::BigInt,
        },
        "date" => DataType::Date,
        "datetime" => DataType::Timestamp,
        "timestamp" => DataType::TimestampTz,
        "time" => {
            let remark = "from -838 to 838 hours; if it has none beyond 24, write time";
            return (DataType::Text, Some(remark));
        }
        "json" => DataType::Json,
        _ if column.is_json => DataType::Json,
        "uuid" => DataType::Uuid,
        "inet4" | "inet6" => DataType::Inet,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
        | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" | "geomcollection" | "vector" => {
            return (DataType::Text, Some("bytes, as \\x and hexadecimal digits"));
        }
        _ => DataType::Text,
    };
    (data_type, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_becomes_one_that_takes_all_of_its_values() {
        let of = |column_type: &str, precision, scale| {
            let data_type = column_type.split(['(', ' ']).next().unwrap_or_default().to_owned();
            let column_type = column_type.to_owned();
            let declared = Declared { data_type, column_type, precision, scale, is_json: false };
            contract_type(&declared).0.in_contract()
        };
        let plain = |column_type| of(column_type, None, None);
        assert_eq!(plain("tinyint(1)"), "boolean");
        assert_eq!(plain("tinyint(4)"), "smallint");
        assert_eq!(plain("tinyint unsigned"), "smallint");
        assert_eq!(plain("smallint(5) unsigned"), "integer");
        assert_eq!(plain("mediumint(8) unsigned"), "integer");
        assert_eq!(plain("int(10) unsigned zerofill"), "bigint");
        assert_eq!(plain("bigint(20) unsigned"), "numeric(20,0)");
        assert_eq!(of("decimal(65,30)", Some(65), Some(30)), "numeric(65,30)");
        assert_eq!(of("bit(1)", Some(1), None), "boolean");
        assert_eq!(of("bit(63)", Some(63), None), "bigint");
        assert_eq!(of("bit(64)", Some(64), None), "numeric(20,0)");
        assert_eq!(
            (plain("datetime(6)"), plain("timestamp")),
            ("timestamp".into(), "timestamptz".into())
        );
        assert_eq!((plain("time"), plain("year(4)")), ("text".into(), "smallint".into()));
        assert_eq!((plain("enum('a')"), plain("longblob")), ("text".into(), "text".into()));
        let json =
            Declared { data_type: "longtext".to_owned(), is_json: true, ..Declared::default() };
        assert_eq!(contract_type(&json).0, DataType::Json);
    }
}
