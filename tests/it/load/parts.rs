//! Parts of an object: sheets of a workbook, each a load of its own in one dataset or in several.

use serde_json::json;
use stardrop::dataset::Catalog;
use stardrop::error::ErrorKind;
use stardrop::load::Loader;
use stardrop::object::{ObjectRef, Source};

use crate::support::catalog_of;
use crate::support::cloud::{BUCKET, Cloud, run};
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, text, workbook};

/// A dataset of the given name that takes `sheet` of each workbook: a TOML value.
pub fn contract(name: &str, sheet: &str, policy: &str, grain: &str) -> String {
    format!(
        r#"
name  = "{name}"
match = ["in/**"]
[file]
sheet = {sheet}
[columns]
id   = {{ type = "integer", required = true }}
name = {{ type = "text" }}
part = {{ type = "text", source = "sheet" }}
[policy]
{policy}
[dimension.name]
key = ["name"]
[fact.{name}]
{grain}
dimensions = ["name"]
degenerate = ["part"]
"#
    )
}

/// Facts of which there is one for each id.
pub const GRAIN: &str = "grain = [\"id\"]\nmeasures = []";

/// A sheet with the header `id, name` and these rows.
pub fn sheet(rows: &[(i32, &str)]) -> Vec<Vec<Cell>> {
    let head = vec![text("id"), text("name")];
    let rows = rows.iter().map(|(id, name)| vec![Cell::Number(id.to_string()), text(name)]);
    std::iter::once(head).chain(rows).collect()
}

/// A workbook with these sheets.
pub fn book(sheets: &[(&str, &[(i32, &str)])]) -> Vec<u8> {
    let sheets: Vec<(&str, Vec<Vec<Cell>>)> =
        sheets.iter().map(|(name, rows)| (*name, sheet(rows))).collect();
    let sheets: Vec<(&str, &[Vec<Cell>])> =
        sheets.iter().map(|(name, rows)| (*name, rows.as_slice())).collect();
    workbook(&sheets, false)
}

/// Loads the parts of an object: each part, and its outcome or error.
pub async fn outcomes(loader: &mut Loader, object: &ObjectRef) -> Vec<(String, String)> {
    let loads = loader.load_parts(object, None).await;
    let said = |load: stardrop::load::PartLoad| {
        let said = match load.result {
            Ok(report) => report.outcome.as_str().to_owned(),
            Err(error) => error.to_string(),
        };
        (load.part, said)
    };
    loads.into_iter().map(said).collect()
}

/// What [`outcomes`] returns, in a form that is easy to compare.
pub fn same(loads: &[(String, String)]) -> Vec<(&str, &str)> {
    loads.iter().map(|(part, said)| (part.as_str(), said.as_str())).collect()
}

/// A loader with other contracts of the same tables.
pub fn loader_with_contracts(cloud: &Cloud, catalog: Catalog) -> Loader {
    let source = Source::with_client(cloud.s3.client(), Some(cloud.s3.endpoint_url()));
    Loader::new(cloud.settings(&[]).into(), catalog.into(), source.into())
}

/// Runs a command with these contracts, as the owner.
pub async fn stardrop(
    site: &Site,
    contracts: &[(&str, &str)],
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, contract) in contracts {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("dataset.toml"), contract).unwrap();
    }
    let datasets = folder.path().display().to_string();
    let owner = [("DATABASE_URL", site.db.url.as_str()), ("STARDROP_DATASETS", &datasets)];
    run(site.cloud.stardrop(arguments, &owner)).await
}

/// The loads of the ledger.
pub const LOADS: &str =
    "select load_id, dataset, part, state, rows_read from stardrop.load order by load_id";

#[tokio::test]
async fn two_datasets_take_one_sheet_each_and_a_bad_one_does_not_hold_back_the_other() {
    let people = contract("people", "\"People\"", "", GRAIN);
    let roles = contract("roles", "\"Roles\"", "", GRAIN);
    let site = Site::of(&[("people", &people), ("roles", &roles)]).await;
    // The first dataset's sheet is bad.
    let bad =
        workbook(&[("Roles", &sheet(&[(1, "admin")])), ("People", &[vec![text("x")]])], false);
    let event = site.cloud.put_event("in/a.xlsx", bad).await;
    let answer = site.cloud.handler().handle(&event, None).await.unwrap();
    let loads = answer["loads"].as_array().unwrap();
    assert_eq!(loads.len(), 2, "{answer}");
    assert_eq!((&loads[0]["part"], &loads[0]["outcome"]), (&"People".into(), &"failed".into()));
    let failure = loads[0]["failure"].as_str().unwrap();
    assert!(failure.contains("s3://inbox/in/a.xlsx (People): "), "{failure}");
    assert_eq!((&loads[1]["part"], &loads[1]["outcome"]), (&"Roles".into(), &"loaded".into()));
    // A retry loads nothing again.
    let again = site.cloud.handler().handle(&event, None).await.unwrap();
    let of = |at: usize| again["loads"][at]["outcome"].as_str().unwrap().to_owned();
    assert_eq!((of(0).as_str(), of(1).as_str()), ("failed_before", "already_loaded"));
    assert_eq!(site.rows(LOADS).await, "1|people|People|failed|0\n2|roles|Roles|loaded|1");
    let lineage = "select key, part, source_line from stardrop.lineage";
    assert_eq!(site.rows(lineage).await, "in/a.xlsx|Roles|2");

    // The corrected file replaces both, each row once.
    let good = book(&[("People", &[(7, "Ann"), (8, "Bob")]), ("Roles", &[(1, "owner")])]);
    let object = site.cloud.put("in/a.xlsx", good).await;
    let loads = outcomes(&mut site.cloud.loader(), &object).await;
    assert_eq!(same(&loads), [("People", "loaded"), ("Roles", "loaded")]);
    let (code, out, _) = stardrop(&site, &[], &["status"]).await;
    assert_eq!(code, Some(0));
    assert!(out.contains("s3://inbox/in/a.xlsx (Roles)"), "{out}");
    assert_eq!(
        site.rows("select id, part from star.fact_people order by 1").await,
        "7|People\n8|People"
    );
    assert_eq!(
        site.rows("select id, name from star.fact_roles join star.dim_name using (name_key)").await,
        "1|owner"
    );
    // As a task of S3 Batch Operations the object has failed, whichever of its parts did.
    let half = workbook(&[("People", &sheet(&[(9, "Cy")])), ("Roles", &[vec![text("x")]])], false);
    site.cloud.put("in/half.xlsx", half).await;
    let task = json!({ "taskId": "1", "s3Key": "in/half.xlsx", "s3BucketArn": format!("arn:aws:s3:::{BUCKET}") });
    let event = json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": { "id": "j" }, "tasks": [task],
    });
    let answer = site.cloud.handler().handle(&event, None).await.unwrap();
    assert_eq!(answer["results"][0]["resultCode"], "PermanentFailure", "{answer}");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn all_sheets_that_fit_are_loaded_and_without_any_the_load_says_which_there_are() {
    let months = contract("months", "[\"*2025-*\", \"hidden rest\"]", "", GRAIN);
    let site = Site::of(&[("months", &months)]).await;
    // The hidden sheet fits, and is not named.
    let none = book(&[("2024-12", &[(1, "a")]), ("hidden 2025-1", &[(2, "b")])]);
    let object = site.cloud.put("in/none.xlsx", none).await;
    let loads = outcomes(&mut site.cloud.loader(), &object).await;
    let sentence = "records: s3://inbox/in/none.xlsx (*2025-*, hidden rest): line 1: the workbook has no sheet \
                    `*2025-*, hidden rest`: its sheets are `2024-12`, `hidden 2025-1`";
    assert_eq!(same(&loads), [("*2025-*, hidden rest", sentence)]);
    let again = outcomes(&mut site.cloud.loader(), &object).await;
    assert_eq!(same(&again), [("*2025-*, hidden rest", "failed_before")]);

    let some = book(&[
        ("2024-12", &[(1, "a")]),
        ("2025-02", &[(3, "c"), (4, "d")]),
        ("hidden rest", &[(5, "e")]),
        ("2025-01", &[(2, "b")]),
    ]);
    let object = site.cloud.put("in/some.xlsx", some).await;
    let loads = outcomes(&mut site.cloud.loader(), &object).await;
    let all = [("2025-02", "loaded"), ("hidden rest", "loaded"), ("2025-01", "loaded")];
    assert_eq!(same(&loads), all, "in the order of the file");
    assert_eq!(
        site.rows("select id, part, source_line from star.fact_months order by 1").await,
        "2|2025-01|2\n3|2025-02|2\n4|2025-02|3\n5|hidden rest|2"
    );
    // With another contract the failed load becomes that of the first part, and no failure is left.
    let other = contract("months", "\"20*\"", "", GRAIN);
    let mut loader = loader_with_contracts(&site.cloud, catalog_of(&[("months", &other)]));
    let object = site.cloud.put("in/none.xlsx", book(&[("x", &[(1, "a")])])).await;
    outcomes(&mut loader, &object).await;
    assert_eq!(site.rows("select part from stardrop.load where load_id = 5").await, "20*");
    let fixed = contract("months", "\"x\"", "", GRAIN);
    let mut loader = loader_with_contracts(&site.cloud, catalog_of(&[("months", &fixed)]));
    let loads = outcomes(&mut loader, &object).await;
    assert_eq!(same(&loads), [("x", "loaded")], "a pattern that other contract had is left failed");
    let (code, out, err) = stardrop(&site, &[("months", &fixed)], &["replay", "5"]).await;
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(
        err.contains("the load is of the part `20*`, which dataset `months` does not take"),
        "{err}"
    );
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_damaged_workbook_fails_once_for_each_dataset_and_is_replayed_as_all_its_parts() {
    let months = contract("months", "\"2025-*\"", "", GRAIN);
    let rest = contract("rest", "\"Rest\"", "", GRAIN);
    let site = Site::of(&[("months", &months), ("rest", &rest)]).await;
    let object = site.cloud.put("in/a.xlsx", "PK\u{3}\u{4} no workbook").await;
    let loads = outcomes(&mut site.cloud.loader(), &object).await;
    assert_eq!(loads.iter().map(|load| load.0.as_str()).collect::<Vec<_>>(), ["2025-*", "Rest"]);
    assert!(loads.iter().all(|load| load.1.contains("the workbook cannot be read")), "{loads:?}");
    assert_eq!(site.rows(LOADS).await, "1|months|2025-*|failed|0\n2|rest|Rest|failed|0");
    // A limit that was too low is raised.
    let good = book(&[("2025-1", &[(1, "a")]), ("2025-2", &[(2, "b")]), ("Rest", &[(3, "c")])]);
    let object = site.cloud.put("in/b.xlsx", good).await;
    let mut small = site.cloud.loader_with(&[("STARDROP_MAX_DECOMPRESSED_BYTES", "100")]);
    let loads = outcomes(&mut small, &object).await;
    assert!(loads.iter().all(|load| load.1.contains("more than 100 bytes")), "{loads:?}");
    let (code, out, err) =
        stardrop(&site, &[("months", &months), ("rest", &rest)], &["replay", "3", "4"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(
        site.rows(
            "select load_id, part, state from stardrop.load where key = 'in/b.xlsx' order by 1"
        )
        .await,
        "3|2025-1|loaded\n4|Rest|loaded\n5|2025-2|loaded"
    );
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn files_without_sheets_are_whole_and_no_two_datasets_can_share_them() {
    let people =
        contract("people", "\"People\"", "", GRAIN).replace("source = \"sheet\"", "value = \"x\"");
    let roles = contract("roles", "\"Roles\"", "", GRAIN);
    let site = Site::of(&[("people", &people)]).await;
    let object = site.cloud.put("in/a.csv", "id,name\n1,a\n").await;
    assert_eq!(same(&outcomes(&mut site.cloud.loader(), &object).await), [("", "loaded")]);
    let both = Site::of(&[("people", &people), ("roles", &roles)]).await;
    let object = both.cloud.put("in/a.csv", "id,name\n1,a\n").await;
    let error = both.cloud.load(&object).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoDataset);
    assert!(error.message.contains("has no parts that tell them apart: people, roles"), "{error}");
}

#[tokio::test]
async fn an_object_that_is_gone_is_missing_for_each_dataset() {
    let people = contract("people", "\"People\"", "", GRAIN);
    let roles = contract("roles", "\"R*\"", "", GRAIN);
    let site = Site::of(&[("people", &people), ("roles", &roles)]).await;
    let object = site.cloud.put("in/a.xlsx", book(&[("People", &[(1, "a")])])).await;
    site.cloud.s3.client().delete_object().bucket(BUCKET).key("in/a.xlsx").send().await.unwrap();
    let gone = ObjectRef { size_bytes: None, ..object };
    let loads = outcomes(&mut site.cloud.loader(), &gone).await;
    assert_eq!(same(&loads), [("People", "missing"), ("R*", "missing")]);
}

#[tokio::test]
async fn a_workbook_with_two_sheets_of_one_name_is_refused() {
    for taken in ["\"m1\"", "[\"m*\"]"] {
        let site = Site::of(&[("months", &contract("months", taken, "", GRAIN))]).await;
        let twice = book(&[("m1", &[(1, "a")]), ("m2", &[(2, "b")]), ("m1", &[(3, "c")])]);
        let object = site.cloud.put("in/a.xlsx", twice).await;
        let loads = outcomes(&mut site.cloud.loader(), &object).await;
        assert!(loads.len() == 1 && loads[0].1.contains("it has two sheets `m1`"), "{loads:?}");
        assert_eq!(site.rows("select count(*) from star.fact_months").await, "0");
    }
}
