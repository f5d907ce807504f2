//! EMF: writes metrics as a log line in CloudWatch's embedded metric format.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::Write;

use serde_json::{Map, Value, json};

/// The unit of a metric, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of CloudWatch's units")]
pub enum Unit {
    Count,
    Bytes,
    Milliseconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Bytes => "Bytes",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// Metrics with the same time and dimension.
#[derive(Debug, Default)]
pub struct Metrics {
    definitions: Vec<Value>,
    members: Map<String, Value>,
}

impl Metrics {
    /// Adds a metric.
    pub fn put(&mut self, name: &str, unit: Unit, value: u64) {
        self.definitions.push(json!({ "Name": name, "Unit": unit.as_str() }));
        self.members.insert(name.to_owned(), value.into());
    }

    /// Adds a property: a field for searching the log, which is not a metric.
    pub(crate) fn property(&mut self, name: &str, value: impl Into<Value>) {
        self.members.insert(name.to_owned(), value.into());
    }

    /// Whether there is no metric.
    fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// The document, with the metrics of `namespace` under one dimension.
    fn document(self, namespace: &str, dimension: (&str, &str), at_ms: i64) -> Value {
        let (name, value) = dimension;
        let mut document = self.members;
        document.insert(name.to_owned(), value.into());
        document.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": at_ms,
                "CloudWatchMetrics": [{
                    "Namespace": namespace,
                    "Dimensions": [[name]],
                    "Metrics": self.definitions,
                }],
            }),
        );
        Value::Object(document)
    }

    /// Writes the document as a line to standard output, from where Lambda sends it to CloudWatch. Without a metric,
    /// writes nothing.
    pub(crate) fn emit(self, namespace: &str, dimension: (&str, &str)) {
        if self.is_empty() {
            return;
        }
        let now = jiff::Timestamp::now().as_millisecond();
        let mut line = self.document(namespace, dimension, now).to_string();
        line.push('\n');
        // Where standard output is closed, there is no other place to report it.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_each_metric_and_holds_its_value_at_the_top() {
        let mut metrics = Metrics::default();
        metrics.put("RowsRead", Unit::Count, 7);
        metrics.put("LoadDuration", Unit::Milliseconds, 12);
        metrics.property("load_id", 3);
        let expected = json!({
            "_aws": {
                "Timestamp": 1_700_000_000_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Stardrop",
                    "Dimensions": [["Dataset"]],
                    "Metrics": [
                        { "Name": "RowsRead", "Unit": "Count" },
                        { "Name": "LoadDuration", "Unit": "Milliseconds" },
                    ],
                }],
            },
            "Dataset": "sales", "RowsRead": 7, "LoadDuration": 12, "load_id": 3,
        });
        let document = metrics.document("Stardrop", ("Dataset", "sales"), 1_700_000_000_000);
        assert_eq!(document, expected);
    }
}
