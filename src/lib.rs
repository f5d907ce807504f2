//! Stardrop: loads objects from S3 into a Postgres star schema, every row exactly once.
//!
//! The modules are listed in the order in which data moves through them:
//!
//! ```text
//! event -> object -> decode -> records -> enrich -> rows -> copy -> [trigger: staging -> star] -> ledger
//! ```
//!
//! Data moves down that list and never up. Only `load` knows more than its neighbours.

pub mod event;

pub mod types;

pub mod dataset;

pub mod dataset_files;

pub mod object;

pub mod decode;

pub mod records;

pub mod archive;

pub mod enrich;

pub mod rows;

mod copy;

pub mod ledger;

pub mod load;

pub mod reconcile;

pub mod queue;

pub mod handler;

pub mod star;

pub mod migrate;

pub mod mock;

pub mod extract;

pub mod db;

mod aws;

pub mod settings;

pub mod error;

pub mod telemetry;
