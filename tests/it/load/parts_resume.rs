//! A loader is killed in the middle of a workbook's third sheet, or between two sheets: what is done stays done, and the
//! next loader loads the rest, each row once.

use stardrop::load::Outcome;

use crate::load::parts::{book, contract};
use crate::support::cloud::{BUCKET, Cloud, run};
use crate::support::killed::killed_in_a_batch;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

/// The rows of each sheet, in batches of 200.
const ROWS: i32 = 1_000;

const SHEETS: [&str; 5] = ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"];

fn months() -> Vec<u8> {
    let sheet = |at: usize| -> Vec<(i32, &'static str)> {
        (1..=ROWS).map(|row| (at as i32 * 10_000 + row, "some name")).collect()
    };
    let sheets: Vec<(&str, Vec<(i32, &str)>)> =
        SHEETS.iter().enumerate().map(|(at, name)| (*name, sheet(at))).collect();
    let sheets: Vec<(&str, &[(i32, &str)])> =
        sheets.iter().map(|(name, rows)| (*name, rows.as_slice())).collect();
    book(&sheets)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loader_killed_in_the_third_sheet_of_five_is_followed_by_one_that_finishes_them() {
    let text = contract("months", "[\"2025-*\"]", "", "grain = [\"id\"]\nmeasures = []");
    // The row at which the loader waits and is killed, and the sheets' rows by then.
    for (stop, committed) in
        [(20_751, [1_000, 1_000, 600, 0, 0]), (20_001, [1_000, 1_000, 0, 0, 0])]
    {
        let catalog = catalog_of(&[("months", &text)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        let object = cloud.put("in/a.xlsx", months()).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("months")).unwrap();
        std::fs::write(folder.path().join("months/dataset.toml"), &text).unwrap();
        let insert = format!(
            "insert into star.fact_months (id, part, name_key, load_id, source_line)
                values ({stop}, '', -1, 0, 0)"
        );
        let datasets = folder.path().display().to_string();
        let vars = [("STARDROP_DATASETS", datasets.as_str()), ("STARDROP_BATCH_ROWS", "200")];
        let address = format!("s3://{BUCKET}/in/a.xlsx");
        killed_in_a_batch(&db, cloud.stardrop(&["load", &address], &vars), &insert).await;
        let at = "select part, state, checkpoint_rows from stardrop.load order by load_id";
        let states = ["loaded", "loaded", "loading", "loading", "loading"];
        let wanted = SHEETS.iter().zip(states).zip(committed);
        let wanted = wanted.map(|((part, state), rows)| format!("{part}|{state}|{rows}"));
        assert_eq!(db.rows(at).await, wanted.collect::<Vec<_>>().join("\n"));

        // The object is not done, which reconcile finds.
        let vars = [("STARDROP_DATASETS", datasets.as_str())];
        let (code, out, err) =
            run(cloud.stardrop(&["reconcile", &format!("s3://{BUCKET}/")], &vars)).await;
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(out.contains("stuck    s3://inbox/in/a.xlsx"), "{out}");

        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "200")]);
        let loads = loader.load_parts(&object, None).await;
        let outcomes: Vec<Outcome> =
            loads.into_iter().map(|load| load.result.unwrap().outcome).collect();
        let (done, loaded) = (Outcome::AlreadyLoaded, Outcome::Loaded);
        assert_eq!(outcomes, [done, done, loaded, loaded, loaded]);
        assert_eq!(
            db.rows(
                "select part, count(*), count(distinct source_line), min(id), max(id)
                     from star.fact_months group by 1 order by 1"
            )
            .await,
            SHEETS
                .iter()
                .enumerate()
                .map(|(at, part)| format!(
                    "{part}|1000|1000|{}|{}",
                    at * 10_000 + 1,
                    at * 10_000 + 1_000
                ))
                .collect::<Vec<_>>()
                .join("\n")
        );
        let (_, out, _) =
            run(cloud.stardrop(&["reconcile", &format!("s3://{BUCKET}/")], &vars)).await;
        assert!(out.contains("0 stuck, 0 failed"), "{out}");
        assert_balanced(&db).await;
    }
}
