//! Local: this machine's programs and folders in, a Postgres server and an S3 endpoint out.
//!
//! For `stardrop dev` and the tests. Knows nothing of the pipeline.

pub mod postgres;

pub mod s3;

pub mod sqs;
