//! Tests of the star schema: what the triggers write to dimensions and facts.

mod audit;
mod column_names;
mod confirmations;
pub mod conflicting_attributes;
mod diagram;
mod facts;
mod findings;
mod generated_sql;
mod insert_by_hand;
pub mod known_sums;
mod lineage;
mod local_days;
mod month_concurrency;
mod month_plans;
pub mod months;
pub mod online_retail;
mod plpgsql;
mod query_plans;
mod repetitions;
pub mod retail_history;
mod shared_dimension;
mod traps;
mod trigger;
mod versions;
mod wide_rows;
