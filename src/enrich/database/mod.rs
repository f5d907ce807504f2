//! Looks IP addresses up in a MaxMind DB, which is held in memory.
//!
//! The format: <https://maxmind.github.io/MaxMind-DB/>. The file is checked whole when it is opened: its search tree,
//! and for each record that all wanted values can be read and are of their column's type.

mod record;
mod tree;
mod unreadable;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use maxminddb::Reader;

use super::address::AddressKind;
use super::cache::Cache;
use super::wanted::{Found, Wanted};
use super::{About, Lookup, Request, Values};
use crate::types::{Invalid, address_of};
use record::Paths;
use tree::Families;

/// A MaxMind DB that was checked.
struct Database {
    reader: Reader<Bytes>,
    columns: Columns,
    /// For which kinds of addresses it has records.
    families: Families,
    /// The values for an address that is not found, by its kind.
    by_kind: Vec<Values>,
    caches: Mutex<Caches>,
}

/// The last results.
struct Caches {
    by_address: Cache<Values>,
    /// Many addresses share a record, and so its values.
    by_record: Cache<Values>,
}

/// The columns that are wanted of a record.
struct Columns {
    wanted: Vec<(Wanted, Paths)>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.reader.metadata().database_type)
    }
}

/// Checks and opens a database.
///
/// # Errors
///
/// What is wrong with it, or what the contract wants and it does not have.
pub(super) fn open(request: &Request<'_>) -> Result<(Box<dyn Lookup>, About), String> {
    let bytes = &request.bytes;
    let reader =
        Reader::from_source(bytes.clone()).map_err(|error| unreadable::explained(bytes, &error))?;
    let wanted = request.wanted.iter().map(|wanted| (wanted.clone(), Paths::new(&wanted.paths)));
    let columns = Columns { wanted: wanted.collect() };
    let families = columns.check(&reader, bytes)?;
    let kinds = AddressKind::ALL.into_iter();
    let by_kind =
        kinds.map(|kind| columns.values_without_record(kind)).collect::<Result<_, _>>()?;
    let metadata = reader.metadata();
    let built = i64::try_from(metadata.build_epoch).ok();
    let built = built.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let about = About {
        file_type: metadata.database_type.clone(),
        built: built.map(|time| time.to_string()),
    };
    let caches = Caches { by_address: Cache::new(), by_record: Cache::new() };
    let caches = Mutex::new(caches);
    Ok((Box::new(Database { reader, columns, families, by_kind, caches }), about))
}

impl Lookup for Database {
    fn find(&self, value: &str) -> Result<Values, Invalid> {
        let Some(address) = address_of(value) else {
            return Err(Invalid::new("invalid_inet", "expected an IPv4 or IPv6 address"));
        };
        let address = address.to_canonical();
        let kind = AddressKind::of(address);
        if kind != AddressKind::Public {
            return Ok(self.not_found(kind));
        }
        let key = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(values) = caches.by_address.get(key) {
            return Ok(Arc::clone(values));
        }
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Err(only_v4());
        }
        let found = self.reader.lookup(address).map_err(broken)?;
        let values = match found.offset() {
            None if address.is_ipv4() && !self.families.v4 => return Err(only_v6()),
            None if address.is_ipv6() && !self.families.v6 => return Err(only_v4()),
            None => self.not_found(kind),
            Some(offset) => match caches.by_record.get(offset as u128) {
                Some(values) => Arc::clone(values),
                None => {
                    let values = self.columns.values_of(&found)?;
                    caches.by_record.put(offset as u128, Arc::clone(&values));
                    values
                }
            },
        };
        caches.by_address.put(key, Arc::clone(&values));
        Ok(values)
    }
}

impl Database {
    /// The values for an address without a record: nulls, and its kind.
    fn not_found(&self, kind: AddressKind) -> Values {
        let index = AddressKind::ALL.iter().position(|known| *known == kind);
        index.and_then(|index| self.by_kind.get(index)).cloned().unwrap_or_default()
    }
}

/// The error of an address of a kind that the database has no records of: a null would say that it is not known.
fn only_v4() -> Invalid {
    let message =
        "expected an IPv4 address, because the database has no others: use one for IPv4 and IPv6";
    Invalid::new("ipv6_not_in_database", message)
}

/// The same for a database of IPv6 addresses.
fn only_v6() -> Invalid {
    let message =
        "expected an IPv6 address, because the database has no others: use one for IPv4 and IPv6";
    Invalid::new("ipv4_not_in_database", message)
}

/// The error of a record that could be read when the database was opened.
fn broken(error: maxminddb::MaxMindDbError) -> Invalid {
    Invalid::new("broken_database", format!("the database cannot be read: {error}"))
}

impl Columns {
    /// The values of an address that is not in the database.
    ///
    /// # Errors
    ///
    /// The column for the kind cannot hold its name.
    fn values_without_record(&self, kind: AddressKind) -> Result<Values, String> {
        let values = self.wanted.iter().map(|(wanted, _)| match wanted.is_address_kind {
            true => wanted.encode(Found::Text(kind.as_str())).map(Some).map_err(|e| e.message),
            false => Ok(None),
        });
        values.collect()
    }
}
