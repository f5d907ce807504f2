//! A shop whose contract first rejects half of the rows of a file, and can then be fixed.

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::everything;
use crate::support::{TestDatabase, catalog_of};

/// A shop whose days are written like this.
pub fn shop(days: &str, more: &str) -> String {
    format!(
        r#"
name  = "shop"
match = ["shop/**"]
[columns]
id        = {{ type = "bigint", required = true }}
buyer     = {{ type = "text", required = true }}
tier      = {{ type = "text" }}
item      = {{ type = "text", required = true }}
item_name = {{ type = "text" }}
day       = {{ type = "date", format = {days} }}
paid      = {{ type = "numeric(8,2)" }}
[policy]
rejects = "90%"
{more}
[dimension.buyer]
key        = ["buyer"]
attributes = ["tier"]
history    = "versions"
valid_from = "day"
[dimension.item]
key        = ["item"]
attributes = ["item_name"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer", "item", {{ date = "day" }}]
measures   = ["paid"]
as_of      = "day"
"#
    )
}

pub const STRICT: &str = r#""%Y-%m-%d""#;
pub const FIXED: &str = r#"["%Y-%m-%d", "%d.%m.%Y"]"#;

/// A shop whose contract can be fixed.
pub struct Shop {
    pub db: TestDatabase,
    pub cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Shop {
    pub async fn of(contract: &str) -> Shop {
        let catalog = catalog_of(&[("shop", contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::with_versions(&db, catalog).await;
        let shop = Shop { db, cloud, folder: tempfile::tempdir().unwrap() };
        shop.fix(contract);
        shop
    }
    pub fn fix(&self, contract: &str) {
        let folder = self.folder.path().join("shop");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("dataset.toml"), contract).unwrap();
    }
    /// The command line with the contract as it is now, as the owner of the database.
    pub fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let datasets = self.folder.path().to_str().unwrap();
        let owner = [
            ("DATABASE_URL", self.db.url.as_str()),
            ("STARDROP_DATASETS", datasets),
            ("STARDROP_SALT", "a long secret"),
        ];
        self.cloud.stardrop(arguments, &owner)
    }
    pub async fn stardrop(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        run(self.command(arguments)).await
    }
    /// Everything that a replay may touch.
    pub async fn all(&self) -> String {
        let ledger = "select l.*, l.xmin from stardrop.load l order by 1";
        let tables = "select t.* from stardrop.load_table t order by 1, 2";
        let rejected = "select r.*, r.xmin from stardrop.rejected_row r order by 1, 2";
        let mut all = everything(&self.db).await;
        for sql in [ledger, tables, rejected] {
            all.push_str(&self.db.rows(sql).await);
        }
        all
    }
}

pub const COUNTS: &str = "select state, rows_read, rows_rejected, rows_staged, rows_inserted,
    rows_updated + rows_unchanged as others, checkpoint_rows, checkpoint_line from stardrop.load order by load_id";
/// Rows that disagree about buyers, items and receipts, half of them with the other kind of day.
pub fn file(rows: u64) -> String {
    let mut seed = 7_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % below
    };
    let mut text = "id,buyer,tier,item,item_name,day,paid\n".to_owned();
    for _ in 0..rows {
        let (id, buyer, tier, item, name) = (next(rows / 2), next(9), next(3), next(12), next(4));
        let (day, paid) = (next(20) + 1, next(90));
        let day =
            if next(2) == 0 { format!("2026-01-{day:02}") } else { format!("{day:02}.01.2026") };
        text.push_str(&format!("{id},b{buyer},t{tier},i{item},n{name},{day},{paid}.50\n"));
    }
    text
}
