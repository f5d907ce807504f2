//! Changes one byte of a valid file and loads it: every row that the change did not touch is loaded as before,
//! or is in a rejected row, or the file is refused.

use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, catalog_of};

const CONTRACT: &str = r#"
name  = "things"
match = ["things/**"]
[columns]
id = { type = "integer", required = true }
n  = { type = "numeric(8,2)" }
t  = { type = "text" }
[policy]
rejects = "90%"
[fact.thing]
grain      = ["id"]
measures   = ["n"]
degenerate = ["t"]
"#;

const FILE: &str = "id,n,t\n1,1.50,plain\n2,,\"red, hot\"\n3,3.25,\"say \"\"hi\"\"\"\n4,4.75,\"two\nlines\"\n5,5.00,end\n";
const ROWS: &str =
    "1|1.50|plain\n2|null|red, hot\n3|3.25|say \"hi\"\n4|4.75|two\nlines\n5|5.00|end";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_never_changes_a_row_that_it_is_not_in() {
    let catalog = catalog_of(&[("things", CONTRACT)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let mut loader = cloud.loader();
    let rows = "select id, n, t from star.fact_thing order by 1";
    let rejected = "select coalesce(string_agg(raw, e'\\n'), '') from stardrop.rejected_row
                    where load_id = (select max(load_id) from stardrop.load)";
    let (mut loaded, mut refused, mut some_rejected) = (0, 0, 0);
    for at in (7..FILE.len()).step_by(3) {
        for mark in ["\"", ",", "\n", "\r", "\\"] {
            let text = format!("{}{mark}{}", &FILE[..at], &FILE[at..]);
            let object =
                cloud.put(&format!("things/{at}-{}.csv", mark.escape_debug()), text.clone()).await;
            let Ok(report) = loader.load(&object, None).await else {
                refused += 1;
                continue;
            };
            loaded += 1;
            some_rejected += u32::from(report.rows_rejected > 0);
            let touched = 1 + FILE[..at].replace("two\n", "two ").matches('\n').count();
            let (star, raws) = (db.rows(rows).await, db.text(rejected).await);
            for row in [
                "1|1.50|plain",
                "2|null|red, hot",
                "3|3.25|say \"hi\"",
                "4|4.75|two\nlines",
                "5|5.00|end",
            ] {
                let id = &row[..1];
                let is_touched = id == (touched - 1).to_string();
                let raw = FILE.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
                let is_there = format!("\n{star}\n").contains(&format!("\n{row}\n"));
                assert!(
                    is_there || is_touched || raws.contains(raw) || star.contains(raw),
                    "{text}\n--\n{star}\n--\n{raws}"
                );
            }
            assert!(star.lines().count() <= ROWS.lines().count() + 1, "{text}\n--\n{star}");
            db.run("truncate star.fact_thing").await;
        }
    }
    assert!(loaded > 50 && refused > 0 && some_rejected > 20, "{loaded} {refused} {some_rejected}");
}
