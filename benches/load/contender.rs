//! The contenders: SQL by hand, through COPY from this process, and the command `stardrop`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use tokio_postgres::{Client, NoTls};

use crate::files::{Files, run};

/// The number of bytes of the file that are sent at once.
const CHUNK_BYTES: usize = 1 << 20;

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn execute(client: &Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql).await {
        panic!("{sql}: {error:?}");
    }
}

/// The bare table and a star by hand, in one database.
pub struct ByHand {
    pub client: Client,
    /// The statements that load the rows of the staging table.
    pub load: &'static str,
}

/// The best statements that we could write.
pub const BEST: &str = include_str!("../hand/load.sql");

/// The statements that most would write.
pub const USUAL: &str = include_str!("../hand/usual.sql");

impl ByHand {
    pub async fn prepare(&self) {
        execute(&self.client, include_str!("../hand/create.sql")).await;
    }

    /// Needs no star; creates one for the form of its staging table.
    pub async fn prepare_raw(&self) {
        self.prepare().await;
        let sql = "drop table if exists raw; create unlogged table raw (like hand.staging)";
        execute(&self.client, sql).await;
    }

    pub async fn copy(&self, table: &str, path: &Path) {
        let sql = format!("copy {table} from stdin (format csv, header)");
        let mut sink = pin!(self.client.copy_in::<_, Bytes>(&sql).await.unwrap());
        let mut file = File::open(path).unwrap();
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            if file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk).unwrap() == 0 {
                break;
            }
            sink.feed(chunk.into()).await.unwrap();
        }
        sink.finish().await.unwrap();
    }

    /// One transaction: COPY, and the statements.
    pub async fn load(&self, path: &Path) {
        execute(&self.client, "begin").await;
        self.copy("hand.staging", path).await;
        execute(&self.client, self.load).await;
        execute(&self.client, "commit").await;
    }
}

/// A database that `stardrop` loads into.
pub struct Star<'a> {
    pub files: &'a Files,
    pub url: String,
    /// How many connections a load uses.
    pub connections: &'static str,
}

impl Star<'_> {
    /// An empty star in a new database.
    pub async fn prepare(&self, admin: &Client) {
        let name = self.url.rsplit('/').next().unwrap();
        execute(admin, &format!("drop database if exists {name}")).await;
        execute(admin, &format!("create database {name}")).await;
        run(self.files.stardrop().env("DATABASE_URL", &self.url).arg("migrate"));
    }

    /// The whole command, from the start of its process to its end.
    pub async fn load(&self, path: &Path) {
        self.load_all(&[path]).await;
    }

    /// The same for several files or folders.
    pub async fn load_all(&self, paths: &[impl AsRef<Path>]) {
        let mut load = self.files.stardrop();
        load.args(["load", "--dataset", "sales"])
            .args(paths.iter().map(|path| path.as_ref().as_os_str()));
        // The runtime must go on meanwhile: a proxy may be one of its tasks.
        load.env("DATABASE_URL", &self.url).env("STARDROP_CONNECTIONS", self.connections);
        tokio::task::spawn_blocking(move || run(&mut load)).await.unwrap();
    }
}

/// Panics unless both stars have the same members, and the same sums of each customer, product and day. Returns the
/// number of these sums.
pub async fn compare(by_hand: &Client, star: &Client) -> usize {
    let [by_hand, star] = [sums(by_hand, "hand").await, sums(star, "star").await];
    for (number, (by_hand, star)) in by_hand.lines().zip(star.lines()).enumerate() {
        assert_eq!(by_hand, star, "line {number} of the stars' sums: by hand, and of stardrop");
    }
    assert_eq!(by_hand.lines().count(), star.lines().count(), "the number of sums");
    star.lines().count()
}

async fn sums(client: &Client, schema: &str) -> String {
    let sql = format!(
        "copy (
             select c.customer_id, c.customer_name, c.country, p.product_id, p.product_name, f.date_key,
                    count(*), sum(f.quantity), sum(f.quantity * f.unit_price), max(f.updated_at at time zone 'UTC')
             from {schema}.fact_sales f
             join {schema}.dim_customer c using (customer_key)
             join {schema}.dim_product p using (product_key)
             join {schema}.dim_date d using (date_key)
             group by 1, 2, 3, 4, 5, 6 order by 1, 4, 6
         ) to stdout"
    );
    let chunks: Vec<Bytes> = client.copy_out(&sql).await.unwrap().try_collect().await.unwrap();
    String::from_utf8(chunks.concat()).unwrap()
}
