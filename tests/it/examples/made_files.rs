//! The files of examples that are not text, which are made here: workbooks of invented users, databases of places, and
//! the pictures. With `STARDROP_WRITE_EXAMPLES=1` the tests write them instead of comparing them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};
use stardrop::{dataset_files, star};

use super::{NAMES, folder};
use crate::support::mmdb::MmdbWriter;
use crate::support::workbook::{Cell, text, workbook};

/// A network, its owner, the owner's country, region, city and time zone, and where that is.
type Network = (&'static str, &'static str, [&'static str; 4], [f64; 2]);

/// The networks of the five registries of internet numbers, with where each registry is. All others in the examples'
/// files are set aside for other uses, but one.
const NETWORKS: [Network; 6] = [
    ("193.0.0.0/21", "RIPE NCC", RIPE, [52.378, 4.9]),
    ("2001:67c:2e8::/48", "RIPE NCC", RIPE, [52.378, 4.9]),
    (
        "192.149.252.0/24",
        "ARIN",
        ["US", "Virginia", "Chantilly", "America/New_York"],
        [38.889, -77.438],
    ),
    (
        "202.12.29.0/24",
        "APNIC",
        ["AU", "Queensland", "Brisbane", "Australia/Brisbane"],
        [-27.471, 153.012],
    ),
    (
        "200.3.12.0/22",
        "LACNIC",
        ["UY", "Montevideo", "Montevideo", "America/Montevideo"],
        [-34.888, -56.081],
    ),
    (
        "196.216.2.0/23",
        "AFRINIC",
        ["MU", "Plaines Wilhems", "Ebene", "Indian/Mauritius"],
        [-20.245, 57.491],
    ),
];
const RIPE: [&str; 4] = ["NL", "North Holland", "Amsterdam", "Europe/Amsterdam"];

fn database(kind: &str, record: impl Fn(&str, [&str; 4], [f64; 2]) -> Value) -> Vec<u8> {
    let empty = MmdbWriter::new(24, 6).metadata("database_type", json!(kind));
    let add = |db: MmdbWriter, (network, owner, place, at): &Network| {
        db.add(network, record(owner, *place, *at))
    };
    NETWORKS.iter().fold(empty, add).bytes()
}

fn countries() -> Vec<u8> {
    database("Example-Country", |_, [country, ..], _| json!({ "country": { "iso_code": country } }))
}

fn places() -> Vec<u8> {
    database("Example-City", |_, [country, region, city, time_zone], [latitude, longitude]| {
        json!({
            "city": { "names": { "en": city } },
            "country": { "iso_code": country },
            "location": { "latitude": latitude, "longitude": longitude, "time_zone": time_zone },
            "subdivisions": [{ "names": { "en": region } }],
        })
    })
}

fn networks() -> Vec<u8> {
    database("Example-ASN", |owner, _, _| json!({ "autonomous_system_organization": owner }))
}

const FIRST: [&str; 13] =
    ["Ada", "Bo", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida", "Jo", "Kai", "Lea", "Mo"];
const LAST: [&str; 11] =
    ["Moss", "Reed", "Young", "Park", "Frost", "Lane", "Stone", "Brook", "Hill", "Marsh", "Field"];
const GENDERS: [&str; 5] = ["Female", "Male", "Nonbinary", "Female", ""];

/// The row of a user. `from` is the number by which the address is chosen.
fn user(id: usize, from: usize) -> Vec<Cell> {
    let (first, last) = (FIRST[id % 13], LAST[id * 3 % 11]);
    let email = format!("{}.{}{id}@example.com", first.to_lowercase(), last.to_lowercase());
    let address = match from % 16 {
        _ if from == 20 => "198.41.0.4".to_owned(), // a public one that is in no network above
        0..=3 => format!("192.149.252.{from}"),
        4..=6 => format!("193.0.{}.{from}", from % 8),
        7 | 8 => format!("202.12.29.{from}"),
        9 | 10 => format!("200.3.13.{from}"),
        11 => format!("196.216.2.{from}"),
        12 => format!("224.0.1.{from}"),
        13 => format!("{}.7.8.9", 240 + from / 16),
        14 => format!("192.168.{from}.1"),
        _ => format!("2001:67c:2e8:{from}::1"),
    };
    let texts = [first, last, &email, GENDERS[id % 5], &address];
    let cells = texts.map(|value| if value.is_empty() { Cell::Empty } else { text(value) });
    std::iter::once(Cell::Number(id.to_string())).chain(cells).collect()
}

fn users(rows: impl Iterator<Item = (usize, usize)>) -> Vec<u8> {
    let header = ["id", "first_name", "last_name", "email", "gender", "ip_address"].map(text);
    let rows: Vec<Vec<Cell>> =
        std::iter::once(header.into()).chain(rows.map(|(id, from)| user(id, from))).collect();
    workbook(&[("Users", &rows)], false)
}

/// The rows of a sheet without a header. As in a spreadsheet, a text of digits is a number, without zeros before it.
fn sheet(csv: &str) -> Vec<Vec<Cell>> {
    let cell = |field: &str| match field {
        "" => Cell::Empty,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Cell::Number(digits.to_owned())
        }
        other => text(other),
    };
    csv.lines().map(|line| line.split(',').map(cell).collect()).collect()
}

/// The workbook of the loans, whose two sheets are loaded into two datasets.
fn loans() -> Vec<u8> {
    let borrowers = sheet(include_str!("loans/borrowers.csv"));
    let roles = sheet(include_str!("loans/roles.csv"));
    workbook(&[("Borrowers", &borrowers), ("Roles", &roles)], false)
}

/// Every made file, by its path below `examples`.
fn made_files() -> Vec<(String, Vec<u8>)> {
    let of_users = |name: &str| format!("users-by-country/files/{name}/users.xlsx");
    let same = |ids: std::ops::RangeInclusive<usize>| ids.map(|id| (id, id));
    // User 5 was none, user 9 had the address of somebody else, and users 49 and 50 were forgotten.
    let corrected = same(1..=50).filter(|(id, _)| *id != 5).map(|(id, from)| match id {
        9 => (id, 11),
        _ => (id, from),
    });
    let mut files = vec![
        (of_users("1-batches/users/batch=7"), users(same(1..=48))),
        (of_users("1-batches/users/batch=8"), users(same(101..=130))),
        (of_users("2-corrected/users/batch=7"), users(corrected)),
        ("loans/files/1-initial/loans/2026-01-05.xlsx".to_owned(), loans()),
        ("users-by-country/datasets/users/countries.mmdb".to_owned(), countries()),
        ("user-activity/datasets/activity/places.mmdb".to_owned(), places()),
        ("user-activity/datasets/activity/networks.mmdb".to_owned(), networks()),
    ];
    for name in NAMES {
        let catalog = dataset_files::read(&folder(name).join("datasets")).unwrap();
        let picture = star::diagram::svg(&star::compile(&catalog));
        files.push((format!("{name}/star.svg"), picture.into_bytes()));
    }
    files
}

/// What has to be equal: of a workbook what is in it, because compressed bytes depend on who compresses them.
fn content(path: &Path, bytes: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    if path.extension().is_none_or(|suffix| suffix != "xlsx") {
        return BTreeMap::from([(String::new(), bytes)]);
    }
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut entries = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        entries.insert(entry.name().unwrap().into_owned(), content);
    }
    entries
}

#[test]
fn the_workbooks_databases_and_pictures_of_the_examples_are_the_ones_that_are_made_here() {
    let writes = std::env::var_os("STARDROP_WRITE_EXAMPLES").is_some();
    for (name, bytes) in made_files() {
        let path = folder(&name);
        if writes {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let found = std::fs::read(&path).unwrap_or_default();
        let is_same = !found.is_empty() && content(&path, found) == content(&path, bytes);
        assert!(
            is_same,
            "examples/{name} is not as made: run the tests `examples::` with STARDROP_WRITE_EXAMPLES=1, \
             and look at what has changed"
        );
    }
}
