//! Tests over the published files in `../shared/data`, which is no part of the project.

mod csv_spectrum;
mod every_file;
mod examples;
mod mock_retail;
mod online_retail;
mod retail_history;
mod s3_events;
