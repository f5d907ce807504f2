//! Tests of migrations, which make a database match its contracts.

pub mod apply;
pub mod changes;
mod contract_sidecars;
mod contract_sql;
mod during_loads;
mod formula;
mod full_extracts;
mod many_datasets;
mod months;
mod others;
mod plan;
