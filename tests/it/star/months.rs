//! A fact that is split into months has what one table would have. Months are made as they occur, whoever needs them at
//! the same time, and dates that are far away or null have a place, too.

use crate::support::site::Site;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};
use stardrop::ledger::{self, Undo};
use stardrop::star;

pub const EVENTS: &str = r#"
name  = "events"
match = ["events/*"]
[columns]
id   = { type = "integer", required = true }
at   = { type = "timestamptz", required = true }
who  = { type = "text" }
kind = { type = "text" }
paid = { type = "integer" }
day  = { type = "date" }
[dimension.who]
key = ["who"]
[fact.event]
grain       = ["id", "at"]
dimensions  = ["who", { date = "at" }]
measures    = ["paid"]
delete_when = "kind = 'gone'"
audit       = true
partition   = { by = "at", every = "month" }
[fact.visit]
dimensions = ["who", { date = "day" }]
measures   = ["paid"]
partition  = { by = "day", every = "month" }
[policy]
overwrite = "ignore"
"#;

pub async fn events() -> Site {
    Site::of(&[("events", EVENTS)]).await
}

/// A file with these rows: id, at, who, kind, paid, day.
fn file(rows: &[&str]) -> String {
    format!("id,at,who,kind,paid,day\n{}\n", rows.join("\n"))
}

/// The tables that hold rows, with their number.
pub const TABLES: &str = "select tableoid::regclass::text, count(*) from star.fact_event group by 1
    union all select tableoid::regclass::text, count(*) from star.fact_visit group by 1 order by 1";

const FACTS: &str =
    "select id, at at time zone 'UTC' as at, paid from star.fact_event order by 1, 2";

#[tokio::test]
async fn each_month_of_two_files_is_a_table_of_its_own_with_its_indexes() {
    let site = events().await;
    let first = file(&[
        "1,2024-01-31T23:59:59Z,ann,sold,1,2024-01-31",
        "2,2024-02-01T00:00:00Z,bob,sold,2,2024-02-01",
    ]);
    site.load("events/a", 1, &first).await;
    let second = file(&[
        "2,2024-02-01T00:00:00Z,bob,sold,20,2024-02-02",
        "1,2024-01-31T23:59:59Z,ann,gone,,",
        "3,2024-12-31T22:00:00-05:00,ann,sold,3,2024-12-31",
    ]);
    let report = site.load("events/b", 2, &second).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (1, 1));
    assert_eq!(site.rows(FACTS).await, "2|2024-02-01T00:00:00|20\n3|2025-01-01T03:00:00|3");
    assert_eq!(
        site.rows(TABLES).await,
        "star.fact_event_p2024_02|1\nstar.fact_event_p2025_01|1\nstar.fact_visit_before_1970|1\n\
         star.fact_visit_p2024_01|1\nstar.fact_visit_p2024_02|2\nstar.fact_visit_p2024_12|1"
    );
    // Each has what the fact has: its key, the index on loads and the reference to its owner.
    assert_eq!(
        site.rows(
            "select c.relowner::regrole, count(*) filter (where i.indisprimary), count(*) from pg_class c
             join pg_index i on i.indrelid = c.oid where c.oid = 'star.fact_event_p2025_01'::regclass group by 1"
        )
        .await,
        "stardrop_owner|1|2"
    );
    assert_eq!(
        site.rows(
            "select paid, first_load_id, updated_at is not null from star.fact_event order by 1"
        )
        .await,
        "3|2|false\n20|1|true"
    );
    assert_eq!(
        site.rows("select row_key ->> 'id', key, source_line from stardrop.lineage where table_name = 'star.fact_event' order by 1").await,
        "2|events/b.csv|2\n3|events/b.csv|4"
    );
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn rows_whose_date_is_null_or_far_away_load_too() {
    let site = events().await;
    let text = file(&[
        "1,0001-01-01T00:00:00Z,ann,sold,1,",
        "2,9999-12-31T23:59:59Z,ann,sold,2,9999-12-31",
        "3,1969-12-31T23:59:59Z,ann,sold,3,0001-01-01",
        "4,2099-12-31T23:59:59Z,ann,sold,4,1970-01-01",
        "5,2100-01-01T00:00:00Z,ann,sold,5,2100-01-01",
    ]);
    let report = site.load("events/a", 1, &text).await;
    assert_eq!((report.rows_read, report.rows_rejected), (5, 0));
    let tables = "star.fact_event_before_1970|2\nstar.fact_event_from_2100|2\nstar.fact_event_p2099_12|1\n\
         star.fact_visit_before_1970|2\nstar.fact_visit_from_2100|2\nstar.fact_visit_p1970_01|1";
    assert_eq!(site.rows(TABLES).await, tables);
    // A newer file changes them where they are, and does not add them again.
    let report = site.load("events/b", 2, &text.replace("sold,2,", "sold,22,")).await;
    assert_eq!((report.rows_inserted, report.rows_updated), (0, 1));
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn any_time_that_postgres_can_store_has_a_place() {
    let ticks = |kind: &str| {
        format!(
            "name = \"tick\"\nmatch = [\"t/*\"]\n[columns]\nid = {{ type = \"integer\", required = true }}\n\
             at = {{ type = \"{kind}\", required = true }}\n[fact.tick]\ngrain = [\"id\", \"at\"]\n\
             partition = {{ by = \"at\", every = \"month\" }}\n[fact.tock]\ndegenerate = [\"at\"]\n\
             partition = {{ by = \"at\", every = \"month\" }}\n"
        )
    };
    for (kind, first, last) in [
        ("date", "4714-11-24 BC", "5874897-12-31"),
        ("timestamp", "4714-11-24 BC", "294276-12-31 23:59:59.999999"),
        ("timestamptz", "4714-11-24 00:00Z BC", "294276-12-31 23:59:59.999999Z"),
    ] {
        let (db, _) = TestDatabase::of(&catalog_of(&[("tick", &ticks(kind))])).await;
        let insert = format!(
            "insert into staging.tick (id, at) values
             (1, '-infinity'), (2, '{first}'), (3, '{last}'), (4, 'infinity'), (5, '2024-02-29')"
        );
        db.run(&insert).await;
        db.run(&insert).await;
        for (fact, times) in [("tick", 1), ("tock", 2)] {
            let tables = format!(
                "select tableoid::regclass::text, count(*) from star.fact_{fact} group by 1 order by 1"
            );
            assert_eq!(
                db.rows(&tables).await,
                format!(
                    "star.fact_{fact}_before_1970|{}\nstar.fact_{fact}_from_2100|{0}\nstar.fact_{fact}_p2024_02|{times}",
                    2 * times
                ),
                "{kind}"
            );
        }
        assert_balanced(&db).await;
    }
}

#[tokio::test]
async fn an_undone_load_is_taken_back_from_its_months_and_a_replay_restores_it() {
    let site = events().await;
    let first = file(&[
        "1,2024-01-05T00:00:00Z,ann,sold,1,2024-01-05",
        "2,2024-02-05T00:00:00Z,bob,sold,2,2024-02-05",
        "3,2024-03-05T00:00:00Z,bob,sold,3,",
    ]);
    site.load("events/a", 1, &first).await;
    let second = file(&[
        "1,2024-01-05T00:00:00Z,ann,sold,1,2024-01-05",
        "2,2024-02-05T00:00:00Z,bob,sold,22,2024-02-05",
        "3,2024-03-05T00:00:00Z,bob,gone,,",
        "4,2024-04-05T00:00:00Z,cid,sold,4,2024-04-05",
    ]);
    site.load("events/b", 2, &second).await;
    let facts = site.rows(FACTS).await;
    assert_eq!(facts, "1|2024-01-05T00:00:00|1\n2|2024-02-05T00:00:00|22\n4|2024-04-05T00:00:00|4");
    let Undo::Undone(undone) = ledger::undo(&site.db.client, 2).await.unwrap() else { panic!() };
    assert_eq!(undone.replay, [1]);
    assert_eq!(site.rows(FACTS).await, "1|2024-01-05T00:00:00|1");
    let visits = "select count(*) from star.fact_visit";
    assert_eq!(site.rows(visits).await, "3");
    for load in [1, 2] {
        let undone = ledger::undo_to_replay(&site.db.client, load).await.unwrap();
        assert!(matches!((load, undone), (1, Undo::Undone(_)) | (2, Undo::NoRows { .. })));
        assert!(ledger::reopen(&site.db.client, load).await.unwrap());
        let (key, text) = if load == 1 { ("events/a", &first) } else { ("events/b", &second) };
        site.load(key, u8::try_from(load).unwrap(), text).await;
        if load == 1 {
            assert_eq!(site.rows("select count(*) from star.fact_event").await, "3");
        }
    }
    assert_eq!(site.rows(FACTS).await, facts);
    assert_eq!(site.rows(visits).await, "7");
    assert_balanced(&site.db).await;
}

#[test]
fn the_generated_sql_of_months() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("months", star::compile(&catalog_of(&[("events", EVENTS)])).script());
    });
}
