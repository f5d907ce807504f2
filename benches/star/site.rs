//! A database with a star of any size: creates it, fills it, and times batches.

use std::path::PathBuf;
use std::time::Instant;

use stardrop::dataset::Catalog;
use stardrop::db::Client;
use stardrop::{migrate, star};
use stardrop_local::postgres::LocalPostgres;
use tokio_postgres::NoTls;

/// The number of facts of the small star.
pub const SMALL: i64 = 100_000;
/// The number of rows of a batch.
pub const BATCH: i64 = 10_000;
/// The number of batches of each kind.
pub const TRIALS: i64 = 4;
const FACTS_PER_MEMBER: i64 = 10;
/// The surrogate keys of one copy of the small star are below this number.
const KEYS: i64 = 1_000_000;

/// The kinds of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Batch {
    /// New rows and members.
    New,
    /// Existing rows, unchanged.
    Same,
    /// Existing rows and members, changed, with later times.
    Changed,
    /// Members with an attribute that differs between two known versions: facts move to a new version.
    Late,
}

pub const BATCHES: [Batch; 4] = [Batch::New, Batch::Same, Batch::Changed, Batch::Late];

/// A database with a star of this number of facts.
pub struct Site {
    client: Client,
    facts: i64,
}

impl Site {
    async fn run(&self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql).await {
            panic!("{sql}: {error:?}");
        }
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        self.client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Inserts rows. Their values depend only on their numbers and on `changed`.
    async fn insert(&self, numbers: &str, changed: &str, shift: &str) {
        self.run(&format!(
            "insert into staging.shop (id, member, town, name, paid, at, rev)
             select i, (i - 1) / {SMALL} * {members} + (i - 1) % {members} + 1,
                    't' || (i - 1) % {members} % 7, 'n' || (i - 1) % {members} || '{changed}',
                    (i - 1) % {SMALL} + length('{changed}'),
                    timestamp '2026-01-01' + (i - 1) % {SMALL} * interval '1 second' + {shift},
                    length('{changed}')
             from ({numbers}) n (i)",
            members = SMALL / FACTS_PER_MEMBER,
        ))
        .await;
    }

    /// Inserts a batch, and returns the seconds that it took.
    pub async fn batch(&self, batch: Batch, trial: i64) -> f64 {
        // Every tenth row of the small star, and the same number of rows of the large one; each trial
        // takes others.
        let spread = |offset: i64| {
            format!(
                "select k * {} + {offset} + 1 from generate_series(0::bigint, {} - 1) k",
                self.facts / BATCH,
                BATCH
            )
        };
        let changed = "x".repeat(trial as usize + 1);
        let start = Instant::now();
        match batch {
            Batch::New => {
                let from = self.facts + trial * BATCH;
                let numbers =
                    format!("select generate_series({}::bigint, {})", from + 1, from + BATCH);
                self.insert(&numbers, "", "interval '0'").await;
            }
            Batch::Same => self.insert(&spread(0), "", "interval '0'").await,
            Batch::Changed => self.insert(&spread(1 + trial), &changed, "interval '2 days'").await,
            Batch::Late => {
                let shift = "interval '0.5 seconds'";
                self.insert(&spread(1 + TRIALS + trial), &changed, shift).await;
            }
        }
        start.elapsed().as_secs_f64()
    }

    /// Fills the star: SMALL facts through the trigger, the rest as copies of them.
    async fn fill(&self) {
        self.insert(&format!("select generate_series(1::bigint, {SMALL})"), "", "interval '0'")
            .await;
        if self.facts > SMALL {
            for table in self
                .texts(
                    "select c.oid::regclass::text from pg_class c
                 where c.relnamespace = 'star'::regnamespace and c.relkind = 'r'
                   and c.relname <> 'dim_date' order by 1",
                )
                .await
            {
                self.grow(&table).await;
            }
        }
        self.run("vacuum (freeze, analyze)").await;
        self.run("checkpoint").await;
    }

    async fn grow(&self, table: &str) {
        let columns = self
            .texts(&format!(
                "select attname::text from pg_attribute
                 where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped
                   and attgenerated = '' order by attnum"
            ))
            .await;
        // Foreign keys after the keys that they reference; they are dropped in the other order.
        let constraints = self
            .texts(&format!(
                "select format('alter table {table} add constraint %I %s', conname, pg_get_constraintdef(oid))
                 from pg_constraint where conrelid = '{table}'::regclass order by contype = 'f'"
            ))
            .await;
        let indexes = self
            .texts(&format!(
                "select pg_get_indexdef(indexrelid) from pg_index
                 where indrelid = '{table}'::regclass
                   and not exists (select from pg_constraint where conindid = indexrelid and contype <> 'f')"
            ))
            .await;
        for drop in self
            .texts(&format!(
                "select format('alter table {table} drop constraint %I', conname)
                 from pg_constraint where conrelid = '{table}'::regclass order by contype <> 'f'"
            ))
            .await
        {
            self.run(&drop).await;
        }
        for drop in self
            .texts(&format!(
                "select format('drop index %s', indexrelid::regclass) from pg_index where indrelid = '{table}'::regclass"
            ))
            .await
        {
            self.run(&drop).await;
        }
        let is_dimension = table.starts_with("star.dim_");
        let members = SMALL / FACTS_PER_MEMBER;
        self.run(&format!(
            "create temporary table small as select * from {table}{}",
            if is_dimension { " where member_key > 0" } else { "" }
        ))
        .await;
        for copy in 1..self.facts / SMALL {
            let values: Vec<String> = columns
                .iter()
                .map(|column| match column.as_str() {
                    "id" => format!("id + {}", copy * SMALL),
                    "member" => format!("member + {}", copy * members),
                    "member_key" => format!("member_key + {}", copy * KEYS),
                    other => format!("\"{other}\""),
                })
                .collect();
            let names = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
            self.run(&format!(
                "insert into {table} ({names}) overriding system value select {} from small",
                values.join(", ")
            ))
            .await;
        }
        self.run("drop table small").await;
        for add in constraints.iter().chain(&indexes) {
            self.run(add).await;
        }
        if is_dimension {
            self.run(&format!(
                "select setval(pg_get_serial_sequence('{table}', 'member_key'), {})",
                (self.facts / SMALL + 1) * KEYS
            ))
            .await;
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.into()
}

/// Creates a database with a filled star.
pub async fn site(postgres: &LocalPostgres, contract: &str, name: &str, facts: i64) -> Site {
    let admin = connect(&postgres.url("postgres")).await;
    admin.batch_execute(&format!("drop database if exists {name}")).await.unwrap();
    admin.batch_execute(&format!("create database {name}")).await.unwrap();
    let mut client = connect(&postgres.url(name)).await;
    let contract = (PathBuf::from("dataset.toml"), "shop".to_owned(), contract.to_owned());
    let catalog = Catalog::read([contract]).unwrap();
    migrate::run(&mut client, &star::compile(&catalog)).await.unwrap();
    let site = Site { client, facts };
    site.fill().await;
    site
}
