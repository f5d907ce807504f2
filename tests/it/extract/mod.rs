//! `stardrop extract`, from real databases into the local bucket, and from there into a star.

mod errors;
mod incremental;
mod memory;
mod mysql;
mod overtaken;
mod postgres;
mod properties;
mod task;
mod tls;

use std::path::{Path, PathBuf};

use stardrop::dataset_files;

use crate::support::TestDatabase;
use crate::support::cloud::{BUCKET, Cloud, run, stardrop};

/// A source's tables on their way to a star: contracts in a folder of their own, a database and a bucket.
struct Way {
    db: TestDatabase,
    cloud: Cloud,
    datasets: tempfile::TempDir,
    source: String,
}

impl Way {
    /// Writes the contracts by `--init` with these options, and migrates a database to them.
    async fn new(source: &str, options: &[&str]) -> Way {
        let datasets = tempfile::tempdir().unwrap();
        let mut arguments = vec!["extract", source, "--init"];
        arguments.extend(options);
        let folder = datasets.path().display().to_string();
        let vars = [("STARDROP_DATASETS", folder.as_str())];
        let (code, out, err) = run(stardrop(&arguments, &vars)).await;
        assert_eq!(code, Some(0), "{out}{err}");
        let (code, out, err) = run(stardrop(&["migrate", "--check"], &vars)).await;
        assert_eq!(code, Some(0), "{out}{err}\n{}", contracts(datasets.path()));
        let catalog = dataset_files::read(datasets.path()).unwrap();
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        Way { db, cloud, datasets, source: source.to_owned() }
    }

    fn folder(&self) -> String {
        self.datasets.path().display().to_string()
    }

    /// Runs `stardrop extract` with these options; its exit code and all that it prints.
    async fn try_extract(&self, options: &[&str]) -> (Option<i32>, String) {
        let mut arguments = vec!["extract", &self.source];
        arguments.extend(options);
        let (code, out, err) = run(self.cloud.stardrop(&arguments, &[])).await;
        (code, out + &err)
    }

    /// The same, which must succeed.
    async fn extract(&self, options: &[&str]) -> String {
        let (code, said) = self.try_extract(options).await;
        assert_eq!(code, Some(0), "{said}");
        said
    }

    /// Loads all objects below a prefix, without rejected rows.
    async fn load(&self, prefix: &str) {
        let address = format!("s3://{BUCKET}/{prefix}");
        let folder = self.folder();
        let vars = [("STARDROP_DATASETS", folder.as_str())];
        let (code, out, err) = run(self.cloud.stardrop(&["load", &address, "--json"], &vars)).await;
        assert_eq!(code, Some(0), "{out}{err}");
        let rejected =
            self.db.rows("select source_line, reason, raw from stardrop.rejected_row").await;
        assert_eq!(rejected, "", "{}", contracts(self.datasets.path()));
    }

    /// The keys of the bucket, those of states included.
    async fn keys(&self) -> Vec<String> {
        let page = self.cloud.s3.client().list_objects_v2().bucket(BUCKET).send().await.unwrap();
        page.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// How many uploads have been begun, and neither completed nor aborted.
    async fn unfinished(&self) -> usize {
        let client = self.cloud.s3.client();
        client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap().uploads().len()
    }
}

/// Waits until the second is over in which rows were written: a run leaves it to the next one.
async fn next_second() {
    // Sleeps: the clock of the source is what is tested.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
}

fn contracts(folder: &Path) -> String {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path().join("dataset.toml");
        texts.push(std::fs::read_to_string(path).unwrap());
    }
    texts.join("\n----\n")
}
