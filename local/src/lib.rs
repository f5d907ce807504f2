//! A Postgres server, a MariaDB server, an S3 endpoint with events and an SQS endpoint on this machine,
//! for development and tests. Knows nothing of what is built on them.

pub mod mariadb;

pub mod postgres;

pub mod s3;

pub mod sqs;
