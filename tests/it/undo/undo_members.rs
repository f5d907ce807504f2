//! An undone load takes back what it has said of members: versions, values, and members that only it has.

use serde_json::Value;

use crate::support::star_content::{assert_balanced, meaning};
use crate::support::{TestDatabase, catalog_of};

use super::replay::Shop;

pub const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id   = { type = "integer", required = true }
code = { type = "text" }
name = { type = "text" }
paid = { type = "integer" }
day  = { type = "date" }
[policy]
missing_column = "null"
same_content = "load"
[dimension.buyer]
key        = ["code"]
attributes = ["name"]
history    = "versions"
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer", { date = "day" }]
measures   = ["paid"]
foreign_keys = true
"#;

const VERSIONS: &str =
    "select code, name, valid_from::date as f, valid_to::date as t from star.dim_buyer
    where code is not null order by code, valid_from";

const FACTS: &str = "select id, name, valid_from::date as f from star.fact_receipt join star.dim_buyer using (buyer_key) order by id";

/// Files in which the day of a receipt is also that of the file.
async fn shop(contract: &str) -> Shop {
    let shop = Shop::of(contract).await;
    shop.load_with(
        "a.csv",
        1,
        "id,code,name,paid,day\n1,K,old,1,2026-01-01\n2,K,old,1,2026-01-06\n",
    )
    .await;
    shop.load_with(
        "b.csv",
        5,
        "id,code,name,paid,day\n3,K,new,1,2026-01-07\n4,M,only,1,2026-01-07\n",
    )
    .await;
    shop
}

#[tokio::test]
async fn the_versions_of_an_undone_load_are_taken_back_and_facts_refer_to_those_before() {
    let shop = shop(SHOP).await;
    assert_eq!(
        shop.db.rows(VERSIONS).await,
        "K|old|2026-01-01|2026-01-05\nK|new|2026-01-05|null\nM|only|2026-01-05|null"
    );
    assert_eq!(
        shop.db.rows(FACTS).await,
        "1|old|2026-01-01\n2|new|2026-01-05\n3|new|2026-01-05\n4|only|2026-01-05"
    );
    let (code, out, err) = shop.stardrop(&["undo", "2"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.contains(
            "1 members deleted from star.dim_buyer, which no fact refers to\n\
             1 versions that followed from this load deleted from star.dim_buyer\n"
        ),
        "{out}"
    );
    assert_eq!(shop.db.rows(VERSIONS).await, "K|old|2026-01-01|null");
    assert_eq!(shop.db.rows(FACTS).await, "1|old|2026-01-01\n2|old|2026-01-01");
    // The first version, too; the member stays, because the fact of another load refers to it.
    shop.load_with("c.csv", 9, "id,code,paid,day\n5,K,1,2026-01-09\n").await;
    let (code, out, err) = shop.stardrop(&["undo", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let stays = "1 members of star.dim_buyer stay, for other facts or files, without the values that were from this load\n";
    assert!(out.contains(stays), "{out}");
    assert_eq!(shop.db.rows(VERSIONS).await, "K|null|-infinity|null");
    assert_eq!(shop.db.rows(FACTS).await, "5|null|-infinity");
    let (code, _, err) = shop.stardrop(&["replay", "2", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(
        shop.db.rows(VERSIONS).await,
        "K|old|2026-01-01|2026-01-05\nK|new|2026-01-05|null\nM|only|2026-01-05|null"
    );
    assert_balanced(&shop.db).await;
}

#[tokio::test]
async fn a_value_that_an_undone_load_had_overwritten_comes_back_with_the_replay_that_is_named() {
    for history in ["versions", "overwrite", "first"] {
        let contract = SHOP.replace("\"versions\"", &format!("\"{history}\""));
        let rows = "id,code,name,paid,day\n1,K,x,1,2026-01-01\n";
        let (all, others) = (Shop::of(&contract).await, Shop::of(&contract).await);
        // Of the same time, so that one observation takes the other's place, whichever counts.
        for shop in [&all, &others] {
            shop.load_with("b.csv", 3, &rows.replace(",x,", ",b,")).await;
        }
        for key in ["a.csv", "c.csv"] {
            all.load_with(key, 3, &rows.replace(",x,", ",wrong,")).await;
        }
        for undone in ["2", "3"] {
            let (_, out, _) = all.stardrop(&["undo", undone, "--json"]).await;
            let answer: Value = serde_json::from_str(&out).unwrap();
            let named: Vec<String> = ["replay", "confirm"]
                .into_iter()
                .flat_map(|list| answer[list].as_array().unwrap())
                .map(ToString::to_string)
                .collect();
            let mut arguments = vec!["replay"];
            arguments.extend(named.iter().map(String::as_str));
            if arguments.len() > 1 {
                let (code, _, err) = all.stardrop(&arguments).await;
                assert_eq!(code, Some(0), "{err}");
            }
        }
        assert_eq!(meaning(&all.db).await, meaning(&others.db).await, "{history}");
    }
}

#[tokio::test]
async fn attributes_of_other_datasets_stay_when_a_load_is_undone() {
    let crm = r#"
name  = "crm"
match = ["crm/*"]
[columns]
code = { type = "text" }
town = { type = "text" }
[dimension.buyer]
key        = ["code"]
attributes = ["town"]
"#;
    let shop = SHOP.replace("\"versions\"", "\"overwrite\"");
    let (db, _) = TestDatabase::of(&catalog_of(&[("shop", &shop), ("crm", crm)])).await;
    db.run("insert into staging.crm (code, town) values ('K', 'Oslo'), ('N', 'Rome')").await;
    db.run("insert into staging.shop (id, code, name, paid, day) values (1, 'K', 'Ann', 1, '2026-01-01'), (2, 'M', 'Bob', 1, '2026-01-01')").await;
    let members = "select code, name, town from star.dim_buyer where code is not null order by 1";
    assert_eq!(db.rows(members).await, "K|Ann|Oslo\nM|Bob|null\nN|null|Rome");
    db.run("select stardrop.undo(2)").await;
    assert_eq!(db.rows(members).await, "K|null|Oslo\nN|null|Rome");
    db.run("select stardrop.undo(1)").await;
    assert_eq!(db.rows(members).await, "");
}

/// What a load has done to members, and what status shows of it.
const COUNTS: &str = "select inserted, updated, unchanged from stardrop.load_table
    where load_id = 2 and table_name = 'star.dim_buyer'";

#[tokio::test]
async fn after_an_undo_the_replay_of_the_file_inserts_its_members_again() {
    for history in ["versions", "overwrite", "first"] {
        let shop = Shop::of(&SHOP.replace("\"versions\"", &format!("\"{history}\""))).await;
        // Older: of K, which the next file describes, and of N, of which no file knows more than the code.
        shop.load_with("a.csv", 1, "id,code,paid,day\n1,K,1,2026-01-01\n2,N,1,2026-01-01\n").await;
        let file = "id,code,name,paid,day\n3,K,Ann,1,2026-01-05\n4,N,,1,2026-01-05\n5,M,Bob,1,2026-01-05\n6,O,,1,2026-01-05\n";
        shop.load_with("b.csv", 5, file).await;
        let first = shop.db.rows(COUNTS).await;
        let star = meaning(&shop.db).await;
        for _ in 0..2 {
            let (code, out, err) = shop.stardrop(&["undo", "2"]).await;
            assert_eq!((code, err.as_str()), (Some(0), ""), "{history}");
            assert!(out.contains("2 members deleted from star.dim_buyer, "), "{history}: {out}");
            let (code, _, err) = shop.stardrop(&["replay", "1", "2"]).await;
            assert_eq!((code, err.as_str()), (Some(0), ""), "{history}");
            assert_eq!(meaning(&shop.db).await, star, "{history}");
            assert_eq!(shop.db.rows(COUNTS).await, first, "{history}");
        }
        // Without the other replay: M and O are new, K has its name again, and N is as before.
        shop.stardrop(&["undo", "2"]).await;
        let (code, _, err) = shop.stardrop(&["replay", "2"]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{history}");
        assert_eq!(meaning(&shop.db).await, star, "{history}");
        assert_eq!(shop.db.rows(COUNTS).await, first, "{history}");
        assert_balanced(&shop.db).await;
    }
}
