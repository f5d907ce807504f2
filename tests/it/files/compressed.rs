//! Compressed objects and objects in other encodings lead to the same star as the plain file.

use stardrop::dataset::Catalog;
use stardrop::error::ErrorKind;
use stardrop::load::Outcome;
use stardrop_local::s3::{Fault, FaultKind};

use crate::load::exactly_once::sales;
use crate::support::cloud::Cloud;
use crate::support::compress::{bzip2, gzip, xz, zstd};
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::workbook::Zip;
use crate::support::{TestDatabase, catalog_of};

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// Breaks each object off in its middle, delivers it again, and compares with the plain file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_objects_continue_at_their_checkpoint_and_mean_the_same_as_plain_ones() {
    let text = sales(5_000);
    let plain = {
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        let object = cloud.put("sales/plain.csv", text.as_str()).await;
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "250")]);
        loader.load(&object, None).await.unwrap();
        meaning(&db).await
    };
    for (name, packed) in [
        ("sales/a.csv.gz", gzip(text.as_bytes())),
        ("sales/as-zstd.csv", zstd(text.as_bytes())),
        ("sales/as-bzip2.csv", bzip2(text.as_bytes())),
        ("sales/as-xz.csv", xz(text.as_bytes())),
        ("sales/as-utf16.csv", utf16(&text)),
        ("sales/as-utf16.csv.gz", gzip(&utf16(&text))),
    ] {
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        let object = cloud.put(name, packed.clone()).await;
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "250")]);
        cloud.s3.faults().push(Fault::new(FaultKind::CutAt(packed.len() as u64 * 9 / 10)));
        let error = loader.load(&object, None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ObjectUnreadable, "{error}");
        let before = db.text("select checkpoint_rows from stardrop.load").await;
        // A block of bzip2 is 100 kB and more: little is out when the object breaks off.
        assert!(before != "0", "{name}: nothing was committed before the object broke off");
        let report = loader.load(&object, None).await.unwrap();
        assert_eq!((report.outcome, report.batches), (Outcome::Loaded, 20), "{name}");
        assert_balanced(&db).await;
        assert_eq!(meaning(&db).await, plain, "{name}");
    }
}

fn people(file: &str, columns: &str) -> Catalog {
    let contract = format!(
        r#"
name  = "people"
match = ["people/**"]
[file]
format = "csv"
{file}
[columns]
id   = {{ type = "integer", required = true }}
name = {{ type = "text" {columns} }}
[policy]
rejects = "90%"
[fact.person]
grain      = ["id"]
degenerate = ["name"]
"#
    );
    catalog_of(&[("people", &contract)])
}

const NAMES: &str = "select id, name from star.fact_person order by id";
const REJECTED: &str = "select source_line, column_name, code, reason from stardrop.rejected_row
    order by 1";

/// What is in the star and what was rejected, of one file.
async fn loaded(file: &str, columns: &str, bytes: &[u8]) -> String {
    let catalog = people(file, columns);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    cloud.put_and_load("people/a", bytes).await;
    assert_balanced(&db).await;
    format!("{}\n--\n{}", db.rows(NAMES).await, db.rows(REJECTED).await)
}

#[tokio::test]
async fn texts_are_read_in_the_encoding_of_the_contract() {
    let cp1252 = b"id,name\n1,J\xf8rn\n2,\x80 5\n";
    let said = loaded("encoding = \"cp1252\"", "", cp1252).await;
    assert_eq!(said, "1|Jørn\n2|€ 5\n--\n");
    let korean = b"id,name\n1,\xc7\xd1\xb1\xdb\n2,\xc7\n3,ok\n";
    let said = loaded("encoding = \"euc-kr\"", "", korean).await;
    insta::assert_snapshot!(said, @r#"
    1|한글
    3|ok
    --
    3|name|invalid_utf8|expected EUC-KR, found other bytes (setting: encoding)
    "#);
    // The mark of the file wins, also in what is said of it.
    let marked = b"\xff\xfei\0d\0,\0n\0a\0m\0e\0\n\x001\0,\0x\0\n\x002\0,\0\x00\xd8\n\0";
    let said = loaded("", "", marked).await;
    let wrong = "3|name|invalid_utf8|expected UTF-16LE, found other bytes (setting: encoding)";
    assert_eq!(said, format!("1|x\n--\n{wrong}"));
    let marked = "\u{feff}id,name\n1,Jørn\n".as_bytes();
    assert_eq!(loaded("encoding = \"cp1252\"", "", marked).await, "1|Jørn\n--\n");
}

#[tokio::test]
async fn bytes_that_are_not_text_reject_the_row_with_their_position_or_are_replaced() {
    let file = b"id,name\n1,ok\n2,J\xf8rn\n3,\"\"\"\xff\"\n";
    insta::assert_snapshot!(loaded("", "", file).await, @r#"
    1|ok
    --
    3|name|invalid_utf8|expected UTF-8, found other bytes at byte 16 of the file (setting: encoding)
    4|name|invalid_utf8|expected UTF-8, found other bytes at byte 20 of the file (setting: encoding)
    "#);
    let said = loaded("invalid = \"replace\"", "", file).await;
    assert_eq!(said, "1|ok\n2|J\u{fffd}rn\n3|\"\u{fffd}\n--\n");
}

#[tokio::test]
async fn a_nul_rejects_the_row_or_is_removed() {
    let file = b"id,name\n1,a\0b\n2,\0\n\x003,c\n4,ok\n";
    insta::assert_snapshot!(loaded("", "", file).await, @r#"
    4|ok
    --
    2|name|nul_character|expected text without NUL characters
    3|name|nul_character|expected text without NUL characters
    4|id|invalid_integer|expected a whole number
    "#);
    insta::assert_snapshot!(loaded("", ", nul = \"strip\"", file).await, @r#"
    1|ab
    2|null
    4|ok
    --
    4|id|invalid_integer|expected a whole number
    "#);
}

async fn refused(key: &str, bytes: Vec<u8>, more: &[(&str, &str)]) -> (ErrorKind, String) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(key, bytes).await;
    let error = cloud.loader_with(more).load(&object, None).await.unwrap_err();
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
    assert_eq!(db.text("select state from stardrop.load").await, "failed");
    (error.kind, error.message)
}

#[tokio::test]
async fn an_object_that_decompresses_beyond_the_limit_is_refused_and_leaves_nothing() {
    let bomb = gzip(&[sales(1).into_bytes(), vec![b'0'; 20 << 20]].concat());
    let limits = [("STARDROP_MAX_DECOMPRESSED_BYTES", "1000000")];
    let (kind, message) = refused("sales/bomb.csv.gz", bomb.clone(), &limits).await;
    assert_eq!(kind, ErrorKind::OverLimit);
    assert!(message.contains("STARDROP_MAX_DECOMPRESSED_BYTES"), "{message}");
    let limits = [("STARDROP_MAX_RATIO", "50"), ("STARDROP_MAX_ROW_BYTES", "100000000")];
    let (kind, message) = refused("sales/bomb.csv.gz", bomb, &limits).await;
    assert_eq!(kind, ErrorKind::OverLimit);
    assert!(message.contains("more than 50 times its size (STARDROP_MAX_RATIO)"), "{message}");
}

#[tokio::test]
async fn a_broken_archive_is_an_error_of_the_file() {
    let whole = gzip(sales(1_000).as_bytes());
    let half = whole[..whole.len() / 2].to_vec();
    let (kind, message) = refused("sales/half.csv.gz", half, &[]).await;
    assert_eq!(
        (kind, message.as_str()),
        (ErrorKind::BadFile, "the gzip data ends too early: the file is truncated")
    );
    let (kind, message) = refused("sales/a.csv", b"PAR1\0\0\0\0\0".to_vec(), &[]).await;
    assert_eq!(kind, ErrorKind::BadFile);
    assert!(message.contains("Parquet"), "{message}");
}

#[tokio::test]
async fn of_a_zip_archive_with_several_files_nothing_is_loaded() {
    let mut zip = Zip::default();
    zip.add("a.csv", sales(3_000));
    zip.add("b.csv", sales(1));
    let more = [("STARDROP_BATCH_ROWS", "100")];
    let (kind, message) = refused("sales/two.csv", zip.finish(), &more).await;
    assert_eq!(kind, ErrorKind::BadFile);
    assert!(message.starts_with("the zip archive holds several files"), "{message}");
    // Nor of one that is larger than what is read of its end.
    let mut zip = Zip::default();
    zip.add("a.csv", [sales(3_000), "9".repeat(2 << 20)].concat());
    zip.add("b.csv", sales(1));
    let (_, message) = refused("sales/large.csv", zip.finish(), &more).await;
    assert!(message.starts_with("the zip archive holds several files"), "{message}");
    // Nor of one whose directory is.
    let mut zip = Zip::default();
    zip.add("a.csv", sales(3_000));
    for number in 0..5_000 {
        zip.add(&format!("{}{number}.csv", "b".repeat(50)), "");
    }
    let (_, message) = refused("sales/directory.csv", zip.finish(), &more).await;
    assert!(message.starts_with("the zip archive holds several files"), "{message}");
}

#[tokio::test]
async fn of_a_zip_archive_among_other_bytes_nothing_is_loaded() {
    let mut zip = Zip::default();
    zip.add("a.csv", sales(3_000));
    let zip = zip.finish();
    let more = [("STARDROP_BATCH_ROWS", "100")];
    for bytes in [[&zip[..], &zip].concat(), [&zip[..], b"junk"].concat()] {
        let (kind, message) = refused("sales/two.csv", bytes, &more).await;
        assert_eq!(kind, ErrorKind::BadFile);
        assert!(message.contains("before or behind the zip archive"), "{message}");
    }
}
