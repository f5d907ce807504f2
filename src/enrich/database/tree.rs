//! Walks the search tree of a MaxMind DB, and checks that it is one.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use maxminddb::Reader;

use super::unreadable::METADATA_MARK;

/// The zero bytes between the search tree and the records.
const SEPARATOR_BYTES: usize = 16;

/// The search tree. Each node has two records: for an address whose next bit is 0, and for one where it is 1.
pub(super) struct Tree<'t> {
    bytes: &'t [u8],
    nodes: usize,
    record_bits: usize,
    address_bits: usize,
    /// The length of what may be pointed to, behind the separator.
    data_bytes: usize,
}

/// How far a node has been walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    New,
    Open,
    /// With the number of bits of an address that it and the nodes below it use.
    Done(u8),
}

/// A node on the way from the root to the current one.
struct Step {
    node: usize,
    /// The number of its records that were followed.
    followed: u8,
    /// The number of bits that the nodes below it use, as far as they are known.
    below: u8,
}

/// For which kinds of addresses a database has records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Families {
    pub v4: bool,
    pub v6: bool,
}

/// The bits before those of an IPv4 address, all 0, in a database for both.
const BEFORE_V4: usize = 96;

impl<'t> Tree<'t> {
    /// The tree of a database.
    pub fn of(reader: &Reader<Bytes>, bytes: &'t [u8]) -> Tree<'t> {
        let metadata = reader.metadata();
        let data_end = memchr::memmem::rfind(bytes, METADATA_MARK).unwrap_or_default();
        let (nodes, record_bits) =
            (metadata.node_count as usize, usize::from(metadata.record_size));
        let tree_bytes = nodes.saturating_mul(record_bits / 4);
        Tree {
            bytes,
            nodes,
            record_bits,
            address_bits: if metadata.ip_version == 4 { 32 } else { 128 },
            data_bytes: data_end.saturating_sub(tree_bytes).saturating_sub(SEPARATOR_BYTES),
        }
    }

    /// Calls `on_record` once for each record that the tree leads to, with an address that has it and the length of
    /// the network's prefix. Returns for which kinds of addresses there are records.
    ///
    /// # Errors
    ///
    /// The tree is broken; those of `on_record`.
    pub fn walk(
        &self,
        mut on_record: impl FnMut(IpAddr, usize) -> Result<(), String>,
    ) -> Result<Families, String> {
        let separator = self.nodes * (self.record_bits / 4);
        let between = self.bytes.get(separator..separator + SEPARATOR_BYTES).unwrap_or_default();
        if between != [0; SEPARATOR_BYTES] {
            return Err(broken("the zero bytes behind it are missing"));
        }
        let mut walked = vec![Walk::New; self.nodes];
        let mut seen: HashSet<usize> = HashSet::new();
        let mut families = Families::default();
        let mut path = vec![Step { node: 0, followed: 0, below: 0 }];
        while let Some(step) = path.last_mut() {
            let (node, side) = (step.node, step.followed);
            if side == 2 {
                let bits = step.below + 1;
                set(&mut walked, node, Walk::Done(bits));
                path.pop();
                if let Some(parent) = path.last_mut() {
                    parent.below = parent.below.max(bits);
                }
                continue;
            }
            step.followed += 1;
            set(&mut walked, node, Walk::Open);
            let target = self.record(node, side)?;
            if target < self.nodes {
                let depth = path.len();
                match walked.get(target) {
                    Some(Walk::Open) => return Err(broken("it leads back to itself")),
                    Some(Walk::New) if depth < self.address_bits => {
                        path.push(Step { node: target, followed: 0, below: 0 });
                    }
                    // Several nodes may lead to the same one: IPv4 addresses have several places within IPv6.
                    Some(Walk::Done(bits)) if depth + usize::from(*bits) <= self.address_bits => {
                        if let Some(step) = path.last_mut() {
                            step.below = step.below.max(*bits);
                        }
                    }
                    _ => return Err(broken("it is deeper than an address has bits")),
                }
            } else if target > self.nodes {
                let offset = (target - self.nodes).checked_sub(SEPARATOR_BYTES);
                let offset = offset.filter(|offset| *offset < self.data_bytes);
                let offset = offset.ok_or_else(|| broken("it points outside of the file"))?;
                self.note_family(&path, &mut families);
                if seen.insert(offset) {
                    on_record(self.address(&path), path.len())?;
                }
            }
        }
        Ok(families)
    }

    /// Notes for which addresses the record is that was followed last.
    fn note_family(&self, path: &[Step], families: &mut Families) {
        if families.v4 && families.v6 {
            return;
        }
        let is_v4 =
            self.address_bits == 32 || path.iter().take(BEFORE_V4).all(|step| step.followed == 1);
        families.v4 |= is_v4;
        // A network that has all IPv4 addresses and more has IPv6 addresses, too.
        families.v6 |= self.address_bits > 32 && (!is_v4 || path.len() < BEFORE_V4);
    }

    /// Record 0 or 1 of a node: another node, nothing (the number of nodes), or a pointer to data.
    fn record(&self, node: usize, side: u8) -> Result<usize, String> {
        let bytes = self.record_bits / 4;
        let at = |from: usize| -> Option<u32> {
            let word = self.bytes.get(node * bytes + from..node * bytes + from + 4)?;
            Some(u32::from_be_bytes(word.try_into().ok()?))
        };
        let record = match (self.record_bits, side) {
            (24, 0) => at(0).map(|word| word >> 8),
            (24, _) => at(2).map(|word| word & 0x00ff_ffff),
            // The middle byte has the highest four bits of both.
            (28, 0) => at(0).map(|word| (word >> 8) | ((word & 0xf0) << 20)),
            (28, _) => at(3).map(|word| word & 0x0fff_ffff),
            (_, 0) => at(0),
            (_, _) => at(4),
        };
        record.map(|record| record as usize).ok_or_else(|| broken("it ends before its last node"))
    }

    /// The first address below the record that was followed last.
    fn address(&self, path: &[Step]) -> IpAddr {
        let mut bits: u128 = 0;
        for (depth, step) in path.iter().enumerate() {
            if step.followed == 2 {
                bits |= 1 << (127 - depth);
            }
        }
        match self.address_bits {
            32 => IpAddr::V4(Ipv4Addr::from_bits((bits >> 96) as u32)),
            _ => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        }
    }
}

fn set(walked: &mut [Walk], node: usize, walk: Walk) {
    if let Some(known) = walked.get_mut(node) {
        *known = walk;
    }
}

fn broken(how: &str) -> String {
    format!("its search tree is broken ({how}): download it again")
}
