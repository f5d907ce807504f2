//! Commands of the `stardrop` program that have no other folder here.

mod generate;
mod reconcile;
mod rejects;
mod status;
