//! Full extracts in parts of an object: each dataset compares the versions of its own part.

use stardrop::load::Outcome;

use crate::load::parts::{book, sheet};
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{text, workbook};

fn contract(name: &str, file: &str) -> String {
    format!(
        r#"
name  = "{name}"
match = ["in/**"]
[file]
{file}
[columns]
id   = {{ type = "integer", required = true }}
name = {{ type = "text" }}
[policy]
overwrite = "replace"
[dimension.{name}]
key        = ["id"]
attributes = ["name"]
missing    = "flag"
[fact.{name}]
grain      = ["id"]
dimensions = ["{name}"]
"#
    )
}

#[tokio::test]
async fn a_newer_version_of_one_part_makes_none_of_the_other_whose_load_failed() {
    let people = contract("people", "sheet = \"People\"");
    let roles = contract("roles", "sheet = \"Roles\"");
    let site = Site::of(&[("people", &people), ("roles", &roles)]).await;
    let load = async |day: u8, file: Vec<u8>| {
        let mut object = site.cloud.put("in/a.xlsx", file).await;
        // Its day decides, not the order of the uploads.
        object.object_time = Some(format!("2026-01-{day:02}T00:00:00Z").parse().unwrap());
        object.sequencer = None;
        let loads = site.cloud.loader().load_parts(&object, None).await;
        loads.into_iter().map(|load| load.result.map(|report| report.outcome)).collect::<Vec<_>>()
    };
    let state = async || {
        let dimension = |name: &str| {
            format!("select id, is_deleted from star.dim_{name} where id > 0 order by 1")
        };
        let fact = |name: &str| format!("select id from star.fact_{name} order by 1");
        let mut out = Vec::new();
        for name in ["people", "roles"] {
            out.push(site.rows(&dimension(name)).await.replace('\n', " "));
            out.push(site.rows(&fact(name)).await.replace('\n', " "));
        }
        out
    };
    let second = workbook(&[("People", &sheet(&[(1, "a")])), ("Roles", &[vec![text("x")]])], false);
    let loads = load(2, second).await;
    assert_eq!(*loads[0].as_ref().unwrap(), Outcome::Loaded);
    assert!(loads[1].is_err(), "{loads:?}");
    // The first version comes late: of people it says who there was, of roles it is the newest.
    let first = book(&[("People", &[(1, "a"), (2, "b")]), ("Roles", &[(1, "x"), (2, "y")])]);
    for loaded in load(1, first).await {
        assert_eq!(loaded.unwrap(), Outcome::Loaded);
    }
    assert_eq!(state().await, ["1|false 2|true", "1", "1|false 2|false", "1 2"]);
    let third = book(&[("People", &[(1, "a"), (2, "b")]), ("Roles", &[(2, "y")])]);
    for loaded in load(3, third).await {
        assert_eq!(loaded.unwrap(), Outcome::Loaded);
    }
    assert_eq!(state().await, ["1|false 2|false", "1 2", "1|true 2|false", "2"]);
    assert_balanced(&site.db).await;
}
