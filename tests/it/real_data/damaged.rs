//! Published workbooks, damaged.

use super::{read, shared_data};
use crate::files::damaged::read_damaged;

#[test]
#[ignore = "needs ../shared/data"]
fn a_damaged_published_workbook_is_read_or_refused_and_nothing_panics() {
    let names = ["xlsx/calamine/date.xlsx", "xlsx/readxl/geometry.xlsx"];
    let whole = names.map(|name| ("xlsx", read(&shared_data(name))));
    read_damaged(&whole);
}
