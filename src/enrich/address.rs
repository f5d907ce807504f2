//! Says for which use an IP address is set aside, so that only addresses of the public internet are looked up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The uses of IP addresses.
///
/// Source: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890), and RFC 5771 and RFC 4291
/// for multicast. What is set aside otherwise, or not assigned at all, is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// An address of the public internet.
    Public,
    /// Of a private network.
    Private,
    /// Behind the address translation of a provider.
    Shared,
    /// Of the machine itself.
    Loopback,
    /// Valid on one link only.
    LinkLocal,
    /// Of a group of receivers.
    Multicast,
    /// For examples in texts.
    Documentation,
    /// For measurements of networks.
    Benchmarking,
    /// No address: `0.0.0.0/8` or `::`.
    Unspecified,
    /// Set aside for other uses, or for the future.
    Reserved,
}

impl AddressKind {
    /// All kinds.
    pub const ALL: [AddressKind; 10] = [
        AddressKind::Public,
        AddressKind::Private,
        AddressKind::Shared,
        AddressKind::Loopback,
        AddressKind::LinkLocal,
        AddressKind::Multicast,
        AddressKind::Documentation,
        AddressKind::Benchmarking,
        AddressKind::Unspecified,
        AddressKind::Reserved,
    ];

    /// The kind of an address. An IPv4 address within IPv6 (`::ffff:0:0/96`) has the kind of the IPv4 address.
    pub fn of(address: IpAddr) -> AddressKind {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// The name in the column `address_kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            AddressKind::Public => "public",
            AddressKind::Private => "private",
            AddressKind::Shared => "shared",
            AddressKind::Loopback => "loopback",
            AddressKind::LinkLocal => "link-local",
            AddressKind::Multicast => "multicast",
            AddressKind::Documentation => "documentation",
            AddressKind::Benchmarking => "benchmarking",
            AddressKind::Unspecified => "unspecified",
            AddressKind::Reserved => "reserved",
        }
    }
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        [0, ..] => AddressKind::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [100, 64..=127, ..] => AddressKind::Shared,
        [127, ..] => AddressKind::Loopback,
        [169, 254, ..] => AddressKind::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Documentation,
        [198, 18..=19, ..] => AddressKind::Benchmarking,
        [224..=239, ..] => AddressKind::Multicast,
        // Protocol assignments, the relay of 6to4 that is no longer in use, and the future with broadcast.
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // NAT64 to the public internet, and within a network.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => AddressKind::Public,
        [0x64, 0xff9b, 1, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        // Unique local addresses, and the site-local ones that they replace.
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Documentation,
        [0x2001, 2, 0, ..] => AddressKind::Benchmarking,
        [0x2001, 0x10..=0x1f, ..] => AddressKind::Reserved,
        // The only block that is assigned to networks.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_of_an_address_has_its_name() {
        for (kind, addresses) in [
            (
                "public",
                "1.1.1.1 9.255.255.255 11.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0",
            ),
            (
                "public",
                "100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.1.1 169.255.1.1 223.255.255.255",
            ),
            (
                "public",
                "192.0.1.1 192.0.3.1 198.17.255.255 198.20.0.0 198.51.99.1 203.0.112.1 192.88.98.1",
            ),
            (
                "public",
                "2001:4860:4860::8888 2a00::1 2002:102:304::1 64:ff9b::1.1.1.1 ::ffff:8.8.8.8 3fff:1000::1",
            ),
            (
                "private",
                "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.1 ::ffff:10.1.2.3",
            ),
            ("private", "fc00::1 fd12:3456::1 fec0::1 64:ff9b:1::1"),
            ("shared", "100.64.0.0 100.127.255.255"),
            ("loopback", "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1"),
            ("link-local", "169.254.0.0 169.254.255.255 fe80::1 febf::1"),
            ("multicast", "224.0.0.0 239.255.255.255 233.252.0.1 ff02::1 ffff::1"),
            ("documentation", "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff:fff::1"),
            ("benchmarking", "198.18.0.0 198.19.255.255 2001:2::1"),
            ("unspecified", "0.0.0.0 0.255.255.255 ::"),
            ("reserved", "240.0.0.0 255.255.255.255 192.0.0.1 192.88.99.1"),
            ("reserved", "::1.2.3.4 4000::1 100::1 fe00::1 2001:10::1"),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(AddressKind::of(address.parse().unwrap()).as_str(), kind, "{address}");
            }
        }
    }
}
