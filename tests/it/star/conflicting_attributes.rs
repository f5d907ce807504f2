//! Files that contradict themselves about a member of a dimension: the last row of the newest file wins.

use std::collections::BTreeMap;

use stardrop::load::Loader;
use stardrop::object::ObjectRef;

use crate::support::TestDatabase;
use crate::support::cloud::Cloud;
use crate::support::fixtures::contradicting_sales;
use crate::support::star_content::assert_balanced;

const STORES: &str = "select store_id, store_name, store_location from star.dim_store
    where store_id is not null order by store_id";

/// Name and place of each store by its last row of these files, in this order. The files have no
/// quotes, so that reading them is a split.
fn last_rows_win(files: &[&[u8]]) -> String {
    let mut stores = BTreeMap::new();
    for file in files {
        let text = std::str::from_utf8(file).unwrap();
        assert!(!text.contains('"'));
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            stores
                .insert(fields[5].parse::<i64>().unwrap(), format!("{}|{}", fields[6], fields[7]));
        }
    }
    stores.iter().map(|(id, row)| format!("{id}|{row}")).collect::<Vec<_>>().join("\n")
}

async fn load_as_of(loader: &mut Loader, object: &ObjectRef, time: &str) {
    let object = ObjectRef { object_time: Some(time.parse().unwrap()), ..object.clone() };
    assert_eq!(loader.load(&object, None).await.unwrap().rows_rejected, 0);
}

#[tokio::test]
async fn the_last_row_of_the_newer_file_wins_whichever_file_arrives_first() {
    let [one, two] = contradicting_sales();
    last_row_of_the_newer_file_wins(&one, &two, 120).await;
}

/// Loads both files, either of them as the newer one, in either order. They have `rows` rows.
pub async fn last_row_of_the_newer_file_wins(one: &[u8], two: &[u8], rows: u32) {
    const EARLY: &str = "2026-01-05T10:00:00Z";
    const LATE: &str = "2026-01-05T10:00:01Z";

    // Which part is the newer one, and whether it arrives first.
    for (newer_is_two, newer_first) in [(true, false), (true, true), (false, false), (false, true)]
    {
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        let (older, newer) = if newer_is_two { (one, two) } else { (two, one) };
        let old_object = cloud.put("mock_retail/old.csv", older).await;
        let new_object = cloud.put("mock_retail/new.csv", newer).await;
        let mut loader = cloud.loader();
        if newer_first {
            load_as_of(&mut loader, &new_object, LATE).await;
            assert_eq!(db.rows(STORES).await, last_rows_win(&[newer]), "one file alone");
            load_as_of(&mut loader, &old_object, EARLY).await;
        } else {
            load_as_of(&mut loader, &old_object, EARLY).await;
            load_as_of(&mut loader, &new_object, LATE).await;
        }
        assert_eq!(
            db.rows(STORES).await,
            last_rows_win(&[older, newer]),
            "newer is two: {newer_is_two}, newer first: {newer_first}"
        );
        let facts = db.text("select count(*) from star.fact_store_sale").await;
        assert_eq!(facts, rows.to_string());
        assert_balanced(&db).await;
    }
}
