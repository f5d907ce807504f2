//! A migrated database and a bucket for a list of contracts.

use stardrop::load::LoadReport;

use super::cloud::Cloud;
use super::{TestDatabase, catalog_of};

pub struct Site {
    pub db: TestDatabase,
    pub cloud: Cloud,
}

impl Site {
    pub async fn of(contracts: &[(&str, &str)]) -> Site {
        let catalog = catalog_of(contracts);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        Site { db, cloud }
    }

    /// Loads a file as if it had been written on that day of January 2026.
    pub async fn load(&self, key: &str, day: u8, text: &str) -> LoadReport {
        let mut object = self.cloud.put(&format!("{key}.csv"), text).await;
        object.object_time = Some(format!("2026-01-{day:02}T00:00:00Z").parse().unwrap());
        self.cloud.load(&object).await.unwrap()
    }

    pub async fn rows(&self, sql: &str) -> String {
        self.db.rows(sql).await
    }
}
