//! Undoing loads, and loading again what was loaded or rejected before.

mod replay;
mod replay_rejects;
mod undo_load;
