//! Star: how long a batch takes against a small fact and against a large one, for each kind of
//! dimension and of fact. Both are measured in turns in one run, so that their ratio means something
//! on a noisy machine.
//!
//! `make bench-star ROWS=20000000` prints a table. Facts and members grow together, ten facts for
//! each member, and a batch touches rows and members all over the tables.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here has nobody to tell")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use stardrop::dataset::Catalog;
use stardrop::{migrate, star};
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};
use tokio_postgres::{Client, NoTls};

const SMALL: i64 = 100_000;
const LARGE: i64 = 20_000_000;
const FACTS_PER_MEMBER: i64 = 10;
const BATCH: i64 = 10_000;
/// Of each kind of batch; the quickest counts.
const TRIALS: i64 = 4;
/// Members of one copy of the small star are numbered below this.
const KEYS: i64 = 1_000_000;

const COLUMNS: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id     = { type = "bigint", required = true }
member = { type = "bigint" }
town   = { type = "text" }
name   = { type = "text" }
paid   = { type = "integer" }
at     = { type = "timestamp" }
kind   = { type = "text" }
rev    = { type = "integer" }
"#;

/// What is measured, and what the contract says beside its columns.
const KINDS: &[(&str, &str)] = &[
    (
        "fact, by grain",
        "[fact.sale]\ngrain = [\"id\"]\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, by grain and `version`",
        "[fact.sale]\ngrain = [\"id\"]\nversion = \"rev\"\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, `keep`",
        "[fact.sale]\ngrain = [\"id\"]\nconflict = \"keep\"\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, `delete_when`",
        "[fact.sale]\ngrain = [\"id\"]\ndelete_when = \"kind = 'delete'\"\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, replaced",
        "[policy]\noverwrite = \"replace\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, append only",
        "[fact.sale]\ndimensions = [{ date = \"at\" }]\nmeasures = [\"id\", \"paid\"]",
    ),
    (
        "dimension, key alone",
        "[dimension.member]\nkey = [\"member\"]\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, `overwrite`",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, `first`",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\nhistory = \"first\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, `versions`",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\nhistory = \"versions\"\nvalid_from = \"at\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nas_of = \"at\"\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, mixed",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\nhistory = { default = \"overwrite\", name = \"versions\" }\nvalid_from = \"at\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nas_of = \"at\"\nmeasures = [\"paid\"]",
    ),
];

/// A batch: what it is, and which rows of the whole it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Batch {
    /// Rows and members that are not there yet.
    New,
    /// Rows that are there, as they are.
    Same,
    /// Rows and members that are there, changed, and later.
    Changed,
    /// Members that looked different once, between what is known: facts move to other versions.
    Late,
}

const BATCHES: [Batch; 4] = [Batch::New, Batch::Same, Batch::Changed, Batch::Late];

/// A star of so many facts.
struct Site {
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

    /// Inserts rows; their values follow from their numbers alone, but for what changed.
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

    async fn batch(&self, batch: Batch, trial: i64) -> f64 {
        // Every tenth row of the small star, as many of the large one, each time others.
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

    /// Brings the star to its size: the small one through the trigger, the large one in copies.
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
        // Keys first, and what refers to them after: they go in the other order.
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
    client
}

async fn site(postgres: &LocalPostgres, contract: &str, name: &str, facts: i64) -> Site {
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

#[tokio::main]
async fn main() {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let large: i64 = var("STARDROP_BENCH_ROWS").map_or(LARGE, |rows| rows.parse().unwrap());
    let only = var("STARDROP_BENCH_KIND").unwrap_or_default();
    let bin = find_binaries(
        var("PG_BIN").map(PathBuf::from).as_deref(),
        std::env::var_os("PATH").as_deref(),
    );
    let mut options = PostgresOptions::throwaway(bin.unwrap());
    for (name, value) in
        [("shared_buffers", "1GB"), ("maintenance_work_mem", "512MB"), ("max_wal_size", "8GB")]
    {
        options.settings.push((name.to_owned(), value.to_owned()));
    }
    let postgres = LocalPostgres::start(options).unwrap();
    println!(
        "Postgres {}, batches of {BATCH} rows, ms at {SMALL} facts / at {large} facts / ratio\n",
        postgres.version()
    );
    println!("| kind | new | the same again | changed | late |\n|---|---|---|---|---|");
    for (kind, contract) in KINDS.iter().filter(|(kind, _)| kind.contains(&only)) {
        let contract = format!("{COLUMNS}{contract}\n");
        let sites = [
            site(&postgres, &contract, "small", SMALL).await,
            site(&postgres, &contract, "large", large).await,
        ];
        let mut best: BTreeMap<(Batch, usize), f64> = BTreeMap::new();
        for trial in 0..TRIALS {
            for batch in BATCHES {
                for (place, site) in sites.iter().enumerate() {
                    let seconds = site.batch(batch, trial).await;
                    let least = best.entry((batch, place)).or_insert(f64::INFINITY);
                    *least = least.min(seconds);
                }
            }
        }
        let cells: Vec<String> = BATCHES
            .iter()
            .map(|batch| {
                let [small, large] = [0, 1].map(|place| best[&(*batch, place)] * 1000.0);
                format!("{small:.0} / {large:.0} / {:.2}", large / small)
            })
            .collect();
        println!("| {kind} | {} |", cells.join(" | "));
    }
    postgres.stop().unwrap();
}
