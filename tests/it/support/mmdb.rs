//! Writes small MaxMind DBs for tests: any records, by network.
//!
//! The format: <https://maxmind.github.io/MaxMind-DB/>, version 2.0. The unit tests and the benchmarks include this
//! file, too.

#![allow(dead_code, reason = "not all of those who include this file use all of it")]

use std::net::IpAddr;

use serde_json::Value;

/// A database that is being written.
pub struct MmdbWriter {
    record_bits: usize,
    ip_version: u16,
    /// The two records of each node.
    nodes: Vec<[Record; 2]>,
    data: Vec<u8>,
    metadata: Value,
    said_nodes: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Record {
    Empty,
    Node(usize),
    Data(usize),
}

impl MmdbWriter {
    /// An empty database with records of 24, 28 or 32 bits, for IPv4 (4) or for both (6).
    pub fn new(record_bits: usize, ip_version: u16) -> MmdbWriter {
        let metadata = serde_json::json!({
            "binary_format_major_version": 2,
            "binary_format_minor_version": 0,
            "build_epoch": 1_780_000_000_u64,
            "database_type": "Test-City",
            "description": {},
            "ip_version": ip_version,
            "languages": [],
            "record_size": record_bits,
        });
        let nodes = vec![[Record::Empty; 2]];
        MmdbWriter { record_bits, ip_version, nodes, data: Vec::new(), metadata, said_nodes: None }
    }

    /// Sets a value of the metadata.
    pub fn metadata(mut self, key: &str, value: Value) -> MmdbWriter {
        self.metadata[key] = value;
        self
    }

    /// Adds the record of a network such as `1.2.3.0/24`. In a database for both, an IPv4 network is at `::/96`.
    pub fn add(mut self, network: &str, record: Value) -> MmdbWriter {
        let at = self.data.len();
        encode(&record, &mut self.data);
        self.set(network, Record::Data(at));
        self
    }

    /// Makes a network lead to the IPv4 addresses, which have some of their networks already.
    pub fn alias(mut self, network: &str) -> MmdbWriter {
        let mut node = 0;
        for _ in 0..96 {
            let Record::Node(next) = self.nodes[node][0] else {
                panic!("there is no IPv4 network")
            };
            node = next;
        }
        self.set(network, Record::Node(node));
        self
    }

    fn set(&mut self, network: &str, record: Record) {
        let (address, bits) = network.split_once('/').unwrap();
        let bits: usize = bits.parse().unwrap();
        let (address, bits) = match (address.parse().unwrap(), self.ip_version) {
            (IpAddr::V4(v4), 4) => (u128::from(v4.to_bits()) << 96, bits),
            (IpAddr::V4(v4), _) => (u128::from(v4.to_bits()), bits + 96),
            (IpAddr::V6(v6), _) => (v6.to_bits(), bits),
        };
        let mut node = 0;
        for depth in 0..bits {
            let side = (address >> (127 - depth) & 1) as usize;
            if depth + 1 == bits {
                self.nodes[node][side] = record;
            } else if let Record::Node(next) = self.nodes[node][side] {
                node = next;
            } else {
                // A shorter network with a record is split, as writers of databases do.
                let inherited = self.nodes[node][side];
                self.nodes.push([inherited; 2]);
                self.nodes[node][side] = Record::Node(self.nodes.len() - 1);
                node = self.nodes.len() - 1;
            }
        }
    }

    /// Makes record `side` of a node lead to another node.
    pub fn link(mut self, node: usize, side: usize, to: usize) -> MmdbWriter {
        self.nodes[node][side] = Record::Node(to);
        self
    }

    /// Makes the metadata say that there is another number of nodes.
    pub fn nodes(mut self, count: usize) -> MmdbWriter {
        self.said_nodes = Some(count);
        self
    }

    /// The bytes of the file.
    pub fn bytes(mut self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut bytes = Vec::new();
        for records in &self.nodes {
            let [left, right] = records.map(|record| match record {
                Record::Empty => count,
                Record::Node(node) => node,
                Record::Data(at) => count + 16 + at,
            } as u32);
            let (l, r) = (left.to_be_bytes(), right.to_be_bytes());
            match self.record_bits {
                24 => bytes.extend([l[1], l[2], l[3], r[1], r[2], r[3]]),
                28 => bytes.extend([l[1], l[2], l[3], l[0] << 4 | r[0], r[1], r[2], r[3]]),
                _ => bytes.extend([l, r].concat()),
            }
        }
        bytes.extend([0; 16]);
        bytes.extend(&self.data);
        bytes.extend(b"\xab\xcd\xefMaxMind.com");
        self.metadata["node_count"] = self.said_nodes.unwrap_or(count).into();
        encode_metadata(&self.metadata, &mut bytes);
        bytes
    }
}

/// Appends a value: texts, unsigned and signed numbers, doubles, booleans, lists and maps.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            control(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            control(3, 8, out);
            out.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => match number.as_u64() {
            Some(number) => {
                encode_unsigned(if number > u64::from(u32::MAX) { 9 } else { 6 }, number, out);
            }
            None => {
                control(8, 4, out);
                out.extend((number.as_i64().unwrap() as i32).to_be_bytes());
            }
        },
        Value::Bool(value) => control(14, usize::from(*value), out),
        Value::Array(list) => {
            control(11, list.len(), out);
            list.iter().for_each(|value| encode(value, out));
        }
        Value::Object(map) => {
            control(7, map.len(), out);
            for (key, value) in map {
                encode(&Value::from(key.as_str()), out);
                encode(value, out);
            }
        }
        Value::Null => unreachable!("a MaxMind DB has no null"),
    }
}

/// Appends the metadata, whose numbers have types of their own.
fn encode_metadata(metadata: &Value, out: &mut Vec<u8>) {
    let metadata = metadata.as_object().unwrap();
    control(7, metadata.len(), out);
    for (key, value) in metadata {
        encode(&Value::from(key.as_str()), out);
        match (key.as_str(), value.as_u64()) {
            ("build_epoch", Some(number)) => encode_unsigned(9, number, out),
            ("node_count", Some(number)) => encode_unsigned(6, number, out),
            (_, Some(number)) => encode_unsigned(5, number, out),
            _ => encode(value, out),
        }
    }
}

fn encode_unsigned(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    control(kind, bytes.len(), out);
    out.extend(bytes);
}

/// The byte with type and size, and those that continue it.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, rest) = match size {
        0..=28 => (size as u8, vec![]),
        29..=284 => (29, vec![(size - 29) as u8]),
        _ => (30, ((size - 285) as u16).to_be_bytes().to_vec()),
    };
    if kind < 8 {
        out.push(kind << 5 | short);
    } else {
        out.extend([short, kind - 7]);
    }
    out.extend(rest);
}
