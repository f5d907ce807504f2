//! csv-spectrum: files that CSV readers often get wrong, each with its meaning in JSON.

use serde_json::Value;

use super::{read, shared_data};
use crate::files::csv_meaning::objects;

#[test]
#[ignore = "needs ../shared/data"]
fn every_file_of_csv_spectrum_means_what_its_json_says() {
    let folder = shared_data("csv/csv-spectrum");
    let mut files = 0;
    for entry in std::fs::read_dir(folder.join("csvs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = read(&path);
        let json = read(&folder.join("json").join(format!("{name}.json")));
        let mut expected: Value = serde_json::from_slice(&json).unwrap();
        if name == "location_coordinates" {
            // Published as one object, with another phone number than its csv.
            expected["Contact Phone Number"] = "2095257564".into();
            expected = Value::Array(vec![expected]);
        }
        for chunk_bytes in [1, 7, 1 << 20] {
            assert_eq!(objects(&bytes, chunk_bytes), expected, "{name} in chunks of {chunk_bytes}");
        }
        files += 1;
    }
    assert_eq!(files, 12);
}
