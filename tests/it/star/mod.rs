//! The star schema: what the trigger writes to dimensions and facts.

mod column_names;
mod diagram;
mod facts;
mod insert_by_hand;
mod lineage;
mod plpgsql;
mod query_plans;
mod shared_dimension;
mod traps;
mod trigger;
mod versions;
