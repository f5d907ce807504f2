//! Type 2 dimensions: the versions of a member over time, and the version that a fact refers to.

use crate::support::TestDatabase;
use crate::support::catalog_of;
use crate::support::cloud::{LOADER, as_user};
use crate::support::connect;
use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

/// The members' own files.
const PEOPLE: &str = r#"
name  = "people"
match = ["people/*"]
[columns]
id      = { type = "integer" }
segment = { type = "text" }
phone   = { type = "text" }
born    = { type = "text" }
since   = { type = "date" }
[dimension.person]
key        = ["id"]
attributes = ["segment", "phone", "born"]
history    = { default = "overwrite", segment = "versions", born = "first" }
valid_from = "since"
"#;

/// Facts of another dataset that refer to them, twice.
const CALLS: &str = r#"
name  = "calls"
match = ["calls/*"]
[columns]
call   = { type = "integer", required = true }
day    = { type = "date" }
id     = { type = "integer" }
called = { type = "integer" }
[fact.call]
grain      = ["call"]
dimensions = ["person", { dimension = "person", key = ["called"], as = "called" }, { date = "day" }]
"#;

async fn site() -> Site {
    Site::of(&[("people", PEOPLE), ("calls", CALLS)]).await
}

const HISTORY: &str =
    "select id, segment, phone, born, valid_from::date as since, valid_to::date as until,
        is_current, is_first
    from star.dim_person where id is not null order by id, valid_from";

const CALLED: &str = "select c.call, p.segment, q.segment as called
    from star.fact_call c join star.dim_person p using (person_key)
    join star.dim_person q on q.person_key = c.called_key order by 1";

#[tokio::test]
async fn a_version_for_each_change_and_none_for_a_row_that_changes_nothing() {
    let site = site().await;
    site.load(
        "people/a",
        9,
        "id,segment,phone,born,since\n1,new,p1,b1,2026-01-01\n1,new,p2,b2,2026-01-02\n\
         1,good,p3,b3,2026-01-03\n1,good,p4,b4,2026-01-04\n1,gone,p5,b5,2026-01-05\n2,new,q,c,2026-01-01\n",
    )
    .await;
    assert_eq!(
        site.rows(HISTORY).await,
        "1|new|p5|b1|2026-01-01|2026-01-03|false|true\n\
         1|good|p5|b1|2026-01-03|2026-01-05|false|false\n\
         1|gone|p5|b1|2026-01-05|null|true|false\n\
         2|new|q|c|2026-01-01|null|true|true"
    );
    assert_eq!(
        site.rows("select rows_inserted, rows_updated, rows_unchanged from stardrop.load").await,
        "4|0|2"
    );
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_late_version_takes_its_place_in_time_and_its_facts() {
    let site = site().await;
    let people = |rows: &str| format!("id,segment,phone,born,since\n{rows}");
    site.load(
        "calls/a",
        1,
        "call,day,id,called\n1,2026-01-01,1,2\n2,2026-01-04,1,1\n3,2026-01-07,1,\n4,,1,1\n",
    )
    .await;
    // Known by its key alone.
    assert_eq!(site.rows(CALLED).await, "1|null|null\n2|null|null\n3|null|null\n4|null|null");
    assert_eq!(site.rows("select count(*) from star.fact_call where called_key = -1").await, "1");
    site.load("people/b", 5, &people("1,b,,,2026-01-05\n")).await;
    assert_eq!(site.rows(CALLED).await, "1|b|null\n2|b|b\n3|b|null\n4|b|b");
    site.load("people/c", 3, &people("1,a,,,2026-01-03\n1,b,,,2026-01-06\n")).await;
    assert_eq!(site.rows(CALLED).await, "1|a|null\n2|a|a\n3|b|null\n4|a|a");
    // In between two that look alike: the second one begins again when it was seen again.
    site.load("people/d", 2, &people("1,x,,,2026-01-05\n")).await;
    assert_eq!(site.rows(CALLED).await, "1|a|null\n2|a|a\n3|b|null\n4|a|a");
    site.load("people/e", 6, &people("1,x,,,2026-01-05\n")).await;
    assert_eq!(
        site.rows("select segment, valid_from::date as f, valid_to::date as t from star.dim_person where id = 1 order by f").await,
        "a|2026-01-03|2026-01-05\nx|2026-01-05|2026-01-06\nb|2026-01-06|null"
    );
    site.load("people/f", 7, &people("1,z,,,2025-12-31\n1,z,,,2026-01-02\n")).await;
    assert_eq!(site.rows(CALLED).await, "1|z|null\n2|a|a\n3|b|null\n4|z|z");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn the_database_enforces_the_chain_of_versions() {
    let site = site().await;
    site.load(
        "people/a",
        9,
        "id,segment,phone,born,since\n1,a,,,2026-01-01\n1,b,,,2026-01-03\n1,c,,,2026-01-05\n",
    )
    .await;
    let key = "select person_key from star.dim_person where segment = ";
    for (broken, code) in [
        // an overlap, a gap, two current ones, none, an end before its beginning
        ("update star.dim_person set valid_to = valid_to + interval '9 days' where segment = 'a'".to_owned(), "23503"),
        ("update star.dim_person set valid_to = valid_to - interval '1 hour' where segment = 'a'".to_owned(), "23503"),
        ("update star.dim_person set valid_to = null where segment = 'b'".to_owned(), "23505"),
        ("update star.dim_person set valid_to = '2026-01-05' where segment = 'a'".to_owned(), "23505"),
        ("update star.dim_person set valid_to = valid_from where segment = 'b'".to_owned(), "23514"),
        ("delete from star.dim_person where segment = 'b'".to_owned(), "23503"),
        (format!("delete from star.dim_person where person_key = ({key} 'c')"), "23503"),
    ] {
        let refused = site.db.client.batch_execute(&broken).await.expect_err(&broken);
        assert_eq!(refused.code().unwrap().code(), code, "{broken}");
    }
}

const WORKERS: i32 = 6;
const ROUNDS: i32 = 8;

/// One worker's rows: a few members, with different values for the same days, and their calls.
fn rows_of(worker: i32, round: i32) -> [String; 2] {
    let at = |n: i32| (worker * 7 + round * 3 + n * 5) % 11;
    let people: Vec<String> = (0..6)
        .map(|n| format!("({}, 's{}', date '2026-01-01' + {})", n % 3, at(n) % 3, at(n)))
        .collect();
    let calls: Vec<String> = (0..6)
        .map(|n| {
            let call = (worker * ROUNDS + round) * 6 + n;
            format!("({call}, date '2026-01-01' + {}, {}, {})", at(n + 1), n % 3, (n + 1) % 4)
        })
        .collect();
    [
        format!("insert into staging.people (id, segment, since) values {}", people.join(", ")),
        format!("insert into staging.calls (call, day, id, called) values {}", calls.join(", ")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_and_facts_that_load_at_once_find_each_other() {
    let (db, _) = TestDatabase::of(&catalog_of(&[("people", PEOPLE), ("calls", CALLS)])).await;
    db.run(&format!(
        "do $$ begin create role {LOADER} login in role stardrop_loader;
         exception when duplicate_object or unique_violation then null; end $$"
    ))
    .await;
    let mut workers = Vec::new();
    for worker in 0..WORKERS {
        let client = connect(&as_user(&db.url, LOADER)).await;
        workers.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                for sql in rows_of(worker, round) {
                    client.batch_execute(&sql).await.unwrap();
                }
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    let calls = WORKERS * ROUNDS * 6;
    assert_eq!(db.text("select count(*) from star.fact_call").await, calls.to_string());
    // Each fact has the version of its day, the first one if it came before all.
    let wrong = "select count(*)
        from star.fact_call c
        cross join lateral (values (c.person_key), (c.called_key)) role (person_key)
        join star.dim_person p on p.person_key = role.person_key
        where p.id is not null
          and not ((p.valid_from <= c.as_of or p.is_first) and (p.valid_to > c.as_of or p.valid_to is null))";
    assert_eq!(db.text(wrong).await, "0");
    // The history is what all sightings together say.
    let off = "select count(*) from (
            select id, observed_at, segment from (
                select s.*, lag(segment) over (partition by id order by observed_at) as before
                from star.history_person s) t
            where before is distinct from segment
            except
            select id, valid_from, segment from star.dim_person) missing";
    assert_eq!(db.text(off).await, "0");
    let seen = "select count(*) > 10 from star.history_person";
    assert_eq!(db.text(seen).await, "true");
    assert_balanced(&db).await;
}
