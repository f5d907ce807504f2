//! Commands of the `stardrop` program that have no other folder here.

mod generate;
mod prune_facts;
mod reconcile;
mod rejects;
mod status;
