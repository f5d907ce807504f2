//! Tests of the Parquet writer: what the loader's reader finds in its files.

use std::sync::Mutex;

use super::*;
use crate::extract::table::{Column as TableColumn, DataType, Table, TableName};

fn table(columns: &[(&str, DataType)]) -> Table {
    let column = |(name, data_type): &(&str, DataType)| TableColumn {
        name: (*name).to_owned(),
        data_type: *data_type,
        declared: "declared".to_owned(),
        may_be_null: true,
        remark: None,
    };
    Table {
        name: TableName { schema: "shop".to_owned(), name: "orders".to_owned() },
        columns: columns.iter().map(column).collect(),
        key: Vec::new(),
        references: Vec::new(),
    }
}

/// What was written, which the test looks at while the file grows.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn file(table: &Table, compression: Compression) -> (Box<dyn FileWriter>, Written) {
    let written = Written::default();
    let out = Box::new(written.clone());
    ((FORMAT.begin)(Start { table, header: b"", compression, out }).unwrap(), written)
}

fn row_groups(bytes: Vec<u8>) -> Vec<i64> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect()
}

#[test]
fn row_groups_end_at_a_size_and_are_written_at_once() {
    let table = table(&[("id", DataType::Integer), ("note", DataType::Text)]);
    let (mut file, written) = file(&table, Compression::None);
    let row = format!("7,\"{}\"\n", "x".repeat(1_000_000 - 14));
    let mut sizes = Vec::new();
    for _ in 0..10 {
        file.push(row.as_bytes()).unwrap();
        sizes.push(written.bytes().len() >> 20);
    }
    assert_eq!(sizes, [0, 0, 0, 3, 3, 3, 3, 7, 7, 7]);
    file.finish().unwrap();
    assert_eq!(row_groups(written.bytes()), [4, 4, 2]);
}

#[test]
fn a_table_without_rows_is_a_file_without_row_groups() {
    let table = table(&[("id", DataType::Integer)]);
    for compression in Compression::ALL {
        let (file, written) = file(&table, compression);
        file.finish().unwrap();
        assert_eq!(row_groups(written.bytes()), Vec::<i64>::new());
    }
}

#[test]
fn the_footer_has_every_row_group_and_their_sum() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    // A name with the bytes that are looked for in the footer.
    let table = table(&[("\u{16}\0\u{19}\u{c}", DataType::Text), ("n", DataType::BigInt)]);
    // Up to 14 groups the list has another header.
    for groups in [0, 1, 14, 15, 130] {
        let (mut file, written) = file(&table, Compression::Zstd);
        for number in 0..groups {
            let rows = format!(",\n\"{}\",{number}\n", "x".repeat(GROUP_BYTES));
            file.push(rows.as_bytes()).unwrap();
        }
        file.finish().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(written.bytes())).unwrap();
        let metadata = reader.metadata();
        assert_eq!(metadata.num_row_groups(), groups);
        assert_eq!(metadata.file_metadata().num_rows(), (groups * 2) as i64);
        if groups < 20 {
            let rows = reader.get_row_iter(None).unwrap();
            assert_eq!(rows.collect::<Result<Vec<_>, _>>().unwrap().len(), groups * 2);
        }
        assert!(metadata.row_groups().iter().all(|group| group.column(1).statistics().is_some()));
    }
}

#[test]
fn a_value_that_parquet_cannot_hold_is_an_error_that_names_its_column() {
    let table = table(&[("id", DataType::Integer), ("at", DataType::Date)]);
    let (mut file, _) = file(&table, Compression::Zstd);
    let error = file.push(b"1,2026-01-01\n2,0000-00-00\n").unwrap_err();
    assert_eq!(error.kind, ErrorKind::SourceValue);
    let said = "shop.orders: column at (declared) has a value that is not a date of Parquet";
    assert_eq!(error.message, said);
    assert!(error.hint().contains("--format csv"), "{}", error.hint());
}
