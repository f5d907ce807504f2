//! Parts of an object that comes again: in another version, under another key, with another contract or after an undo.

use serde_json::Value;
use stardrop::load::Outcome;
use stardrop::object::ObjectRef;

use super::parts::{
    GRAIN, LOADS, book, contract, loader_with_contracts, outcomes, same, sheet, stardrop,
};
use crate::support::cloud::Cloud;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{text, workbook};
use crate::support::{TestDatabase, catalog_of};

/// Facts without a grain: each row is one.
const NO_GRAIN: &str = "measures = [\"id\"]";

#[tokio::test]
async fn a_new_version_replaces_its_own_parts_and_those_that_it_no_longer_has() {
    let months = contract("months", "\"m*\"", "overwrite = \"replace\"\nrejects = 0", NO_GRAIN);
    let site = Site::of(&[("months", &months)]).await;
    let facts = "select part, string_agg(id::text, ',' order by id) as ids from star.fact_months group by 1 order by 1";
    let v1 = book(&[("m1", &[(1, "a")]), ("m2", &[(2, "b")]), ("m3", &[(3, "c")])]);
    let first = site.cloud.put("in/a.xlsx", v1).await;
    outcomes(&mut site.cloud.loader(), &first).await;
    assert_eq!(site.rows(facts).await, "m1|1\nm2|2\nm3|3");

    // m1 is bad, m2 is new, m3 is gone, m4 came.
    let one = sheet(&[(21, "b")]);
    let four = sheet(&[(4, "d")]);
    let v2 = workbook(&[("m1", &[vec![text("x")]]), ("m2", &one), ("m4", &four)], false);
    let second = site.cloud.put("in/a.xlsx", v2).await;
    let loads = outcomes(&mut site.cloud.loader(), &second).await;
    assert_eq!(same(&loads)[1..], [("m2", "loaded"), ("m4", "loaded")]);
    assert_eq!(site.rows(facts).await, "m1|1\nm2|21\nm4|4", "what is bad keeps its old rows");

    // The first version's event again, and late ones of parts that the newer version has not.
    assert!(
        outcomes(&mut site.cloud.loader(), &first)
            .await
            .iter()
            .all(|load| load.1 == "already_loaded")
    );
    assert_eq!(site.rows(facts).await, "m1|1\nm2|21\nm4|4");
    let old = ObjectRef {
        object_time: Some("2020-01-01T00:00:00Z".parse().unwrap()),
        sequencer: Some("00".to_owned()),
        ..site.cloud.put("in/b.xlsx", book(&[("m1", &[(5, "a")]), ("m9", &[(9, "z")])])).await
    };
    let new = site.cloud.put("in/b.xlsx", book(&[("m1", &[(6, "a")])])).await;
    outcomes(&mut site.cloud.loader(), &new).await;
    let late = outcomes(&mut site.cloud.loader(), &old).await;
    // The object was overwritten, so that its bytes cannot be read any more, whichever its parts are.
    assert_eq!(same(&late), [("m*", "superseded")]);
    assert_eq!(site.rows("select id from star.fact_months where id in (5, 6, 9)").await, "6");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn an_older_version_that_comes_late_brings_no_part() {
    let months = contract("months", "\"m*\"", "overwrite = \"replace\"", NO_GRAIN);
    let (db, _) = TestDatabase::of(&catalog_of(&[("months", &months)])).await;
    let cloud = Cloud::with_versions(&db, catalog_of(&[("months", &months)])).await;
    let site = Site { db, cloud };
    let old = site.cloud.put("in/a.xlsx", book(&[("m1", &[(1, "a")]), ("m9", &[(9, "z")])])).await;
    let new = site.cloud.put("in/a.xlsx", book(&[("m1", &[(2, "a")])])).await;
    outcomes(&mut site.cloud.loader(), &new).await;
    let late = outcomes(&mut site.cloud.loader(), &old).await;
    assert_eq!(same(&late), [("m1", "superseded"), ("m9", "superseded")]);
    assert_eq!(site.rows("select id, part from star.fact_months").await, "2|m1");
}

#[tokio::test]
async fn the_same_workbook_under_another_key_is_skipped_part_by_part() {
    let months = contract("months", "\"m*\"", "", GRAIN);
    let site = Site::of(&[("months", &months)]).await;
    let bytes = book(&[("m1", &[(1, "a")]), ("m2", &[(1, "b")]), ("m3", &[(3, "c")])]);
    for key in ["in/a.xlsx", "in/b.xlsx", "in/a.xlsx"] {
        let object = site.cloud.put(key, bytes.clone()).await;
        outcomes(&mut site.cloud.loader(), &object).await;
    }
    assert_eq!(
        site.rows("select key, part, state, duplicate_of from stardrop.load order by load_id")
            .await,
        "in/a.xlsx|m1|loaded|null\nin/a.xlsx|m2|loaded|null\nin/a.xlsx|m3|loaded|null\n\
         in/b.xlsx|m1|duplicate|1\nin/b.xlsx|m2|duplicate|2\nin/b.xlsx|m3|duplicate|3"
    );
    // Of two parts with one grain the later one wins, whichever is loaded last.
    assert_eq!(site.rows("select id, part from star.fact_months order by 1").await, "1|m2\n3|m3");
    let (code, out, err) = stardrop(&site, &[("months", &months)], &["replay", "1"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(site.rows("select id, part from star.fact_months order by 1").await, "1|m2\n3|m3");
}

#[tokio::test]
async fn one_part_is_undone_replayed_and_its_rejected_rows_are_shown_with_its_header() {
    let people = contract("people", "\"People\"", "rejects = 5", GRAIN);
    let roles = contract("roles", "\"Roles\"", "rejects = 5", GRAIN);
    let site = Site::of(&[("people", &people), ("roles", &roles)]).await;
    let one = vec![vec![text("name"), text("id")], vec![text("Ann"), text("no number")]];
    let other = sheet(&[(1, "admin"), (2, "owner")]);
    let bytes = workbook(&[("People", &one), ("Roles", &other)], false);
    let object = site.cloud.put("in/a.xlsx", bytes).await;
    outcomes(&mut site.cloud.loader(), &object).await;
    let contracts = [("people", people.as_str()), ("roles", roles.as_str())];
    let (_, out, err) = stardrop(&site, &contracts, &["rejects", "1", "--csv"]).await;
    assert!(out.contains("name,id,"), "the header of its own sheet: {out}{err}");
    let (code, out, err) = stardrop(&site, &contracts, &["undo", "2"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(site.rows("select count(*) from star.fact_roles").await, "0");
    let states = "select part, state from stardrop.load order by load_id";
    assert_eq!(site.rows(states).await, "People|loaded\nRoles|undone");
    let (code, out, err) = stardrop(&site, &contracts, &["replay", "2", "--json"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    let replayed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&replayed[0]["part"], &replayed[0]["rows_read"]), (&"Roles".into(), &2.into()));
    assert_eq!(site.rows("select count(*) from star.fact_roles").await, "2");
    let (code, out, _) = stardrop(&site, &contracts, &["replay", "--rejects", "1"]).await;
    assert_eq!(code, Some(0));
    assert!(out.contains("in/a.xlsx (People): 0 rejected rows loaded, 1 still rejected"), "{out}");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_file_that_was_loaded_as_a_whole_or_matched_nothing_before_is_not_loaded_twice() {
    let whole = contract("months", "\"m1\"", "", NO_GRAIN).replace("sheet = \"m1\"", "");
    let parts = contract("months", "[\"m*\"]", "", NO_GRAIN);
    let site = Site::of(&[("months", &whole)]).await;
    let object =
        site.cloud.put("in/a.xlsx", book(&[("m1", &[(1, "a")]), ("m2", &[(2, "b")])])).await;
    site.cloud.load(&object).await.unwrap();
    let other =
        site.cloud.put("else/a.xlsx", book(&[("m1", &[(3, "c")]), ("m2", &[(4, "d")])])).await;
    assert_eq!(site.cloud.load(&other).await.unwrap().outcome, Outcome::Unmatched);

    let parts = parts.replace("[\"in/**\"]", "[\"in/**\", \"else/**\"]");
    let catalog = catalog_of(&[("months", &parts)]);
    let mut loader = loader_with_contracts(&site.cloud, catalog);
    let loads = outcomes(&mut loader, &object).await;
    assert_eq!(same(&loads), [("", "already_loaded")]);
    let loads = outcomes(&mut loader, &other).await;
    assert_eq!(same(&loads), [("m1", "loaded"), ("m2", "loaded")]);
    assert_eq!(
        site.rows(LOADS).await,
        "1|months||loaded|1\n2|months|m1|loaded|1\n3|months|m2|loaded|1",
        "no unmatched load is left"
    );
    assert_eq!(site.rows("select id from star.fact_months order by 1").await, "1\n3\n4");
    // A new version of the whole file replaces it as parts.
    let new = site.cloud.put("in/a.xlsx", book(&[("m1", &[(5, "a")])])).await;
    outcomes(&mut loader, &new).await;
    assert_eq!(site.rows("select id from star.fact_months order by 1").await, "3\n4\n5");
}

#[tokio::test]
async fn a_part_that_is_taken_later_makes_no_newer_version_of_the_others() {
    let one = contract("months", "\"m1\"", "", NO_GRAIN);
    let all = contract("months", "\"m*\"", "", NO_GRAIN);
    let site = Site::of(&[("months", &one)]).await;
    let first =
        site.cloud.put("in/a.xlsx", book(&[("m1", &[(1, "a")]), ("m2", &[(2, "b")])])).await;
    outcomes(&mut site.cloud.loader(), &first).await;
    // Listings and later events of the same version say other times.
    let at = |hours: i64| ObjectRef {
        object_time: Some(first.object_time.unwrap() + jiff::SignedDuration::from_hours(hours)),
        ..first.clone()
    };
    let mut loader = loader_with_contracts(&site.cloud, catalog_of(&[("months", &all)]));
    let second = ObjectRef { sequencer: None, ..at(1) };
    let loads = outcomes(&mut loader, &second).await;
    assert_eq!(same(&loads), [("m1", "already_loaded"), ("m2", "loaded")]);
    let third = ObjectRef { sequencer: None, ..at(2) };
    let loads = outcomes(&mut loader, &third).await;
    assert_eq!(same(&loads), [("m1", "already_loaded"), ("m2", "already_loaded")]);
    assert_eq!(site.rows("select id from star.fact_months order by 1").await, "1\n2");
}
