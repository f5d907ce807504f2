//! Tests of a load from its event to its end: exactly once, whatever goes wrong on the way.

mod bisect;
mod claim;
mod concurrency;
mod deadline;
mod duplicates;
mod enrichment;
mod enrichment_again;
pub mod entries;
pub mod exactly_once;
pub mod failures;
mod failures_of_contracts;
mod full_extracts;
pub mod key_columns;
mod key_columns_again;
pub mod memory;
pub mod order;
pub mod parts;
mod parts_again;
mod parts_extracts;
mod parts_resume;
pub mod rejects;
mod replace;
pub mod resume;
mod round_trips;
mod same_content;
mod staging_keep;
mod unmatched;
