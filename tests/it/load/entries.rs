//! Entries of archives: each file that fits is a load of its own, in one dataset or in several.

use stardrop::error::{Error, ErrorKind};
use stardrop::load::{Loader, PartLoad};
use stardrop::object::ObjectRef;

use crate::load::parts::book;
use crate::support::cloud::{BUCKET, Cloud};
use crate::support::compress::{gzip, zstd};
use crate::support::killed::killed_in_a_batch;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::Zip;
use crate::support::{TestDatabase, catalog_of};

fn contract(name: &str, entry: &str, policy: &str) -> String {
    format!(
        r#"
name  = "{name}"
match = ["in/**"]
[file]
entry = {entry}
[columns]
id   = {{ type = "integer", required = true }}
name = {{ type = "text" }}
file = {{ type = "text", source = "entry" }}
[policy]
{policy}
[dimension.name]
key = ["name"]
[fact.{name}]
grain      = ["id"]
dimensions = ["name"]
degenerate = ["file"]
"#
    )
}

fn zip(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = Zip::default();
    for (name, content) in entries {
        zip.add(name, content);
    }
    zip.finish()
}

/// A tar archive with these files.
pub fn tar(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in entries {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = b'0';
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        header[154] = 0;
        bytes.extend(header);
        bytes.extend(content);
        bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    }
    bytes.resize(bytes.len() + 1_024, 0);
    bytes
}

fn csv(rows: &[(i32, &str)]) -> Vec<u8> {
    let rows: String = rows.iter().map(|(id, name)| format!("{id},{name}\n")).collect();
    format!("id,name\n{rows}").into_bytes()
}

fn is(load: &(String, Result<String, Error>), outcome: &str) -> bool {
    load.1.as_ref().is_ok_and(|said| said == outcome)
}

async fn load(loader: &mut Loader, object: &ObjectRef) -> Vec<(String, Result<String, Error>)> {
    let loads = loader.load_parts(object, None).await;
    let said = |PartLoad { part, result }: PartLoad| {
        (part, result.map(|report| report.outcome.as_str().to_owned()))
    };
    loads.into_iter().map(said).collect()
}

#[tokio::test]
async fn the_files_of_an_archive_go_to_the_datasets_that_name_them() {
    let orders = contract("orders", "\"orders*.*\"", "rejects = 1");
    let people = contract("people", "[\"**/people.csv\", \"book.xlsx\"]", "");
    let files = [
        ("orders-1.csv", csv(&[(1, "a"), (2, "b")])),
        ("deep/er/people.csv", csv(&[(7, "Ann")])),
        ("orders-2.jsonl", b"{\"id\": 3, \"name\": \"c\"}\n{\"id\": \"x\"}\n".to_vec()),
        ("orders-3.csv.gz", gzip(&csv(&[(4, "d")]))),
        ("__MACOSX/._orders-1.csv", b"junk".to_vec()),
        ("read me.txt", b"hello".to_vec()),
        ("book.xlsx", book(&[("Sheet", &[(8, "Bob")])])),
    ];
    let all = [
        ("zip", zip(&files)),
        ("tar", tar(&files)),
        ("tar.gz", gzip(&tar(&files))),
        ("tar.zst", zstd(&tar(&files))),
    ];
    for (suffix, bytes) in all {
        let site = Site::of(&[("orders", &orders), ("people", &people)]).await;
        let object = site.cloud.put(&format!("in/a.{suffix}"), bytes.clone()).await;
        let loads = load(&mut site.cloud.loader(), &object).await;
        let names: Vec<&str> = loads.iter().map(|load| load.0.as_str()).collect();
        let wanted = [
            "orders-1.csv",
            "orders-2.jsonl",
            "orders-3.csv.gz",
            "deep/er/people.csv",
            "book.xlsx",
        ];
        assert_eq!(names, wanted, "{suffix}");
        assert!(loads.iter().all(|load| is(load, "loaded")), "{suffix}: {loads:?}");
        assert_eq!(
            site.rows("select id, file, source_line from star.fact_orders order by 1").await,
            "1|orders-1.csv|2\n2|orders-1.csv|3\n3|orders-2.jsonl|1\n4|orders-3.csv.gz|2",
            "{suffix}"
        );
        assert_eq!(
            site.rows("select id, file from star.fact_people order by 1").await,
            "7|deep/er/people.csv\n8|book.xlsx",
            "{suffix}"
        );
        assert_eq!(
            site.rows("select part, source_line from stardrop.rejected_row join stardrop.load using (load_id)").await,
            "orders-2.jsonl|2"
        );
        let hashed = "select count(distinct content_hash), count(*) from stardrop.load where content_hash is not null";
        assert_eq!(site.rows(hashed).await, "1|5", "{suffix}");
        // The same bytes under another key.
        let copy = site.cloud.put(&format!("in/b.{suffix}"), bytes).await;
        let loads = load(&mut site.cloud.loader(), &copy).await;
        assert!(loads.iter().all(|load| is(load, "duplicate")), "{suffix}: {loads:?}");
        assert_balanced(&site.db).await;
    }
}

#[tokio::test]
async fn a_bad_entry_fails_alone_and_a_bad_archive_as_a_whole() {
    let orders = contract("orders", "\"orders*\"", "");
    let site = Site::of(&[("orders", &orders)]).await;
    let nested = zip(&[("x.csv", csv(&[(9, "z")]))]);
    let files = [
        ("orders-1.csv", nested),
        ("orders-2.csv", csv(&[(2, "b")])),
        ("orders-3.csv", tar(&[("x.csv", csv(&[(9, "z")]))])),
        ("orders-4.doc", csv(&[(4, "d")])),
    ];
    let object = site.cloud.put("in/a.zip", zip(&files)).await;
    let loads = load(&mut site.cloud.loader(), &object).await;
    let said: Vec<String> = loads
        .iter()
        .map(|load| match &load.1 {
            Ok(outcome) => outcome.clone(),
            Err(error) => error.to_string(),
        })
        .collect();
    let is_nested = "the entry `orders-1.csv` is an archive itself";
    assert!(said[0].contains(is_nested) && said[0].contains("(orders-1.csv): "), "{said:?}");
    assert_eq!(said[1], "loaded");
    assert!(said[2].contains("the entry `orders-3.csv` is an archive itself"), "{said:?}");
    assert!(said[3].contains("no format has the suffix .doc"), "{said:?}");
    assert_eq!(site.rows("select id from star.fact_orders").await, "2");

    for (key, bytes, wanted) in [
        (
            "in/hostile.zip",
            zip(&[("orders.csv", csv(&[(5, "e")])), ("../orders.csv", vec![])]),
            "leads out of it",
        ),
        (
            "in/none.zip",
            zip(&[("other.csv", csv(&[(5, "e")]))]),
            "the archive has no entry `orders*`: its entries are `other.csv`",
        ),
        ("in/plain.csv", csv(&[(5, "e")]), "names entries of an archive"),
        ("in/empty.zip", Vec::new(), "names entries of an archive"),
        ("in/cut.tar", tar(&files)[..600].to_vec(), "truncated"),
    ] {
        let object = site.cloud.put(key, bytes).await;
        let loads = load(&mut site.cloud.loader(), &object).await;
        let (part, result) = &loads[0];
        let error = result.as_ref().unwrap_err();
        assert_eq!(
            (loads.len(), part.as_str(), error.kind),
            (1, "orders*", ErrorKind::BadFile),
            "{key}: {error}"
        );
        assert!(error.to_string().contains(wanted), "{key}: {error}");
        let again = load(&mut site.cloud.loader(), &object).await;
        assert_eq!(again[0].1.as_deref().unwrap(), "failed_before", "{key}");
    }
    assert_eq!(site.rows("select id from star.fact_orders").await, "2");
    // Without a dataset that names entries, an archive is refused as before.
    let whole = contract("orders", "\"\"", "")
        .replace("entry = \"\"", "")
        .replace("source = \"entry\"", "value = \"x\"");
    let site = Site::of(&[("orders", &whole)]).await;
    let object = site.cloud.put("in/a.csv.zip", zip(&files)).await;
    let error = site.cloud.load(&object).await.unwrap_err();
    assert!(error.to_string().contains("the zip archive holds several files"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loader_killed_within_an_entry_is_followed_by_one_that_finishes_the_archive() {
    let text = contract("orders", "\"*.csv\"", "");
    let rows = |first: i32| -> Vec<(i32, &'static str)> {
        (1..=1_000).map(|n| (first + n, "some name")).collect()
    };
    let files =
        [("a.csv", csv(&rows(0))), ("b.csv", csv(&rows(10_000))), ("c.csv", csv(&rows(20_000)))];
    for (key, bytes) in
        [("in/a.zip", zip(&files)), ("in/a.tar.gz", gzip(&tar(&files))), ("in/a.tar", tar(&files))]
    {
        let catalog = catalog_of(&[("orders", &text)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        let object = cloud.put(key, bytes).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("orders")).unwrap();
        std::fs::write(folder.path().join("orders/dataset.toml"), &text).unwrap();
        let insert = "insert into star.fact_orders (id, file, name_key, load_id, source_line)
                values (10751, '', -1, 0, 0)";
        let datasets = folder.path().display().to_string();
        let vars = [("STARDROP_DATASETS", datasets.as_str()), ("STARDROP_BATCH_ROWS", "200")];
        let address = format!("s3://{BUCKET}/{key}");
        killed_in_a_batch(&db, cloud.stardrop(&["load", &address], &vars), insert).await;
        let at = "select part, state, checkpoint_rows from stardrop.load order by load_id";
        assert_eq!(
            db.rows(at).await,
            "a.csv|loaded|1000\nb.csv|loading|600\nc.csv|loading|0",
            "{key}"
        );
        let loads = load(&mut cloud.loader_with(&[("STARDROP_BATCH_ROWS", "200")]), &object).await;
        let outcomes: Vec<&str> = loads.iter().map(|load| load.1.as_deref().unwrap()).collect();
        assert_eq!(outcomes, ["already_loaded", "loaded", "loaded"], "{key}");
        assert_eq!(
            db.rows(
                "select file, count(*), count(distinct source_line), min(id), max(source_line)
                     from star.fact_orders group by 1 order by 1"
            )
            .await,
            "a.csv|1000|1000|1|1001\nb.csv|1000|1000|10001|1001\nc.csv|1000|1000|20001|1001",
            "{key}"
        );
        assert_balanced(&db).await;
    }
}
