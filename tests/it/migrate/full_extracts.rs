//! A dimension starts and stops to end versions of members that are gone, and keeps its history.

use crate::migrate::apply::{ROW, SHOP};
use crate::migrate::changes::{forced, shop};
use crate::support::TestDatabase;

#[tokio::test]
async fn versions_start_and_stop_to_end_with_their_member_and_keep_their_history() {
    let versions = SHOP
        .replace(
            "[columns]",
            "[policy]\noverwrite = \"replace\"\n[columns]\nday = { type = \"date\" }",
        )
        .replace("[\"town\"]", "[\"town\"]\nhistory = \"versions\"")
        .replace("measures ", "as_of = \"day\"\nmeasures ");
    let close = versions.replace("\"versions\"", "\"versions\"\nmissing = \"close\"");
    let mut db = TestDatabase::empty().await;
    shop(&mut db, &versions).await;
    db.run(ROW).await;
    db.run(&ROW.replace("Oslo", "Rome").replace("(1, 1", "(2, 1")).await;
    let chain = "select town, valid_to is null as last, is_current, is_first from star.dim_buyer where buyer is not null order by valid_from";
    let before = db.rows(chain).await;
    assert_eq!(before, "Oslo|false|false|true\nRome|true|true|false");
    let report = shop(&mut db, &close).await;
    assert_eq!(
        report.changes,
        [
            "let versions in star.dim_buyer end when full extracts no longer have the member",
            "add column star.history_buyer.reopens",
            "create star.extract_buyer",
            "create star.seen_buyer",
            "create star.presence_buyer",
            "update dataset shop",
        ]
    );
    assert!(report.notes.iter().any(|note| note.contains("stardrop replay --dataset shop")));
    assert_eq!(db.rows(chain).await, before);
    assert_eq!(
        db.rows(
            "select distinct next_from is not distinct from valid_to as same from star.dim_buyer"
        )
        .await,
        "true"
    );
    // As if a file had come without Ann; the database enforces the chain by the other column now.
    db.run("update star.dim_buyer set valid_to = valid_from where town = 'Rome'").await;
    let broken =
        "update star.dim_buyer set next_from = next_from + interval '1 day' where town = 'Oslo'";
    assert!(db.client.batch_execute(broken).await.is_err());
    let lost = forced(&mut db, &versions).await;
    assert!(lost.contains("the end of 1 version of members that were gone"), "{lost}");
    assert_eq!(db.rows(chain).await, before);
}
