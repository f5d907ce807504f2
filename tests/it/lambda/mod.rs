//! Tests of the `loader` program, which runs against a local Lambda runtime API.

pub mod event_shapes;
pub mod events;
mod migrate_task;
mod package;
pub mod shutdown;
mod tasks;
mod telemetry;
