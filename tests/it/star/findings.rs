//! Rows that are loaded although something of them is lost are counted and named; a policy rejects them.

use stardrop::dataset::Catalog;

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

fn shop(more: &str) -> Catalog {
    let contract = format!(
        r#"
name = "shop"
match = ["shop/*.csv"]
[policy]
rejects = "90%"
{more}
[columns]
id = {{ type = "integer", required = true }}
postal_code = {{ type = "text" }}
city = {{ type = "text" }}
day = {{ type = "date" }}
qty = {{ type = "integer" }}
[dimension.place]
key = ["postal_code"]
attributes = ["city"]
[fact.sale]
grain = ["id"]
dimensions = ["place", {{ date = "day" }}]
measures = ["qty"]
"#
    );
    catalog_of(&[("shop", &contract)])
}

async fn cloud_of(catalog: Catalog) -> (TestDatabase, Cloud) {
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

/// Line 3 has no place, line 4 no date, lines 2 and 5 are of one grain, and so are 6 and 7.
const FILE: &str = "id,postal_code,city,day,qty\n1,10115,Berlin,2026-01-01,5\n2,,,2026-01-01,6\n\
    3,20095,Hamburg,,7\n1,10115,Berlin Mitte,2026-01-01,9\n4,20095,Hamburg,2026-01-02,1\n\
    4,20095,Hamburg,2026-01-02,1\n";

const FINDINGS: &str = "select code, name, column_names, occurrences, first_line
    from stardrop.load_finding order by load_id, code, name";

const TEXTS: [&str; 4] = [
    "1 row refers to the unknown place: postal_code is empty (first: line 3)",
    "1 row refers to the unknown date: day is empty (first: line 4)",
    "1 member of place came with several descriptions for one postal_code, of which one was kept (first: line 2)",
    "1 row differs from another row with the same id, which fact sale has instead (first: line 2)",
];

#[tokio::test]
async fn what_is_lost_of_loaded_rows_is_said_by_load_and_status_and_counted() {
    let (db, cloud) = cloud_of(shop("")).await;
    let report = cloud.put_and_load("shop/a.csv", FILE).await;
    assert_eq!((report.rows_rejected, report.findings.len()), (0, 4));
    assert_eq!(
        db.rows(FINDINGS).await,
        "repeated_grain|sale|id|1|2\nseveral_descriptions|place|postal_code|1|2\n\
         unknown_member|date|day|1|4\nunknown_member|place|postal_code|1|3"
    );
    let texts: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(texts, TEXTS);
    let owner = [("DATABASE_URL", db.url.as_str())];
    let (_, status, _) = run(cloud.stardrop(&["status", "1"], &owner)).await;
    for text in TEXTS {
        assert!(status.contains(text), "{status}");
    }
    let (_, json, _) = run(cloud.stardrop(&["status", "1", "--json"], &owner)).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["load_finding"].as_array().unwrap().len(), 4, "{json}");

    // A file without such rows has none, and an undone load starts again without any.
    cloud.put_and_load("shop/b.csv", "id,postal_code,city,day,qty\n9,1,A,2026-01-01,1\n").await;
    assert_eq!(db.text("select count(*) from stardrop.load_finding where load_id = 2").await, "0");
    db.run("select stardrop.undo(1); select stardrop.reopen(1)").await;
    assert_eq!(db.rows(FINDINGS).await, "");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn policies_reject_unknown_members_and_repeated_grains_in_batches_of_any_size() {
    for batch_rows in ["1", "2", "500000"] {
        let policy = "unknown_member = \"reject\"\nrepeated_grain = \"reject\"";
        let (db, cloud) = cloud_of(shop(policy)).await;
        let object = cloud.put("shop/a.csv", FILE).await;
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", batch_rows)]);
        let report = loader.load(&object, None).await.unwrap();
        assert_eq!(report.rows_rejected, 3);
        assert_eq!(
            db.rows("select source_line, column_name, code from stardrop.rejected_row order by 1")
                .await,
            "3|postal_code|unknown_member\n4|day|unknown_member\n5|null|repeated_grain"
        );
        let reason =
            db.text("select reason from stardrop.rejected_row where source_line = 5").await;
        assert_eq!(
            reason,
            "the grain (id) is that of an earlier row of the file, and the rows differ (policy repeated_grain)"
        );
        assert_eq!(db.rows("select id, qty from star.fact_sale order by 1").await, "1|5\n4|1");
        assert_eq!(db.rows(FINDINGS).await, "");
        assert_balanced(&db).await;
    }
}

#[tokio::test]
async fn versions_of_a_row_and_rows_that_delete_are_no_losses() {
    let contract = r#"
name = "shop"
match = ["shop/*.csv"]
[columns]
id = { type = "integer", required = true }
ver = { type = "integer" }
kind = { type = "text" }
buyer = { type = "text" }
qty = { type = "integer" }
[policy]
repeated_grain = "POLICY"
rejects = "90%"
[dimension.buyer]
key = ["buyer"]
[fact.sale]
grain = ["id"]
dimensions = ["buyer"]
measures = ["qty"]
version = "ver"
delete_when = "kind = 'gone'"
"#;
    let file = "id,ver,kind,buyer,qty\n1,1,,a,1\n1,2,,a,2\n1,2,,a,3\n2,1,,b,1\n2,2,gone,,\n3,1,gone,,\n3,1,,c,1\n";
    for (policy, findings, facts) in
        [("load", "repeated_grain|sale|id|1|3", "1|3\n3|1"), ("reject", "", "1|2\n3|1")]
    {
        let (db, cloud) =
            cloud_of(catalog_of(&[("shop", &contract.replace("POLICY", policy))])).await;
        cloud.put_and_load("shop/a.csv", file).await;
        assert_eq!(db.rows(FINDINGS).await, findings);
        assert_eq!(db.rows("select id, qty from star.fact_sale order by 1").await, facts);
        assert_balanced(&db).await;
    }
}

#[tokio::test]
async fn a_member_with_two_looks_at_one_time_is_named_also_with_versions() {
    let contract = r#"
name = "people"
match = ["people/*.csv"]
[columns]
id = { type = "integer", required = true }
since = { type = "date" }
city = { type = "text" }
name = { type = "text" }
[dimension.person]
key = ["id"]
attributes = ["city", "name"]
history = { city = "versions", name = "overwrite" }
valid_from = "since"
"#;
    let (db, cloud) = cloud_of(catalog_of(&[("people", contract)])).await;
    let file = "id,since,city,name\n1,2026-01-01,Berlin,Ann\n1,2026-02-01,Bonn,Ann\n\
        2,2026-01-01,Ulm,Bo\n2,2026-01-01,Hof,Bo\n3,2026-01-01,Jena,Cy\n3,2026-02-01,Jena,Cyd\n";
    cloud.put_and_load("people/a.csv", file).await;
    assert_eq!(db.rows(FINDINGS).await, "several_descriptions|person|id|2|4");
    assert_balanced(&db).await;
}
