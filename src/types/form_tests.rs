//! Tests of patterns: the digits that their numbers must have.

use crate::types::tests::{accepts_with, formats, refuses_with};

#[test]
fn a_year_has_all_its_digits() {
    for (pattern, bad) in [
        ("%d.%m.%Y", &["01.02.26", "01.02.226", "01.02.6", "1.2.26"][..]),
        ("%F", &["26-02-01", "026-02-01"]),
        ("%Y%j", &["26001", "2026-001", "202601"]),
        ("%d.%m.%y", &["01.02.6", "1.2.2026"]),
        ("%D", &["2/1/6"]),
        ("%b %d, %Y", &["Feb 01, 26"]),
        ("%G-W%V-%u", &["26-W05-7"]),
    ] {
        refuses_with(&formats(&[pattern]), "date", "invalid_date", bad);
    }
    let year = [("01.02.2026", "2026-02-01"), ("1.2.2026", "2026-02-01")];
    accepts_with(&formats(&["%d.%m.%Y"]), "date", &year);
    accepts_with(&formats(&["%d.%m.%Y"]), "date", &[("01.02.0026", "0026-02-01")]);
    accepts_with(&formats(&["%G-W%V-%u"]), "date", &[("2026-W05-7", "2026-02-01")]);
    accepts_with(&formats(&["%D"]), "date", &[("02/01/06", "2006-02-01")]);
    let time = formats(&["%m/%d/%Y %H:%M"]);
    accepts_with(&time, "timestamp", &[("1/2/2026 10:00", "2026-01-02 10:00:00")]);
    for kind in ["timestamp", "timestamptz"] {
        refuses_with(&time, kind, "invalid_timestamp", &["1/2/26 10:00"]);
    }
}

#[test]
fn a_year_of_two_digits_is_left_to_the_next_pattern() {
    let both = formats(&["%d.%m.%Y", "%d.%m.%y"]);
    let days = [("01.02.26", "2026-02-01"), ("01.02.2026", "2026-02-01")];
    accepts_with(&both, "date", &days);
    accepts_with(&formats(&["%d.%m.%y", "%d.%m.%Y"]), "date", &days);
}

#[test]
fn numbers_without_a_mark_between_them_have_all_their_digits() {
    let days = formats(&["%Y%m%d"]);
    accepts_with(&days, "date", &[("20240102", "2024-01-02")]);
    refuses_with(&days, "date", "invalid_date", &["2024012", "202412", "202401021", "2024 1 2"]);
    refuses_with(&formats(&["%d%m%Y"]), "date", "invalid_date", &["1112024", "1022024"]);
    let times = formats(&["%Y%m%dT%H%M%S"]);
    accepts_with(&times, "timestamp", &[("20240102T030405", "2024-01-02 03:04:05")]);
    let bad = ["20240102T03045", "2024012T030405", "20240102T0304"];
    refuses_with(&times, "timestamp", "invalid_timestamp", &bad);
    let fraction = formats(&["%Y%m%d%H%M%S%f"]);
    accepts_with(&fraction, "timestamp", &[("20240102030405678", "2024-01-02 03:04:05.678")]);
    let blank = formats(&["%Y-%m-%d %H:%M"]);
    refuses_with(&blank, "timestamp", "invalid_timestamp", &["2024-01-121:00"]);
    accepts_with(&formats(&["%I:%M %p"]), "time", &[("1:30PM", "13:30:00")]);
}
