//! Undoing loads, and loading again what was loaded or rejected before.

mod reject_shop;
mod reload_rejects;
mod reload_rejects_failures;
mod replay;
mod undo_load;
