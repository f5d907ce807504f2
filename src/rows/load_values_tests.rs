//! Tests of the columns that are not in the file: their values in COPY lines, and values that do not fit.

use jiff::Timestamp;

use super::*;
use crate::dataset::{Catalog, Dataset};
use crate::records::{CsvOptions, CsvReader, Record, RecordReader, Step};

/// A dataset with a column `id` in the file, and these columns.
fn dataset(columns: &str, policy: &str) -> Dataset {
    let contract = format!(
        "name = \"one\"\nmatch = [\"one/**\"]\nfrom_key = \"one/batch={{batch}}/{{day}}.csv\"\n[columns]\n\
         day = {{ type = \"date\", format = \"%Y%m%d\" }}\nid = {{ type = \"text\" }}\n\
         batch = {{ type = \"text\" }}\n{columns}\n[policy]\n{policy}\n[fact.one]\ndegenerate = [\"id\"]\n"
    );
    let file = ("one/dataset.toml".into(), "one".to_owned(), contract);
    let catalog = Catalog::read([file]).unwrap_or_else(|errors| panic!("{errors:?}"));
    catalog.dataset("one").expect("the dataset").clone()
}

const OBJECT: ObjectFacts<'static> = ObjectFacts {
    bucket: "bucket",
    key: "one/batch=a%09b/20260102.csv",
    is_path: false,
    version_id: None,
    object_time: Some(Timestamp::UNIX_EPOCH),
    sheet: None,
    entry: None,
};

/// The COPY lines of a file.
fn lines(dataset: &Dataset, facts: &ObjectFacts<'_>, text: &str) -> Result<String, String> {
    let mut reader = CsvReader::new(CsvOptions::default());
    reader.push(text.as_bytes());
    reader.end();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    let names: Vec<&str> = record.iter().map(|name| std::str::from_utf8(name).unwrap()).collect();
    let header = Header::by_name(dataset, &names).map_err(|error| error.to_string())?;
    let values = LoadValues::new(dataset, &header, facts)?;
    let writer = RowWriter::new(dataset, &header, "").with_load_values(values);
    let mut out = Vec::new();
    while reader.next(&mut record) == Ok(Step::Record) {
        writer.write(&record, &mut out).map_err(|rejection| rejection.reason)?;
    }
    Ok(String::from_utf8(out).expect("text"))
}

#[test]
fn each_source_has_its_value_in_every_row() {
    for (column, value) in [
        ("type = \"text\", source = \"bucket\"", "bucket"),
        ("type = \"text\", source = \"key\"", "one/batch=a%09b/20260102.csv"),
        ("type = \"text\", source = \"file_name\"", "20260102.csv"),
        ("type = \"text\", source = \"version_id\"", "\\N"),
        ("type = \"timestamptz\", source = \"object_time\"", "1970-01-01 00:00:00+00:00"),
        ("type = \"timestamp\", source = \"object_time\"", "1970-01-01 00:00:00"),
        (
            "type = \"timestamp\", time_zone = \"Asia/Tokyo\", source = \"object_time\"",
            "1970-01-01 09:00:00",
        ),
        ("type = \"text\", source = \"object_time\"", "1970-01-01T00:00:00Z"),
        ("type = \"text\", value = \"a\\\\b\"", "a\\\\b"),
        ("type = \"numeric(6,2)\", decimal = \",\", value = \"1,5\"", "1.5"),
        ("type = \"numeric(6,2)\", decimal = \",\", value = 1.5", "1.5"),
        ("type = \"boolean\", value = true", "t"),
        ("type = \"date\", format = \"%d.%m.%Y\", value = 2026-01-02", "2026-01-02"),
        ("type = \"date\", format = \"%d.%m.%Y\", value = \"02.01.2026\"", "2026-01-02"),
    ] {
        let dataset = dataset(&format!("given = {{ {column} }}"), "");
        let line = lines(&dataset, &OBJECT, "id\nx\n").expect("it fits");
        assert_eq!(line, format!("2026-01-02\tx\ta\\tb\t{value}\t2\t\\N\n"), "{column}");
    }
    let dataset = dataset("line = { type = \"integer\", source = \"line\" }", "");
    let text = lines(&dataset, &OBJECT, "id,\nx,\n\ny,\n").expect("it fits");
    let numbers: Vec<&str> = text.lines().map(|line| line.split('\t').nth(3).unwrap()).collect();
    assert_eq!(numbers, ["2", "4"]);
}

#[test]
fn a_value_of_the_object_that_no_row_could_have_fails_the_load_with_one_sentence() {
    let said = |key, columns, policy| {
        let facts = ObjectFacts { key, ..OBJECT };
        lines(&dataset(columns, policy), &facts, "id\nx\n").expect_err("it does not fit")
    };
    insta::assert_snapshot!(said("one/x.csv", "", ""), @"the key `one/x.csv` does not fit from_key = \"one/batch={batch}/{day}.csv\": rename the object, or change from_key");
    insta::assert_snapshot!(said("one/batch=1/20261399.csv", "", ""), @"column `day` is the part of the object's key (from_key), which is `20261399`: not a date of the calendar");
    insta::assert_snapshot!(said("one/batch=%00/20260102.csv", "", ""), @"column `batch` is the part of the object's key (from_key), which is `\\0`: expected text without NUL characters");
    let required = "version = { type = \"text\", source = \"version_id\", required = true }";
    insta::assert_snapshot!(said(OBJECT.key, required, ""), @"column `version` needs a value, and the version of the object (source) has none");
    insta::assert_snapshot!(said(OBJECT.key, "sheet = { type = \"text\", source = \"sheet\" }", ""), @"column `sheet` is the name of the sheet, and the object is not a workbook: remove source = \"sheet\", or load workbooks only");
    let unknown = "unknown_member = \"reject\"\n[dimension.batch]\nkey = \"batch\"";
    insta::assert_snapshot!(said("one/batch=__HIVE_DEFAULT_PARTITION__/20260102.csv", "", unknown), @"column `batch` is the part of the object's key (from_key), which is null, so that all rows refer to the unknown batch (policy unknown_member)");
}

#[test]
fn a_column_of_the_file_with_the_name_of_another_source_is_an_unknown_one() {
    let text = "id,batch,DAY\nx,9,z\n";
    let line = lines(&dataset("", ""), &OBJECT, text).expect("it fits");
    assert_eq!(line, "2026-01-02\tx\ta\\tb\t2\t{\"DAY\":\"z\",\"batch\":\"9\"}\n");
    let line = lines(&dataset("", "unknown_column = \"ignore\""), &OBJECT, text).expect("it fits");
    assert_eq!(line, "2026-01-02\tx\ta\\tb\t2\t\\N\n");
    let error = lines(&dataset("", "unknown_column = \"reject\""), &OBJECT, text).unwrap_err();
    insta::assert_snapshot!(error, @"the contract does not name column batch, DAY: add it to [columns] (`day` under another name with `from`, since it is the part of the object's key (from_key) here), or set unknown_column = \"keep\"");
}

#[test]
fn rows_that_were_rejected_bring_the_values_of_their_object() {
    let dataset = dataset("line = { type = \"bigint\", source = \"line\" }", "");
    // The key fits no pattern, which does not matter: nothing is taken from it.
    let facts = ObjectFacts { key: "one/fix.csv", ..OBJECT };
    let text = "id,rejected_column,rejected_reason,day,batch,line\nx,,why,20260405,\"NULL\",17\n";
    let line = lines(&dataset, &facts, text).expect("it fits");
    assert_eq!(line, "2026-04-05\tx\tNULL\t17\t2\t\\N\n");
    let header = Header::by_name(&dataset, &["id"]).expect("it fits");
    let texts = texts_of_object(&dataset, &header, &OBJECT).expect("they fit");
    let texts: Vec<_> = texts.iter().map(|(c, text)| (c.name.as_str(), text.as_deref())).collect();
    assert_eq!(texts, [("day", Some("20260102")), ("batch", Some("a\tb")), ("line", None)]);
    let all = ["id", "rejected_column", "rejected_reason", "day", "batch", "line"];
    let header = Header::by_name(&dataset, &all).expect("it fits");
    assert_eq!(header.notes(), None);
    assert!(texts_of_object(&dataset, &header, &facts).expect("they fit").is_empty());
}

#[test]
fn columns_of_the_file_are_not_those_that_were_added_to_rejected_rows() {
    let dataset = dataset(
        "line = { type = \"bigint\", source = \"line\" }\norigin = { type = \"text\", value = \"crm\" }\n\
         old = { type = \"text\", from = \"day\" }",
        "",
    );
    let facts = ObjectFacts { key: "one/fix.csv", ..OBJECT };
    let text = "id,batch,origin,day,rejected_column,rejected_reason,day,batch,line\n\
                x,own,file,1,,why,20260405,7,17\n";
    let line = lines(&dataset, &facts, text).expect("it fits");
    assert_eq!(line, "2026-04-05\tx\t7\t17\tcrm\t1\t2\t{\"batch\":\"own\",\"origin\":\"file\"}\n");
    // Before the two names, or with one of them only, a column is one of the file.
    for text in [
        "id,day,batch,line,rejected_column,rejected_reason\nx,20260405,7,17,,\n",
        "id,rejected_reason,day,batch,line\nx,,20260405,7,17\n",
    ] {
        let error = lines(&dataset, &facts, text).unwrap_err();
        assert!(error.contains("does not fit from_key"), "{error}");
    }
    // Columns without a name at the end of the file stay at its end.
    let names = ["id", "old", "", "", REJECTED[0], REJECTED[1], "day", "batch", "line"];
    let header = Header::by_name(&dataset, &names).expect("it fits");
    assert!(header.unknown.iter().all(|field| field.is_at_end), "{:?}", header.unknown);
}

#[test]
fn a_row_of_nothing_but_quotes_has_no_value_by_what_is_not_in_the_file() {
    let contract = "name = \"one\"\nmatch = \"one/**\"\n[columns]\nn = { type = \"integer\" }\n\
                    origin = { type = \"text\", value = \"crm\" }\n[fact.one]\ndegenerate = \"n\"\n";
    let catalog = Catalog::read([("d".into(), "one".to_owned(), contract.to_owned())]);
    let dataset = catalog.expect("valid").dataset("one").expect("it").clone();
    let error = lines(&dataset, &OBJECT, "n\n\"\"\n").unwrap_err();
    assert!(error.contains("nothing but empty quotes"), "{error}");
    assert!(lines(&dataset, &OBJECT, "n\n1\n").is_ok());
}

#[test]
fn a_file_without_a_header_has_the_columns_that_come_from_the_file() {
    let dataset = dataset("more = { type = \"text\" }", "");
    let header = Header::by_position(&dataset);
    assert_eq!((header.width, header.fields), (2, vec![None, Some(0), None, Some(1)]));
}
