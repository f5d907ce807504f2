//! Integration tests: the S3 endpoint over HTTP with Amazon's own client, and a real Postgres server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod postgres;
mod s3;
