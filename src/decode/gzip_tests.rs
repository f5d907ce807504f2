//! Tests of gzip files of several members, whose headers may be damaged.

use super::compressors_for_tests::gzip;
use super::tests::{TEXT, decoded};

#[test]
fn a_damaged_header_of_any_gzip_member_is_an_error() {
    let name = |flags: u8, tail: &[u8]| {
        let mut member = gzip(TEXT);
        member[3] = flags;
        member.splice(10..10, tail.iter().copied());
        member
    };
    let checked = {
        let mut header = name(0b1010, b"a.csv\0")[..16].to_vec();
        let mut crc = flate2::Crc::new();
        crc.update(&header);
        header.extend_from_slice(&(crc.sum() as u16).to_le_bytes());
        [&header[10..], b""].concat()
    };
    let (other_name, long) = (name(0b1000, b"b.csv\0"), name(0b100, b"\x03\0abc"));
    for good in [&other_name, &long, &name(0b1010, &checked)] {
        let both = [gzip(TEXT), good.clone()].concat();
        assert_eq!(decoded(&both).as_deref(), Ok(&[TEXT, TEXT].concat()[..]), "{good:?}");
    }
    let mut method = gzip(TEXT);
    method[2] = 7;
    for bad in [
        method,
        name(0b1110_0000, b""),
        name(0b0010_0000, b""),
        name(0b10, b"\xff\xff"),
        name(0b1000, b"never ended")[..14].to_vec(),
        gzip(TEXT)[..9].to_vec(),
        gzip(TEXT)[..1].to_vec(),
    ] {
        assert!(decoded(&[gzip(TEXT), bad.clone()].concat()).is_err(), "later: {bad:?}");
        assert!(
            bad.len() < 4 || decoded(&bad).is_err() || !bad.starts_with(&[31, 139, 8]),
            "first: {bad:?}"
        );
    }
}
