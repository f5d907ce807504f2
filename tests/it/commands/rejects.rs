//! Tests `stardrop rejects`: rejected rows are exported as a file that loads once it is fixed.

use crate::support::cloud::{BUCKET, Cloud, run};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

#[tokio::test]
async fn the_command_line_reports_a_file_over_its_budget_as_bad_data() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let head = crate::load::exactly_once::sales(0);
    cloud.put("sales/bad.csv", format!("{head}x,1,,1,,,p,,,,\n")).await;
    let address = format!("s3://{BUCKET}/sales/bad.csv");
    for words in [
        &[
            "stardrop: load 1: ",
            "1 of 1 rows were rejected",
            "run: stardrop rejects 1; ",
            "replay 1",
        ] as &[&str],
        &["failed before"],
    ] {
        let (code, out, err) = run(cloud.stardrop(&["load", &address], &[])).await;
        assert_eq!(code, Some(1), "{out}{err}");
        for words in words {
            assert!(out.contains(words) || err.contains(words), "{words}: {out}{err}");
        }
    }
}

#[tokio::test]
async fn an_error_of_a_command_has_a_hint_for_that_command() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    let path = file.path().to_str().unwrap();
    for (words, message, hint) in [
        (&["load", path] as &[&str], "fits the path", "stardrop load --dataset NAME FILE"),
        (
            &["load", path, "--dataset", "nope"],
            "the datasets are: mock_retail, online_retail, sales",
            "name one of these",
        ),
        (
            &["generate", "nope"],
            "the datasets are: mock_retail, online_retail, sales",
            "name one of these",
        ),
        (&["status", "--state", "nope"], "possible values: loading, loaded", "--help"),
    ] {
        let (code, _, err) = run(cloud.stardrop(words, &[])).await;
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(message) && err.contains(hint), "{words:?}: {err}");
    }
}

#[tokio::test]
async fn rejected_rows_are_exported_as_a_file_that_loads_once_it_is_fixed() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let file = "order_id;line_no;Order Date;customer_id;customer_name;country;product_id;product_name;\
                quantity;unit_price;updated_at\n\
                1;1;2026-01-05 10:00;7;Zo\u{eb};DE;p1;\"Tea; green\";2;3.50;2026-01-05 10:00Z\n\
                2;1;2026-01-05 10:00;7;Zo\u{eb};DE;p1;\"Tea; green\";two;3.50;2026-01-05 10:00Z\n\
                3;1;2026-01-05 10:00;7;Zo\u{eb};DE\n";
    let many: String = (10..400)
        .map(|id| {
            format!("{id};1;2026-01-05 10:00;7;Zo\u{eb};DE;p1;Tea;2;3.50;2026-01-05 10:00Z\n")
        })
        .collect();
    let report = cloud.put_and_load("sales/a.csv", format!("{file}{many}")).await;
    assert_eq!((report.rows_read, report.rows_rejected), (393, 2));
    let owner = [("DATABASE_URL", db.url.as_str())];
    let load = report.load_id.unwrap().to_string();
    let (code, out, err) = run(cloud.stardrop(&["rejects", &load, "--csv"], &owner)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(out.trim_start_matches('\u{feff}'), @r#"
    order_id;line_no;Order Date;customer_id;customer_name;country;product_id;product_name;quantity;unit_price;updated_at;"rejected_column";"rejected_reason"
    2;1;2026-01-05 10:00;7;Zoë;DE;p1;"Tea; green";two;3.50;2026-01-05 10:00Z;"quantity";"expected a whole number"
    3;1;2026-01-05 10:00;7;Zoë;DE;"";"expected 11 fields, found 6 (setting: ragged)"
    "#);
    // Mended, and dropped with the two columns still there.
    let fixed =
        out.replace(";two;", ";2;").replace(";DE;\"", ";DE;p1;Tea;1;1.00;2026-01-05 10:00Z;\"");
    let again = cloud.put_and_load("sales/b.csv", fixed).await;
    assert_eq!((again.rows_read, again.rows_rejected), (2, 0));
    let star =
        "select order_id, quantity, line_no from star.fact_sales where order_id < 10 order by 1";
    assert_eq!(db.rows(star).await, "1|2|1\n2|2|1\n3|1|1");
    assert_eq!(db.text("select count(extra) from star.fact_sales").await, "0");
    let notes = "select coalesce(max(notes), 'none') from stardrop.load where load_id = 2";
    assert!(!db.text(notes).await.contains("rejected_"));
    assert_balanced(&db).await;
}

/// The rejected rows of the newest load, as the command line gives them back.
async fn given_back(db: &TestDatabase, cloud: &Cloud, contract: &str) -> (String, String) {
    let load = db.text("select max(load_id) from stardrop.load").await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/dataset.toml"), contract).unwrap();
    let datasets = folder.path().display().to_string();
    let vars = [("DATABASE_URL", db.url.as_str()), ("STARDROP_DATASETS", &datasets)];
    let (code, out, err) = run(cloud.stardrop(&["rejects", &load, "--csv"], &vars)).await;
    assert_eq!(code, Some(0), "{err}");
    (out, err)
}

#[tokio::test]
async fn rejected_rows_that_nobody_fixed_are_rejected_again() {
    let short = "id,v,w,x\n1,a,b,c\n2,b\n3\n4,b,c\n5,a,b,c,d\n6,a,b,c,d,e\n7,,,\nx,a,b,c\n";
    let blank = "id,v,w,x,,\n1,a,b,c,,\n2,b\nx,a,b,c\ny,a,b,c,,\n4,b,c\n5,a,b,c,d,\n";
    let lines = "id,v,w,x;;\n1,b;;\nx,a,b,c\nd;;\n";
    for (file, header, protect, text, kept, fixed) in [
        ("delimiter = \",\"\nrecord_end = \";;\\n\"", true, "", lines, "1", "x,a,b,c\nd,\"id\""),
        ("", true, "", short, "5", "x,a,b,c,\"id\""),
        ("", true, "", blank, "2", "x,a,b,c,,,\"id\""),
        ("ragged = \"pad\"", true, "", short, "2", "x,a,b,c,\"id\""),
        ("header = false", false, "", &short[9..], "5", "x,a,b,c\n"),
        ("", true, ", protect = \"drop\"", short, "0", "x,,b,c,\"id\""),
        ("ragged = \"pad\"", true, ", protect = \"drop\"", short, "0", "x,,b,c,\"id\""),
    ] {
        let contract = format!(
            r#"
name  = "shop"
match = ["shop/**"]
[file]
{file}
[columns]
id = {{ type = "text", required = true }}
v  = {{ type = "text"{protect} }}
w  = {{ type = "text" }}
x  = {{ type = "text" }}
[policy]
rejects = "100%"
[fact.receipt]
grain      = ["id"]
degenerate = ["v", "w", "x"]
"#
        );
        // A first contract rejects one row more, for what is in it.
        let contract = contract.replacen("\"text\"", "\"integer\"", 1);
        let catalog = catalog_of(&[("shop", &contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        cloud.put_and_load("shop/a.csv", text).await;
        let (out, err) = given_back(&db, &cloud, &contract).await;
        assert!(out.contains(fixed), "{file} {protect}: {out}");
        assert_eq!(out.contains("rejected_column"), header, "{out}");
        assert_eq!(err.contains("are not shown"), !protect.is_empty(), "{err}");
        assert!(!out.contains("are not shown"), "{out}");
        let again = cloud.put_and_load("shop/b.csv", out.clone()).await;
        assert_eq!(again.rows_read, again.rows_rejected, "{file} {protect}: {out}");
        let counted = "select count(*) from stardrop.rejected_row
            where load_id = 1 and code = 'field_count'";
        let rejected = db.text(counted).await;
        assert!(kept == "0" || rejected == kept, "{rejected} {out}");
        // Mended, with the two columns still there.
        let whole = out.replace("\nx,", "\n9,").replace("\u{feff}x,", "\u{feff}9,");
        let loaded = cloud.put_and_load("shop/c.csv", whole).await;
        assert_eq!(loaded.rows_read, loaded.rows_rejected + 1, "{file} {protect}: {out}");
        assert_balanced(&db).await;
    }
}
