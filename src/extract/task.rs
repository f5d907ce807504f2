//! Task: turns the request that the Lambda function gets into what to extract.

use super::amount::{parse_bytes, parse_duration};
use super::compress::Compression;
use super::csv::ZeroDates;
use super::format::Format;
use super::job::{Login, Query, Request};
use super::name::dataset_name;
use super::target::Address;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::Extract;

/// The defaults of `overlap` and `format`, as those of the command.
const OVERLAP: &str = "10m";
const FORMAT: &str = "csv";

impl Request {
    /// What the request asks for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedEvent`] with the key and what is expected.
    pub fn from_event(event: &Extract) -> Result<Request> {
        let address = |key, text: &String| match Address::parse(text) {
            // The files of a function are gone with it.
            Ok(Address::Folder(_)) => Err(wrong(key, "expected s3://bucket/prefix/")),
            found => found.map_err(|expected| wrong(key, &expected)),
        };
        let since = event.since.is_some();
        for (key, is_set) in [("split", event.split.is_some()), ("state", event.state.is_some())] {
            if is_set && !since {
                return Err(wrong(key, "only with `since`"));
            }
        }
        let format = Format::parse(event.format.as_deref().unwrap_or(FORMAT));
        let compression =
            event.compression.as_deref().map_or(Ok(Compression::Zstd), Compression::parse);
        let zero_dates = event.zero_dates.as_deref().map_or(Ok(ZeroDates::Null), ZeroDates::parse);
        let overlap = parse_duration(event.overlap.as_deref().unwrap_or(OVERLAP));
        Ok(Request {
            source: event.source.clone(),
            login: match (&event.secret, event.iam) {
                (Some(secret), _) => Login::Secret(secret.clone()),
                (None, true) => Login::Iam,
                (None, false) => Login::Password,
            },
            tables: event.tables.clone(),
            patterns: event.patterns.clone(),
            query: event
                .query
                .as_ref()
                .map(|query| Query { name: dataset_name(&query.name), sql: query.sql.clone() }),
            to: address("to", &event.to)?,
            state: event.state.as_ref().map(|state| address("state", state)).transpose()?,
            since: event.since.clone(),
            overlap: overlap.map_err(|expected| wrong("overlap", &expected))?,
            format: format.map_err(|expected| wrong("format", &expected))?,
            compression: compression.map_err(|expected| wrong("compression", &expected))?,
            split_bytes: event
                .split
                .as_deref()
                .map(parse_bytes)
                .transpose()
                .map_err(|expected| wrong("split", &expected))?,
            zero_dates: zero_dates.map_err(|expected| wrong("zero_dates", &expected))?,
        })
    }
}

fn wrong(key: &str, expected: &str) -> Error {
    Error::new(ErrorKind::MalformedEvent, Stage::Event, format!("extract.{key}: {expected}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{self, Event, Task};

    fn request(more: Value) -> Result<Request> {
        let mut extract = json!({
            "source": "mysql://reader@db/shop", "tables": ["orders"], "to": "s3://inbox/orders",
        });
        let Value::Object(more) = more else { panic!("{more}") };
        for (key, value) in more {
            extract[key] = value;
        }
        match event::parse(&json!({ "extract": extract }))? {
            Event::Task(Task::Extract(extract)) => Request::from_event(&extract),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_has_the_options_and_the_defaults_of_the_command() {
        let plain = request(json!({})).unwrap();
        assert_eq!(
            (plain.to.to_string().as_str(), plain.login),
            ("s3://inbox/orders/", Login::Password)
        );
        assert_eq!((plain.overlap.as_mins(), plain.format.name), (10, "csv"));
        let full = request(json!({
            "secret": "arn:x", "since": "at", "overlap": "1h", "split": "1MB", "state": "s3://inbox/s/",
            "format": "parquet", "compression": "gzip", "zero_dates": "fail",
        }))
        .unwrap();
        assert_eq!(full.login, Login::Secret("arn:x".to_owned()));
        assert_eq!((full.overlap.as_hours(), full.split_bytes), (1, Some(1_000_000)));
        assert_eq!((full.format.name, full.compression), ("parquet", Compression::Gzip));
        assert_eq!(full.zero_dates, ZeroDates::Fail);
    }

    #[test]
    fn what_is_wrong_is_named_and_a_password_is_refused_without_showing_it() {
        for (more, said) in [
            (json!({ "to": "/tmp/out" }), "extract.to: expected s3://bucket/prefix/"),
            (json!({ "split": "1MB" }), "extract.split: only with `since`"),
            (json!({ "format": "xlsx" }), "extract.format: expected csv or parquet"),
            (json!({ "compression": "xz" }), "extract.compression: expected zstd, gzip or none"),
            (json!({ "overlap": "soon" }), "extract.overlap: expected a time such as"),
            (json!({ "source": "mysql://a:hunter2@db/x" }), "extract: the URL has a password"),
            (json!({ "secret": "arn:x", "iam": true }), "extract: set either `secret` or `iam`"),
            (json!({ "tables": [] }), "extract: name `tables` or `patterns`, or one `query`"),
            (json!({ "tabels": [] }), "found `tabels`"),
        ] {
            let error = request(more).unwrap_err();
            assert_eq!(error.kind, ErrorKind::MalformedEvent, "{said}");
            assert!(error.message.contains(said), "{}", error.message);
            assert!(!error.message.contains("hunter2"), "{}", error.message);
        }
    }
}
