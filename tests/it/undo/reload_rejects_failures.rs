//! Reloads of rejected rows that have to read the file again, that are killed, or that are refused.

use super::reject_shop::{COUNTS, FIXED, STRICT, Shop, file, shop};
use crate::support::connect;
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::wait::within;
use crate::support::workbook::{Cell, workbook};

#[tokio::test]
async fn a_fixed_encoding_and_protected_and_native_values_are_read_from_the_file_again() {
    let protected = shop(STRICT, "").replace(
        "tier      = { type = \"text\" }",
        "tier      = { type = \"text\", protect = \"sha256\" }",
    );
    let fixed = protected.replace(STRICT, FIXED);
    let latin = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let text =
        format!("{head}1,a,gold,i,n,2026-01-05,1.00\n2,J\u{f8}rn,gold,i,n,05.01.2026,2.00\n");
    let serial = Cell::Number("46027".to_owned());
    let word = |text: &str| Cell::Text(text.to_owned());
    let number = |text: &str| Cell::Number(text.to_owned());
    let sheet = [
        head.trim().split(',').map(word).collect::<Vec<_>>(),
        vec![
            number("7"),
            word("a"),
            word("gold"),
            word("i"),
            word("n"),
            word("2026-01-05"),
            number("1.5"),
        ],
        vec![number("8"), word("b"), word("gold"), word("i"), word("n"), serial, number("2.5")],
    ];
    let book = workbook(&[("Sheet", &sheet)], false);
    let encoded = fixed.replace("[columns]", "[file]\nencoding = \"windows-1252\"\n[columns]");
    let encoded = encoded.replace("%d.%m.%Y\"]", "%d.%m.%Y\", \"excel\"]").replace(
        "paid      = { type = \"numeric(8,2)\"",
        "paid      = { type = \"numeric(8,2)\", decimal = \",\", thousands = \".\"",
    );
    let site = Shop::of(&protected).await;
    let mut loader = site.cloud.loader_with(&[("STARDROP_SALT", "a long secret")]);
    for (key, bytes) in [("shop/a.csv", latin(&text)), ("shop/a.xlsx", book)] {
        let report = loader.load(&site.cloud.put(key, bytes).await, None).await.unwrap();
        assert_eq!((report.rows_read, report.rows_rejected), (2, 1), "{key}");
    }
    // Two mistakes in one row of the text: only the decimal mark is the workbook's own business.
    site.fix(&encoded.replace(", decimal = \",\", thousands = \".\"", ""));
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    site.fix(&encoded);
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "2"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let facts = "select id, buyer, length(tier) as hash, paid, date_key from star.fact_receipt join star.dim_buyer using (buyer_key) order by 1";
    assert_eq!(
        site.db.rows(facts).await,
        "1|a|64|1.00|2026-01-05\n2|J\u{f8}rn|64|2.00|2026-01-05\n7|a|64|1.50|2026-01-05\n8|b|64|2.50|2026-01-05"
    );
    let tiers = "select count(distinct tier) from star.dim_buyer where tier is not null";
    assert_eq!(site.db.text(tiers).await, "1", "the same value has the same hash");
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn a_replay_that_is_killed_or_refused_in_the_middle_leaves_everything_as_it_was() {
    let site = Shop::of(&shop(STRICT, "")).await;
    site.cloud.put_and_load("shop/a.csv", file(60)).await;
    site.fix(&shop(FIXED, ""));
    let before = site.all().await;
    // The rows are normalised, and wait for the facts: killed there.
    let blocker = connect(&site.db.url).await;
    blocker.batch_execute("begin; lock table star.fact_receipt in exclusive mode").await.unwrap();
    let mut child = site.command(&["replay", "--rejects", "1"]).spawn().unwrap();
    site.db.eventually_a_session_waits_for_a_lock().await;
    // Another replay of the load is refused meanwhile.
    let (code, _, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("another worker holds the key of load 1"), "{err}");
    child.start_kill().unwrap();
    within("the killed replay ends", child.wait()).await.unwrap();
    blocker.batch_execute("rollback").await.unwrap();
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    site.db.eventually(locks, "0").await;
    assert_eq!(site.all().await, before);
    // An error after the rows, in the last statement, which counts them.
    site.db
        .run("alter table stardrop.load_table add constraint never check (unchanged < 0) not valid")
        .await;
    let (code, _, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_ne!(code, Some(0), "{err}");
    site.db.run("alter table stardrop.load_table drop constraint never").await;
    assert_eq!(site.all().await, before);
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let right = Shop::of(&shop(FIXED, "")).await;
    right.cloud.put_and_load("shop/a.csv", file(60)).await;
    assert_eq!(meaning(&site.db).await, meaning(&right.db).await);
    assert_eq!(site.db.rows(COUNTS).await, right.db.rows(COUNTS).await);
    assert_balanced(&site.db).await;
}

#[tokio::test]
async fn rejects_that_cannot_be_reloaded_alone_are_refused_with_a_reason() {
    let site = Shop::of(&shop(STRICT, "overwrite = \"replace\"")).await;
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let good = "1,a,t,i,n,2026-01-05,1.00\n";
    let bad = "2,a,t,i,n,05.01.2026,1.00\n3,a,t,i,n,05.01.2026,1.00\n";
    let text = format!("{head}{good}{bad}");
    site.cloud.put_and_load("shop/pruned.csv", &*text).await; // 1
    site.db.run("delete from stardrop.rejected_row where source_line = 3").await;
    let over = site.cloud.put("shop/over.csv", format!("{head}{bad}")).await;
    site.cloud.load(&over).await.unwrap_err(); // 2
    site.cloud.put_and_load("shop/undone.csv", &*text).await; // 3
    site.db.run("select stardrop.undo(3)").await;
    site.cloud.put_and_load("shop/replaced.csv", &*text).await; // 4
    let versions = site.cloud.put("shop/replaced.csv", format!("{head}{good}")).await;
    site.cloud.load(&versions).await.unwrap(); // 5
    site.cloud.put_and_load("shop/clean.csv", format!("{head}{good}")).await; // 6
    site.cloud
        .put_and_load("shop/quotes.csv", format!("{text}4,a,t,i,'n\n5,a,t,i,n',05.01.2026,1\n"))
        .await; // 7
    site.db.run("insert into staging.shop (id, buyer, item) values (1, 'a', 'i')").await; // 8
    site.fix(&shop(FIXED, "overwrite = \"replace\""));
    let mut said = String::new();
    for load in ["1", "2", "3", "4", "6", "7", "8", "99"] {
        if load == "7" {
            site.fix(
                &shop(FIXED, "overwrite = \"replace\"")
                    .replace("[columns]", "[file]\nquote = \"'\"\n[columns]"),
            );
        }
        let before = site.all().await;
        let (code, out, err) = site.stardrop(&["replay", "--rejects", load]).await;
        said.push_str(&format!("{load}: {} {out}{err}", code.unwrap()));
        assert_eq!(site.all().await, before, "{load}");
    }
    insta::assert_snapshot!(said, @"
    1: 2 stardrop: ledger: s3://inbox/shop/pruned.csv: only 1 of the 2 rejected rows of load 1 are still stored, the others were pruned: load the whole file again: stardrop replay 1
      fix the setting named in the message
    2: 2 stardrop: ledger: s3://inbox/shop/over.csv: load 2 failed, so its other rows are missing too: load the whole file again: stardrop replay 2
      fix the setting named in the message
    3: 2 stardrop: ledger: s3://inbox/shop/undone.csv: load 3 was undone: load the whole file again: stardrop replay 3
      fix the setting named in the message
    4: 2 stardrop: ledger: s3://inbox/shop/replaced.csv: a newer version of the key has replaced the rows of load 4, so its rejected rows can no longer be loaded
      fix the setting named in the message
    6: 0 load 6: s3://inbox/shop/clean.csv: 0 rejected rows loaded, 0 still rejected
    7: 2 stardrop: ledger: s3://inbox/shop/quotes.csv: with the contract as it is now, the file has other rows than load 7 read (4 now, 5 then): load the whole file again: stardrop replay 7
      fix the setting named in the message
    8: 2 stardrop: ledger: there is no load 8 of a file: it does not exist, or its rows were inserted by SQL
      fix the setting named in the message
    99: 2 stardrop: ledger: there is no load 99 of a file: it does not exist, or its rows were inserted by SQL
      fix the setting named in the message
    ");
}
