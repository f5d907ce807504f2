//! `stardrop prune --facts-before` detaches whole months of facts, and says which.

use serde_json::Value;

use crate::star::months::{TABLES, events};
use crate::support::cloud::run;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

const HEAD: &str = "id,at,who,kind,paid,day\n";

async fn stardrop(site: &Site, arguments: &[&str]) -> (Option<i32>, String, String) {
    let owner = [("DATABASE_URL", site.db.url.as_str())];
    run(site.cloud.stardrop(arguments, &owner)).await
}

/// A row in each of four months, and one without a date.
async fn four_months() -> Site {
    let site = events().await;
    let row = |n: u32| format!("{n},2024-0{n}-15T00:00:00Z,w{n},sold,{n},2024-0{n}-15\n");
    let rows: String = (1..=4).map(row).collect();
    let text = format!("{HEAD}{rows}5,0001-01-01T00:00:00Z,w5,sold,5,\n");
    site.load("events/a", 1, &text).await;
    site
}

#[tokio::test]
async fn months_before_a_day_are_detached_from_all_facts_or_one_and_stay_as_tables() {
    let site = four_months().await;
    let (code, out, err) =
        stardrop(&site, &["prune", "--facts-before", "2024-02-29", "--fact", "event"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let size = |line: &str| {
        line.split(", ").nth(1).unwrap().split(" MB").next().unwrap().parse::<f64>().unwrap()
    };
    assert!(size(&out) > 0.0 && size(&out) < 1.0, "{out}");
    let (start, end) = (out.split(", ").next().unwrap(), out.split(": ").nth(1).unwrap());
    assert_eq!(start, "detached 2024-01 of star.fact_event");
    assert_eq!(end, "it is the table star.detached_event_2024_01 now\n");

    let (_, out, _) = stardrop(&site, &["prune", "--facts-before", "2024-03-01", "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    let tables: Vec<&str> =
        answer["months"].as_array().unwrap().iter().map(|m| m["table"].as_str().unwrap()).collect();
    assert_eq!(
        tables,
        [
            "star.detached_event_2024_02",
            "star.detached_visit_2024_01",
            "star.detached_visit_2024_02"
        ]
    );
    assert_eq!(answer["dropped"], false);
    assert_eq!(
        site.rows(TABLES).await,
        "star.fact_event_before_1970|1\nstar.fact_event_p2024_03|1\nstar.fact_event_p2024_04|1\n\
         star.fact_visit_before_1970|1\nstar.fact_visit_p2024_03|1\nstar.fact_visit_p2024_04|1"
    );
    let detached = "select id, paid from star.detached_event_2024_01";
    assert_eq!(site.rows(detached).await, "1|1");
    let readable =
        "select has_table_privilege('stardrop_reader', 'star.detached_event_2024_01', 'select')";
    assert_eq!(site.rows(readable).await, "true");

    // A late row gets its month again, which is detached under another name then.
    let late = format!("{HEAD}1,2024-01-15T00:00:00Z,w1,sold,10,2024-01-15\n");
    site.load("events/late", 2, &late).await;
    assert_eq!(site.rows("select paid from star.fact_event where id = 1").await, "10");
    assert_eq!(site.rows(detached).await, "1|1");
    let (_, out, _) =
        stardrop(&site, &["prune", "--facts-before", "2024-02-01", "--fact", "event"]).await;
    assert!(out.contains("it is the table star.detached_event_2024_01_2 now"), "{out}");
    // Undoing and loading again works without what is gone.
    assert_eq!(site.rows("select outcome from stardrop.undo(1)").await, "undone");
    assert_eq!(site.rows("select count(*) from star.fact_event").await, "0");
    assert_eq!(site.rows(detached).await, "1|1");
}

#[tokio::test]
async fn dropped_months_are_gone_and_loads_go_on() {
    let site = four_months().await;
    let (code, out, _) =
        stardrop(&site, &["prune", "--facts-before", "2024-04-01", "--drop"]).await;
    assert_eq!((code, out.lines().count()), (Some(0), 6), "{out}");
    assert!(out.starts_with("dropped 2024-01 of star.fact_event, 0.1 MB\n"), "{out}");
    assert_eq!(site.rows("select count(*) from star.fact_event").await, "2");
    assert_eq!(
        site.rows("select count(*) from pg_class where relname like 'detached%'").await,
        "0"
    );
    let (_, out, _) = stardrop(&site, &["prune", "--facts-before", "2024-04-01", "--drop"]).await;
    assert_eq!(out, "no month ends before 2024-04-01\n");
    site.load("events/b", 2, &format!("{HEAD}9,2024-02-01T00:00:00Z,w9,sold,9,2024-02-01\n")).await;
    assert_eq!(site.rows("select count(*) from star.fact_event").await, "3");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_fact_without_months_a_wrong_date_and_days_are_refused() {
    let site = four_months().await;
    let (code, _, err) =
        stardrop(&site, &["prune", "--facts-before", "2024-04-01", "--fact", "sale"]).await;
    let message = "stardrop: no fact `sale` in this database is split into months (partition in its contract)\n";
    assert_eq!((code, err.as_str()), (Some(1), message));
    for wrong in [
        &["prune", "--facts-before", "2024-13-01"][..],
        &["prune", "--fact", "event"],
        &["prune", "--drop"],
        &["prune", "--facts-before", "2024-01-01", "--days", "3"],
    ] {
        let (code, _, err) = stardrop(&site, wrong).await;
        assert_eq!(code, Some(2), "{wrong:?} {err}");
    }
    assert_eq!(site.rows("select count(*) from star.fact_event").await, "5");
}

#[tokio::test]
async fn a_reader_that_stays_keeps_the_months_where_they_are() {
    let site = four_months().await;
    let reader = crate::support::connect(&site.db.url).await;
    reader.batch_execute("begin; select count(*) from star.fact_event").await.unwrap();
    let (code, out, err) = stardrop(&site, &["prune", "--facts-before", "2024-04-01"]).await;
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    assert!(err.contains("lock timeout"), "{err}");
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(site.rows("select count(*) from star.fact_event").await, "5");
}
