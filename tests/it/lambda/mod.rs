//! The `loader` program, run against a local copy of the Lambda runtime API.

pub mod event_shapes;
pub mod events;
mod migrate_task;
mod package;
pub mod shutdown;
mod tasks;
mod telemetry;
