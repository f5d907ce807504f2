//! Undoing loads, and loading again what was loaded or rejected before.

mod members_that_stay;
mod reject_shop;
mod reload_rejects;
mod reload_rejects_failures;
pub mod replay;
mod skipped;
mod undo_load;
mod undo_members;
