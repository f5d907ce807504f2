//! `inet`: reads an IP address and writes its shortest form.

use std::net::IpAddr;
use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sql_type::SqlType;

/// `inet`: an IPv4 or IPv6 address, with or without the `/bits` of its network.
///
/// Bounds: IPv4 has four parts without leading zeros, though Postgres accepts fewer parts with a
/// mask; 0 to 32 bits, or 128; no zone such as `%eth0`. Source: Postgres manual, 8.9.1 inet.
#[derive(Debug)]
struct Inet;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Inet))
}

/// The address in a text that `inet` accepts, without the bits of its network; `None` for any other text.
pub(crate) fn address_of(text: &str) -> Option<IpAddr> {
    read(text.trim_ascii()).map(|(address, _)| address)
}

/// The address and the bits of its network; `None` for all bits, which Postgres does not show.
fn read(text: &str) -> Option<(IpAddr, Option<u8>)> {
    let Some((address, bits)) = text.split_once('/') else {
        return Some((text.parse().ok()?, None));
    };
    let address: IpAddr = address.parse().ok()?;
    let plain = bits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (bits.len() > 1 && bits.starts_with('0')) {
        return None;
    }
    let bits: u8 = bits.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    (bits <= all).then_some((address, (bits < all).then_some(bits)))
}

impl ColumnType for Inet {
    fn sql_type(&self) -> SqlType {
        SqlType::Inet
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        use std::io::Write as _;
        let Some((address, bits)) = read(text.trim_ascii()) else {
            return Err(Invalid::new("invalid_inet", "expected an IPv4 or IPv6 address"));
        };
        // Writing to a Vec cannot fail.
        let _ = match bits {
            Some(bits) => write!(out, "{address}/{bits}"),
            None => write!(out, "{address}"),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, refuses};

    #[test]
    fn addresses_come_out_in_their_shortest_form() {
        accepts("inet", &[("192.168.0.1", "192.168.0.1"), (" 10.0.0.1/8 ", "10.0.0.1/8")]);
        accepts("inet", &[("10.0.0.1/32", "10.0.0.1"), ("0.0.0.0/0", "0.0.0.0/0")]);
        accepts(
            "inet",
            &[("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4")],
        );
        accepts("inet", &[("fe80::1/64", "fe80::1/64"), ("::/128", "::")]);
        let bad =
            ["", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/+8"];
        refuses("inet", "invalid_inet", &bad);
        refuses(
            "inet",
            "invalid_inet",
            &["::1/129", "fe80::1%eth0", "1::2::3", "10.0.0.1/08", "host", "::1\0"],
        );
    }
}
