//! Files with bytes that only a setting of the contract explains: each row is loaded right, or rejected with
//! the setting's name.

use stardrop::error::ErrorKind;

use super::dialects::{PLAIN, load};
use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, catalog_of};

#[tokio::test]
async fn text_behind_a_closing_quote_rejects_its_row() {
    let text = b"id,a,b\n1,\"He said \\\"hi\\\"\",x\n2,\"red, \"hot\" tea\"\n3,\"rfc \"\"q\"\"\",\"ends with \\\"\n4,\"x\" ,y\n";
    insta::assert_snapshot!(load("", PLAIN, "", text).await.unwrap(), @r#"
    3|rfc "q"|ends with \
    --
    2|a|text_behind_quote|1,"He said \"hi\"",x
    3|a|text_behind_quote|2,"red, "hot" tea"
    5|a|text_behind_quote|4,"x" ,y
    --
    null
    "#);
    let read = load("escape = \"\\\\\"\ntrim = true", PLAIN, "", text).await.unwrap();
    assert!(read.starts_with("1|He said \"hi\"|x\n"), "{read}");
    let protected =
        PLAIN.replace("b = { type = \"text\" }", "b = { type = \"text\", protect = \"drop\" }");
    let read = load("", &protected, "", text).await.unwrap();
    assert!(!read.contains("tea") && read.contains("(withheld"), "{read}");
}

#[tokio::test]
async fn blanks_before_a_quote_reject_all_lines_up_to_the_closing_one() {
    let text =
        b"id,a,b\n1, \"x\n2,y\",z\n3,x,y\n4, \"5 inches,z\n5,\t\"x\"\"\n6,x,y\" ,\n7,x,y\n8,x, \"y";
    insta::assert_snapshot!(load("", PLAIN, "", text).await.unwrap(), @r#"
    3|x|y
    7|x|y
    --
    2|a|blanks_before_quote|1, "x
    2,y",z
    5|a|blanks_before_quote|4, "5 inches,z
    6|a|blanks_before_quote|5,	"x""
    6,x,y" ,
    9|b|blanks_before_quote|8,x, "y
    --
    null
    "#);
    let read = load("trim = true", PLAIN, "", text).await;
    assert!(read.unwrap_err().message.contains("never closed"));
}

#[tokio::test]
async fn a_row_of_empty_quotes_is_rejected_where_no_column_can_hold_an_empty_text() {
    let numbers = r#"
name    = "readings"
match   = ["readings/*"]
[columns]
n       = { type = "integer" }
amount  = { type = "numeric" }
day     = { type = "date" }
[policy]
rejects = "90%"
[fact.reading]
measures   = ["amount"]
degenerate = ["n", "day"]
"#;
    let catalog = catalog_of(&[("readings", numbers)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let text = "n,amount,day\n1,2,\n\"\",\"\",\"\"\n\"\",,\n,,\n\"2\",\"\",\"\"\nNULL,NULL,NULL\n";
    let object = cloud.put("readings/a.csv", text).await;
    cloud.loader().load(&object, None).await.unwrap();
    let loaded = db.rows("select n, amount, day from star.fact_reading order by 1").await;
    assert_eq!(loaded, "1|2|null\n2|null|null\nnull|null|null");
    let rejected =
        "select source_line, column_name, code, raw from stardrop.rejected_row order by 1";
    let rejected = db.rows(rejected).await;
    assert_eq!(rejected, "3|null|no_value|\"\",\"\",\"\"\n4|null|no_value|\"\",,");
}

#[tokio::test]
async fn nul_bytes_at_the_end_of_a_file_are_called_what_they_are() {
    let text = [&b"id,a,b\n1,x,y\n"[..], &[0; 5_000]].concat();
    insta::assert_snapshot!(load("", PLAIN, "", &text).await.unwrap().replace('\0', ""), @r#"
    1|x|y
    --
    3|null|nul_bytes|null
    --
    null
    "#);
}

#[tokio::test]
async fn a_delimiter_too_many_rejects_its_row_unless_the_contract_allows_it() {
    let text = b"id,a,b\n1,,x,\n2,x,y\n3,,,\n4,x,y,\"\"\n5,x,y,,\n6,x,y,\"\n\"\n";
    insta::assert_snapshot!(load("", PLAIN, "", text).await.unwrap(), @r#"
    2|x|y
    --
    2|null|field_count|1,,x,
    4|null|field_count|3,,,
    5|null|field_count|4,x,y,""
    6|null|field_count|5,x,y,,
    7|null|field_count|6,x,y,"
    "
    --
    null
    "#);
    insta::assert_snapshot!(load("trailing_delimiter = true", PLAIN, "", text).await.unwrap(), @r#"
    1|null|x
    2|x|y
    3|null|null
    --
    5|null|field_count|4,x,y,""
    6|null|field_count|5,x,y,,
    7|null|field_count|6,x,y,"
    "
    --
    null
    "#);
    // The delimiter at the end of the header is the same one.
    let text = b"id;a;b;\n1;x;y;\n2;x;y\n";
    insta::assert_snapshot!(load("trailing_delimiter = true", PLAIN, "", text).await.unwrap(), @r#"
    1|x|y
    2|x|y
    --

    --
    null
    "#);
}

#[tokio::test]
async fn files_put_one_after_the_other_are_the_rows_of_both() {
    let text = "\u{feff}id,a,b\r\n1,x,y\r\n\u{feff}id,a,b\r\n2,x,\r\n\u{feff}3,\u{feff}x,z\r\n,,\r\n\u{1a}";
    insta::assert_snapshot!(load("", PLAIN, "", text.as_bytes()).await.unwrap(), @r#"
    1|x|y
    2|x|null
    3|﻿x|z
    --

    --
    null
    "#);
    let moved = "\u{feff}id,a,b\n1,x,y\n\u{feff}id,b,a\n2,x,z\n";
    let error = load("", PLAIN, "", moved.as_bytes()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadFile);
    assert!(error.message.starts_with("line 3: another header"), "{error}");
}

#[tokio::test]
async fn values_in_columns_without_a_name_are_kept() {
    let text = b"id,a,b,,\n1,x,y,,\n2,x,y,note,\n3,x,y,,more\n4,x,y\n5,x,y,\n6,x,y,z\n";
    insta::assert_snapshot!(load("", PLAIN, "", text).await.unwrap(), @r#"
    1|x|y
    2|x|y
    3|x|y
    4|x|y
    5|x|y
    --
    7|null|field_count|6,x,y,z
    --
    null
    "#);
    let rejected = load("", PLAIN, "unknown_column = \"reject\"", text).await.unwrap();
    insta::assert_snapshot!(rejected, @r#"
    1|x|y
    4|x|y
    5|x|y
    --
    3|null|unnamed_column|2,x,y,note,
    4|null|unnamed_column|3,x,y,,more
    7|null|field_count|6,x,y,z
    --
    null
    "#);
}

#[tokio::test]
async fn settings_explain_headers_footers_comments_and_other_row_ends() {
    let file = "header_rows = 2\nskip_footer = 1\ncomment = \"#\"\ntrailing_comment = true";
    let text = b"id,Name,\n,first,last\n1,x,y # new\n2,x,y\n,,\nTotal,2,\n,,\n";
    let columns = "id = { type = \"integer\", required = true }\na = { type = \"text\", from = [\"Name first\"] }\n\
                   b = { type = \"text\", from = [\"Name last\"] }";
    insta::assert_snapshot!(load(file, columns, "", text).await.unwrap(), @r#"
    1|x|y
    2|x|y
    --

    --
    null
    "#);
    let file = "record_end = \"&|\\n\"\ndelimiter = \"~\"";
    insta::assert_snapshot!(load(file, PLAIN, "", b"id~a~b&|\n1~x\ny~z&|\n2~\"&|\n\"~&|\n").await.unwrap(), @r#"
    1|x
    y|z
    2|&|
    |null
    --

    --
    null
    "#);
    insta::assert_snapshot!(load("", PLAIN, "", b"sep=^\nid^a^b\n1^x,y^z\n").await.unwrap(), @r#"
    1|x,y|z
    --

    --
    null
    "#);
}

#[tokio::test]
async fn an_empty_line_in_a_file_of_one_column_is_a_value() {
    let columns = "id = { type = \"integer\", required = true }\na = { type = \"text\" }";
    let more = "missing_column = \"null\"";
    insta::assert_snapshot!(load("", columns, more, b"id\n1\n\n3\n\n").await.unwrap(), @r#"
    1|null
    3|null
    --
    3|id|missing_value|
    --
    missing columns: a
    "#);
}

#[tokio::test]
async fn an_object_without_text_has_no_rows() {
    for text in ["", "\u{feff}", "\r\n\n", "\u{1a}"] {
        assert_eq!(
            load("", PLAIN, "", text.as_bytes()).await.unwrap(),
            "\n--\n\n--\nnull",
            "{text:?}"
        );
    }
    for format in ["csv", "jsonl", "xlsx", "parquet"] {
        let loaded = load(&format!("format = \"{format}\""), PLAIN, "", b"").await.unwrap();
        assert_eq!(loaded, "\n--\n\n--\nnull", "{format}");
    }
    let error = load("skip = 2", PLAIN, "", b"a\n").await.unwrap_err();
    assert!(error.message.contains("ends before its header"), "{error}");
    let error = load("", PLAIN, "missing_column = \"null\"", b"1;x;y\n").await.unwrap_err();
    assert!(
        error.message.contains("it looks like data") || error.message.contains("no column"),
        "{error}"
    );
}

#[tokio::test]
async fn bytes_that_no_setting_explains_reject_their_row() {
    let text = b"id,a,b\n1,\\N,x\n2,C:\\new,x\n3, \"x,y\"\n4,x\ry,z\n5,\"\\N\",x\n";
    let file = "escape = \"\\\\\"\nnull = [\"\\\\N\"]";
    let loaded = load(file, PLAIN, "", text).await.unwrap().replace('\r', "<CR>");
    insta::assert_snapshot!(loaded, @r#"
    1|null|x
    --
    3|a|unknown_escape|2,C:\new,x
    4|a|blanks_before_quote|3, "x,y"
    5|a|lone_cr|4,x<CR>y,z
    7|a|unknown_escape|5,"\N",x
    --
    null
    "#);
    let cut =
        load("trailing_delimiter = true", PLAIN, "", b"id|a|b|\n1|x|y|\n2|y|\n").await.unwrap();
    assert_eq!(cut, "1|x|y\n--\n3|null|field_count|2|y|\n--\nnull");
}

#[tokio::test]
async fn a_file_that_is_several_or_ends_its_rows_otherwise_is_refused() {
    for (file, text, word) in [
        ("record_end = \"@@\"", "id,a,b\n1,x,y\n", "record_end"),
        ("", "\u{feff}id,a,b\n1,x,y\n\u{feff}id,a,c\n2,x,z\n", "split it"),
        ("skip = 1", "\u{feff}T\nid,a,b\n1,x,y\n\u{feff}T\nid,a,b\n2,x,z\n", "split it"),
        ("encoding = \"windows-1252\"", "id,a,b\n1,x,y\n\u{feff}id,a,b\n2,x,z\n", "split it"),
        ("", "<html>\n", "a web page"),
    ] {
        let error = load(file, PLAIN, "", text.as_bytes()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadFile, "{error}");
        assert!(error.message.contains(word), "{error}");
    }
}
