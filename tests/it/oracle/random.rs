//! Makes a contract and files from a seed. The files contradict each other about a few keys and times.

use super::case::{Attribute, COLUMNS, Case, Dimension, Fact, File, History, Missing, Row, Source};
use super::case::{CONSTANT, DERIVABLE, Origin, SOURCES, Use, Value, value};
use super::looked_up;

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

fn sources(random: &mut Random) -> Vec<Source> {
    match random.below(3) {
        0 => vec![Source::Shop],
        1 => vec![Source::Book],
        _ => SOURCES.to_vec(),
    }
}

fn history(random: &mut Random) -> History {
    random.pick(&[History::Overwrite, History::Versions, History::Versions, History::First])
}

fn item(random: &mut Random) -> Dimension {
    let versions_by = sources(random);
    let attribute = |name, random: &mut Random| {
        let history = history(random);
        let sources =
            if history == History::Versions { versions_by.clone() } else { sources(random) };
        Attribute { name, history, sources }
    };
    let attributes = vec![attribute("name", random), attribute("color", random)];
    let key = if random.chance(15) { vec!["item_id", "town_id"] } else { vec!["item_id"] };
    let mut declared_by: Vec<Source> = SOURCES
        .into_iter()
        .filter(|source| attributes.iter().any(|a| a.sources.contains(source)))
        .collect();
    if random.chance(30) {
        declared_by = SOURCES.to_vec();
    }
    let valid_from_ts = SOURCES.into_iter().filter(|_| random.chance(60)).collect();
    let (missing, extracted_by) = (Missing::Keep, Vec::new());
    Dimension { name: "item", key, attributes, valid_from_ts, declared_by, missing, extracted_by }
}

fn town(random: &mut Random) -> Dimension {
    let attributes =
        vec![Attribute { name: "mayor", history: history(random), sources: vec![Source::Book] }];
    Dimension {
        name: "town",
        key: vec!["town_id"],
        attributes,
        valid_from_ts: if random.chance(50) { vec![Source::Book] } else { Vec::new() },
        declared_by: vec![Source::Book],
        missing: Missing::Keep,
        extracted_by: Vec::new(),
    }
}

/// Makes the files of some datasets full extracts of a dimension.
fn extract(random: &mut Random, dimension: &mut Dimension, replacing: &[Source]) {
    let brings = |source: &Source, versions: bool| {
        let mut attributes = dimension.attributes_of(*source).into_iter();
        attributes.any(|a| !versions || a.history == History::Versions)
    };
    let all = |versions| -> Vec<Source> {
        SOURCES.into_iter().filter(|source| brings(source, versions)).collect()
    };
    let (versioned, any) = (all(true), all(false));
    let can_close =
        !versioned.is_empty() && versioned.iter().all(|source| replacing.contains(source));
    if can_close && random.chance(60) {
        dimension.missing = Missing::Close;
        dimension.valid_from_ts.clear();
        dimension.extracted_by = versioned;
    } else if random.chance(80) {
        dimension.extracted_by =
            any.into_iter().filter(|source| replacing.contains(source)).collect();
        if !dimension.extracted_by.is_empty() {
            dimension.missing = Missing::Flag;
        }
    }
}

fn uses(random: &mut Random, dimensions: &[Dimension]) -> Vec<Use> {
    let item = &dimensions[0];
    let mut uses = vec![Use { dimension: 0, key: item.key.clone(), role: None }];
    if random.chance(50) {
        let mut key = item.key.clone();
        key[0] = "other_id";
        uses.push(Use { dimension: 0, key, role: Some("other") });
    }
    if random.chance(60) {
        uses.push(Use { dimension: 1, key: vec!["town_id"], role: None });
    }
    uses
}

fn sale(random: &mut Random, dimensions: &[Dimension]) -> Fact {
    let grain = match random.below(4) {
        0 => None,
        1 | 2 => Some(vec!["gid"]),
        _ => Some(vec!["gid", "day"]),
    };
    let splittable = match &grain {
        None => Some("ts"),
        Some(grain) => grain.contains(&"day").then_some("day"),
    };
    let partition = splittable.filter(|_| random.chance(70));
    let has_grain = grain.is_some();
    let keep = has_grain && random.chance(25);
    let mut dates = vec![("ts", None)];
    if random.chance(40) {
        dates.push(("day", Some("ship")));
    }
    Fact {
        name: "sale",
        source: Source::Shop,
        keep,
        version: has_grain && random.chance(50),
        delete_when: has_grain && !keep && random.chance(50),
        grain,
        uses: uses(random, dimensions),
        dates,
        as_of: random.pick(&[None, Some("ts"), Some("day")]),
        foreign_keys: random.chance(30),
        audit: random.chance(40),
        partition,
    }
}

pub fn case(random: &mut Random) -> Case {
    let mut dimensions = vec![item(random), town(random)];
    let mut replacing = if random.chance(50) { sources(random) } else { Vec::new() };
    for dimension in &mut dimensions {
        extract(random, dimension, &replacing);
    }
    replacing.retain(|source| dimensions.iter().any(|d| d.extracted_by.contains(source)));
    let mut facts = vec![sale(random, &dimensions)];
    if random.chance(50) {
        facts.push(Fact {
            name: "visit",
            source: Source::Book,
            grain: None,
            keep: false,
            version: false,
            delete_when: false,
            uses: vec![Use { dimension: 0, key: dimensions[0].key.clone(), role: None }],
            dates: vec![("day", None)],
            as_of: random.pick(&[None, Some("ts")]),
            foreign_keys: false,
            audit: false,
            partition: Some("day").filter(|_| random.chance(50)),
        });
    }
    for fact in facts.iter_mut().filter(|fact| replacing.contains(&fact.source)) {
        (fact.keep, fact.delete_when) = (false, false);
    }
    // Versions of a key have the same values in it, and two keys have no lines in common.
    let may_be = |origin| !matches!(origin, Origin::Key | Origin::Line) || replacing.is_empty();
    let derived = DERIVABLE.into_iter().filter(|(_, o)| random.chance(20) && may_be(*o)).collect();
    let has_parts = random.chance(50);
    let has_days = facts.iter().flat_map(|fact| fact.grain.iter().flatten()).any(|c| *c == "day");
    Case { dimensions, facts, derived, replacing, has_parts, has_days }
}

/// The key of a file with these values, and the rows as they are with what is not in the file.
fn derive(random: &mut Random, case: &Case, file: &mut File) {
    let mut folders = String::new();
    let index = |column: &str| COLUMNS.iter().position(|(name, _)| *name == column).unwrap();
    let mut set = |column: &str, value: Value, line: Option<usize>| {
        for (at, row) in file.batches.iter_mut().flatten().enumerate() {
            row[index(column)] = if line.is_some() { Some(at.to_string()) } else { value.clone() };
        }
    };
    for (column, origin) in &case.derived {
        match origin {
            Origin::Key => {
                let mut value = row(random)[index(column)].clone();
                if *column == "day" && case.has_days {
                    value.get_or_insert("1".to_owned());
                }
                let text = match &value {
                    None => "__HIVE_DEFAULT_PARTITION__".to_owned(),
                    Some(day) if *column == "day" => ["2026-01-31", "2026-02-01", "2026-02-02"]
                        [day.parse::<usize>().unwrap()]
                    .to_owned(),
                    // As Hive writes some of the characters of a value.
                    Some(text) => text.replace('i', "%69"),
                };
                folders.push_str(&format!("{column}={text}/"));
                set(column, value, None);
            }
            Origin::ObjectTime => set(column, Some((file.hour / 6).to_string()), None),
            Origin::Line => set(column, None, Some(0)),
            Origin::Constant => set(column, Some(CONSTANT.to_owned()), None),
            // Found in each row, below.
            Origin::Database | Origin::Table => {}
        }
    }
    for row in file.batches.iter_mut().flatten() {
        for column in case.of_origin(Origin::Database) {
            row[index(column)] = value(row, "addr").and_then(looked_up::color);
        }
        for column in case.of_origin(Origin::Table) {
            row[index(column)] =
                value(row, "color").and_then(|color| looked_up::by_color(column, color));
        }
    }
    file.key = file.key.replacen('/', &format!("/{folders}"), 1);
}

/// A few values, now and then none.
fn some(random: &mut Random, of: usize, name: &str) -> Value {
    if random.chance(8) { None } else { Some(format!("{name}{}", random.below(of))) }
}

fn row(random: &mut Random) -> Row {
    COLUMNS
        .iter()
        .map(|(column, _)| match *column {
            "gid" => Some(random.below(4).to_string()),
            "ts" => some(random, 7, ""),
            "day" => some(random, 3, ""),
            "ver" => some(random, 3, ""),
            "kind" => Some(random.pick(&["gone", "sold", "sold"]).to_owned()),
            "qty" => some(random, 9, ""),
            "item_id" | "other_id" => some(random, 3, "i"),
            "town_id" => some(random, 2, ""),
            "name" => some(random, 2, "n"),
            "color" => some(random, 2, "c"),
            "addr" => {
                let address = random.pick(&looked_up::ADDRESSES);
                if random.chance(8) { None } else { Some(address.to_owned()) }
            }
            _ => some(random, 2, "m"),
        })
        .collect()
}

pub fn files(random: &mut Random, case: &Case) -> Vec<File> {
    let count = 2 + random.below(5);
    let has_key_values = case.derived.iter().any(|(_, origin)| *origin == Origin::Key);
    let mut files: Vec<File> = Vec::new();
    for at in 0..count {
        let source = random.pick(&SOURCES);
        let batches = (0..1 + random.below(2))
            .map(|_| (0..1 + random.below(5)).map(|_| row(random)).collect())
            .collect();
        // Keys without an order, and some files of the same time.
        let key = format!("{}/{}{at}", source.name(), random.below(9));
        let hour = i64::try_from(random.below(4)).unwrap() * 12;
        let mut file = File { source, key, part: String::new(), hour, batches };
        if case.has_days {
            let at = COLUMNS.iter().position(|(name, _)| *name == "day").unwrap();
            for row in file.batches.iter_mut().flatten() {
                row[at].get_or_insert("1".to_owned());
            }
        }
        if case.replacing.contains(&source) {
            version(random, case, at, &mut file);
        } else if random.chance(40)
            && !has_key_values
            && let Some(whole) = files.last_mut().filter(|last| last.source == source)
        {
            // Another part of the object before it.
            if whole.part.is_empty() {
                whole.part = format!("part {}", whole.key);
            }
            (file.key, file.hour) = (whole.key.clone(), whole.hour);
            file.part = format!("part {}{at}", random.below(9));
        }
        derive(random, case, &mut file);
        files.push(file);
    }
    files
}

/// Makes the file a version of one of two keys, or of the part of one. No two versions are of the same time, and no
/// two keys have rows of the same grain.
fn version(random: &mut Random, case: &Case, at: usize, file: &mut File) {
    let of_key = random.below(2);
    file.key = format!("{}/k{of_key}", file.source.name());
    if case.has_parts {
        // Both datasets may have the same key then.
        file.key = format!("both/k{of_key}");
        file.part = format!("part {}", file.source.name());
    }
    file.hour = i64::try_from(at).unwrap() * 6;
    for row in file.batches.iter_mut().flatten() {
        let gid =
            value(row, "gid").map(|gid| format!("{}", gid.parse::<usize>().unwrap() + 4 * of_key));
        row[0] = gid;
    }
}
