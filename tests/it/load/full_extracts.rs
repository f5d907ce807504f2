//! Full extracts: members that a file no longer has are closed or flagged, in any order of arrival.

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

/// A list of people with versions, and visits to which they are referred.
const PEOPLE: &str = r#"
name  = "people"
match = ["people/*"]
[columns]
id   = { type = "integer", required = true }
name = { type = "text" }
[policy]
overwrite = "replace"
rejects   = "60%"
[dimension.person]
key        = ["id"]
attributes = ["name"]
history    = "versions"
missing    = "close"
"#;

const VISITS: &str = r#"
name  = "visits"
match = ["visits/*"]
[columns]
visit = { type = "integer", required = true }
id    = { type = "integer" }
day   = { type = "date" }
[fact.visit]
grain      = ["visit"]
dimensions = ["person", { date = "day" }]
"#;

const VERSIONS: &str =
    "select id, name, valid_from::date as f, valid_to::date as t, is_current as c
    from star.dim_person where id is not null order by id, valid_from";

pub struct Registry {
    pub db: TestDatabase,
    pub cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Registry {
    pub async fn of(people: &str) -> Registry {
        let catalog = catalog_of(&[("people", people), ("visits", VISITS)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::with_versions(&db, catalog).await;
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("people", people), ("visits", VISITS)] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("dataset.toml"), text).unwrap();
        }
        Registry { db, cloud, folder }
    }

    pub async fn stardrop(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let datasets = self.folder.path().to_str().unwrap();
        let owner = [("DATABASE_URL", self.db.url.as_str()), ("STARDROP_DATASETS", datasets)];
        run(self.cloud.stardrop(arguments, &owner)).await
    }

    /// Uploads versions of a key, each written on a day of January, and loads them in the given order.
    pub async fn load(&self, versions: &[(&str, u32, &str)], order: &[usize]) {
        let mut objects = Vec::new();
        for (key, day, rows) in versions {
            let head = if key.starts_with("people") { "id,name\n" } else { "visit,id,day\n" };
            let mut object = self.cloud.put(key, format!("{head}{rows}")).await;
            object.object_time = Some(format!("2026-01-{day:02}T00:00:00Z").parse().unwrap());
            objects.push(object);
        }
        for at in order {
            self.cloud.load(&objects[*at]).await.unwrap();
        }
    }

    async fn people(&self) -> String {
        self.db.rows(VERSIONS).await
    }
}

/// Ann leaves on the 3rd and returns on the 5th; Bob changes on the 3rd and leaves on the 7th.
const FILES: [(&str, u32, &str); 5] = [
    ("people/all.csv", 1, "1,Ann\n2,Bob\n"),
    ("people/all.csv", 3, "2,Bobby\n"),
    ("people/all.csv", 5, "1,Ann\n2,Bobby\n"),
    ("people/all.csv", 7, "1,Ann\n"),
    (
        "visits/a.csv",
        9,
        "1,1,2026-01-02\n2,1,2026-01-04\n3,1,2026-01-06\n4,2,2026-01-08\n5,3,2026-01-08\n",
    ),
];

const LEFT: &str = "1|Ann|2026-01-01|2026-01-03|false\n1|Ann|2026-01-05|null|true\n\
    2|Bob|2026-01-01|2026-01-03|false\n2|Bobby|2026-01-03|2026-01-07|false\n\
    3|null|-infinity|null|true";

#[tokio::test]
async fn members_that_a_file_no_longer_has_are_closed_and_reopened_in_any_order_of_arrival() {
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [4, 2, 0, 3, 1], [1, 4, 3, 0, 2]] {
        let registry = Registry::of(PEOPLE).await;
        registry.load(&FILES, &order).await;
        assert_eq!(registry.people().await, LEFT, "{order:?}");
        // A visit while the person was gone refers to the version before.
        let visits = "select visit, id, name, valid_from::date as f from star.fact_visit join star.dim_person using (person_key) order by 1";
        assert_eq!(
            registry.db.rows(visits).await,
            "1|1|Ann|2026-01-01\n2|1|Ann|2026-01-01\n3|1|Ann|2026-01-05\n4|2|Bobby|2026-01-03\n5|3|null|-infinity",
            "{order:?}"
        );
        assert_balanced(&registry.db).await;
    }
}

#[tokio::test]
async fn members_that_are_gone_are_flagged_and_no_longer_when_they_return() {
    for history in ["overwrite", "first", "versions"] {
        let contract = PEOPLE
            .replace("\"versions\"", &format!("\"{history}\""))
            .replace("\"close\"", "\"flag\"");
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [4, 2, 0, 3, 1], [1, 4, 3, 0, 2]] {
            let registry = Registry::of(&contract).await;
            registry.load(&FILES, &order).await;
            // Visits refer to person 3, whom no file of people has.
            let flags = "select distinct id, is_deleted from star.dim_person where id is not null order by 1";
            let flags = registry.db.rows(flags).await;
            assert_eq!(flags, "1|false\n2|true\n3|false", "{history} {order:?}");
        }
    }
}

#[tokio::test]
async fn a_member_is_gone_when_the_newest_file_of_no_key_has_it() {
    let files = [
        ("people/de.csv", 1, "1,Ann\n2,Bob\n"),
        ("people/fr.csv", 2, "3,Cleo\n"),
        ("people/de.csv", 3, "1,Ann\n"),
        ("people/fr.csv", 4, "2,Bob\n"),
        ("people/de.csv", 5, ""),
    ];
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 4, 2, 1]] {
        let registry = Registry::of(PEOPLE).await;
        registry.load(&files, &order).await;
        // A file without rows is an extract, too.
        assert_eq!(
            registry.people().await,
            "1|Ann|2026-01-01|2026-01-05|false\n2|Bob|2026-01-01|2026-01-03|false\n\
             2|Bob|2026-01-04|null|true\n3|Cleo|2026-01-02|2026-01-04|false",
            "{order:?}"
        );
    }
}

#[tokio::test]
async fn a_rejected_row_that_is_reloaded_brings_its_member_back() {
    let registry =
        Registry::of(&PEOPLE.replace("{ type = \"text\" }", "{ type = \"text\", pad_left = 3 }"))
            .await;
    let file = [
        ("people/all.csv", 1, "1,Ann\n2,Bob\n"),
        ("people/all.csv", 3, "1,Ann\nx,Bob\n"),
        ("people/all.csv", 5, "1,Ann\n"),
    ];
    registry.load(&file[..2], &[0, 1]).await;
    assert_eq!(
        registry.people().await,
        "1|Ann|2026-01-01|null|true\n2|Bob|2026-01-01|2026-01-03|false"
    );
    // As if the contract took the value by now.
    registry.db.run("update stardrop.rejected_row set source_line = source_line").await;
    let line: i64 =
        registry.db.text("select source_line from stardrop.rejected_row").await.parse().unwrap();
    registry
        .db
        .run(&format!(
            "begin;
             select stardrop.begin_reject_reload(2, attempt, (select fingerprint from stardrop.dataset where name = 'people'), 'extract') from stardrop.load where load_id = 2;
             insert into staging.people (id, name, source_line) values (2, 'Bob', {line});
             select staging.complete_people(2);
             select stardrop.finish_reject_reload(2, attempt, '{{}}', '{{}}', '{{}}', '{{}}') from stardrop.load where load_id = 2;
             commit"
        ))
        .await;
    assert_eq!(registry.people().await, "1|Ann|2026-01-01|null|true\n2|Bob|2026-01-01|null|true");
    registry.load(&file[2..], &[0]).await;
    assert_eq!(
        registry.people().await,
        "1|Ann|2026-01-01|null|true\n2|Bob|2026-01-01|2026-01-05|false"
    );
    assert_balanced(&registry.db).await;
}

#[tokio::test]
async fn a_load_that_was_killed_closes_nobody_before_it_is_finished() {
    let registry = Registry::of(PEOPLE).await;
    registry.load(&FILES[..1], &[0]).await;
    // A file of another key, in two batches, whose worker dies in between.
    let mut object = registry.cloud.put("people/all.csv", "id,name\n1,Ann\n3,Cleo\n").await;
    object.object_time = Some("2026-01-03T00:00:00Z".parse().unwrap());
    registry
        .db
        .run(
            "create function public.die() returns trigger language plpgsql as $$ begin
                 raise exception 'dies' using errcode = '57P01'; end $$;
             create trigger die before update of state on stardrop.load for each row
                 when (new.state = 'loaded') execute function public.die()",
        )
        .await;
    registry.cloud.load(&object).await.unwrap_err();
    let before = "1|Ann|2026-01-01|null|true\n2|Bob|2026-01-01|null|true";
    assert_eq!(registry.people().await, before);
    registry.db.run("drop trigger die on stardrop.load").await;
    registry.cloud.load(&object).await.unwrap();
    assert_eq!(
        registry.people().await,
        "1|Ann|2026-01-01|null|true\n2|Bob|2026-01-01|2026-01-03|false\n3|Cleo|2026-01-03|null|true"
    );
    assert_eq!(registry.db.text("select count(*) from star.seen_person").await, "0");
}

#[tokio::test]
async fn an_extract_in_many_batches_is_one_extract() {
    let registry = Registry::of(PEOPLE).await;
    registry.load(&FILES[..1], &[0]).await;
    let rows: String = (1..50).filter(|id| *id != 2).map(|id| format!("{id},P{id}\n")).collect();
    let mut object = registry.cloud.put("people/other.csv", format!("id,name\n{rows}")).await;
    object.object_time = Some("2026-01-03T00:00:00Z".parse().unwrap());
    registry.cloud.loader_with(&[("STARDROP_BATCH_ROWS", "10")]).load(&object, None).await.unwrap();
    let mut object = registry.cloud.put("people/other.csv", "id,name\n7,P7\n").await;
    object.object_time = Some("2026-01-04T00:00:00Z".parse().unwrap());
    registry.cloud.load(&object).await.unwrap();
    let closed = "select count(*) filter (where not is_current and next_from is null), string_agg(id::text, ',' order by id) filter (where is_current and id is not null) from star.dim_person";
    assert_eq!(registry.db.rows(closed).await, "46|1,2,7");
    assert_eq!(
        registry.db.rows("select deleted from stardrop.load_table where load_id = 3 and table_name = 'star.dim_person'").await,
        "46"
    );
}

#[tokio::test]
async fn an_undone_extract_has_said_nothing() {
    for (undone, after) in [
        // Without the 3rd, Ann was never gone, and Bob changed on the 5th.
        ("2", "1|Ann|2026-01-01|null|true"),
        // Without the 5th, she was gone until the 7th.
        ("3", "1|Ann|2026-01-01|2026-01-03|false\n1|Ann|2026-01-07|null|true"),
        ("4", "1|Ann|2026-01-01|2026-01-03|false\n1|Ann|2026-01-05|null|true"),
    ] {
        let registry = Registry::of(PEOPLE).await;
        registry.load(&FILES, &[0, 1, 2, 3, 4]).await;
        let (code, _, err) = registry.stardrop(&["undo", undone]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let people = registry.people().await;
        assert!(people.starts_with(&format!("{after}\n2")), "undo {undone}: {people}");
        let (code, _, err) = registry.stardrop(&["replay", undone]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert_eq!(registry.people().await, LEFT, "replay {undone}");
        assert_balanced(&registry.db).await;
    }
}

#[tokio::test]
async fn a_member_of_an_extract_stays_when_the_load_that_inferred_it_is_undone() {
    let registry = Registry::of(&PEOPLE.replace("\"close\"", "\"flag\"")).await;
    let files = [("visits/a.csv", 1, "1,7,2026-01-01\n"), ("people/all.csv", 2, "7,\n")];
    registry.load(&files, &[0, 1]).await;
    let (code, _, err) = registry.stardrop(&["undo", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let people = "select count(*) from star.dim_person where id = 7";
    assert_eq!(registry.db.text(people).await, "1");
}

#[tokio::test]
async fn the_facts_of_an_older_extract_that_comes_late_stay_those_of_the_newer_one() {
    let contract = PEOPLE.replace("name = {", "born = { type = \"date\" }\nname = {")
        + "[fact.entry]\ndimensions = [\"person\"]\ndegenerate = [\"name\"]\nas_of = \"born\"\n";
    let contract = contract.replace("[policy]", "[policy]\nmissing_column = \"null\"");
    for order in [[0, 1], [1, 0]] {
        let registry = Registry::of(&contract).await;
        registry.load(&FILES[..2], &order).await;
        assert_eq!(registry.db.rows("select name from star.fact_entry order by 1").await, "Bobby");
        assert!(registry.people().await.starts_with("1|Ann|2026-01-01|2026-01-03|false\n"));
        let states = "select distinct state from stardrop.load";
        assert_eq!(registry.db.rows(states).await, "loaded");
    }
}
