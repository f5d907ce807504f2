//! The files that are loaded, all of the same sales: as generated, in reverse order, and with 1 % of them changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One row in this many is changed in the third file.
const CHANGED: usize = 100;

/// Orders of further files are these apart: more than a file has.
const FURTHER_ORDERS: usize = 1_000_000_000;

/// The files, each newer than the one before, and the folder of the contract.
pub struct Files {
    pub first: PathBuf,
    pub reversed: PathBuf,
    pub changed: PathBuf,
    /// The number of bytes of the first.
    pub bytes: u64,
    datasets: PathBuf,
}

impl Files {
    pub fn generate(folder: &Path, rows: u64) -> Files {
        let datasets = folder.join("datasets");
        fs::create_dir_all(datasets.join("sales")).unwrap();
        let contract = "sales/dataset.toml";
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        fs::copy(examples.join(contract), datasets.join(contract)).unwrap();

        let [first, reversed, changed] =
            ["first.csv", "reversed.csv", "changed.csv"].map(|name| folder.join(name));
        let mut files = Files { first, reversed, changed, bytes: 0, datasets };
        let mut generate = files.stardrop();
        generate.args(["generate", "sales", "--rows", &rows.to_string(), "--out"]);
        run(generate.arg(&files.first));
        let text = fs::read_to_string(&files.first).unwrap();
        files.bytes = text.len() as u64;
        fs::write(&files.reversed, reversed_rows(&text)).unwrap();
        fs::write(&files.changed, changed_rows(&text, 1)).unwrap();
        files
    }

    /// Writes the rows of the first file with other orders, so that a star of many times as many facts can be made.
    pub fn write_further(&self, number: usize, path: &Path) {
        let text = fs::read_to_string(&self.first).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let mut further = header.to_owned() + "\n";
        for row in rows.lines() {
            let (order, rest) = row.split_once(',').unwrap();
            let order = order.parse::<usize>().unwrap() + number * FURTHER_ORDERS;
            further.push_str(&format!("{order},{rest}\n"));
        }
        fs::write(path, further).unwrap();
    }

    /// Writes the rows of another file, one in a hundred of them changed for this time.
    pub fn write_changed(rows: &Path, time: usize, path: &Path) {
        fs::write(path, changed_rows(&fs::read_to_string(rows).unwrap(), time)).unwrap();
    }

    /// The command `stardrop` with this contract alone, and nothing from the environment.
    pub fn stardrop(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stardrop"));
        command.env_clear().env("STARDROP_DATASETS", &self.datasets);
        command
    }
}

/// Runs a command to its end. Its output is shown only if it fails.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
}

/// The header, and the rows from the last to the first. No generated value has a line break.
fn reversed_rows(text: &str) -> String {
    let (header, rows) = text.split_once('\n').unwrap();
    let mut lines = vec![header];
    lines.extend(rows.lines().rev());
    lines.join("\n") + "\n"
}

/// The same rows; one of a hundred has another quantity and a later time, which is another one for each `time`.
fn changed_rows(text: &str, time: usize) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(text.len()));
    let header = reader.headers().unwrap().clone();
    writer.write_record(&header).unwrap();
    let column = |name| header.iter().position(|column| column == name).unwrap();
    let [quantity, updated_at] = ["quantity", "updated_at"].map(column);
    let later = format!("{}-12-31T00:00:00Z", 2099 + time);
    for (number, row) in reader.into_records().enumerate() {
        let row = row.unwrap();
        if number % CHANGED != 0 {
            writer.write_record(&row).unwrap();
            continue;
        }
        let more =
            row[quantity].parse::<i32>().map_or(1, |quantity| quantity + time as i32).to_string();
        let values = row.iter().enumerate().map(|(index, value)| match index {
            _ if index == quantity => more.as_str(),
            _ if index == updated_at => later.as_str(),
            _ => value,
        });
        writer.write_record(values).unwrap();
    }
    writer.into_inner().unwrap()
}
