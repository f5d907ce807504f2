//! A contract of the oracle as plain values, and its text as TOML.

/// What is remembered of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    Overwrite,
    Versions,
    First,
}

/// What happens to members that are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Keep,
    Close,
    Flag,
}

/// A value of an attribute, a key or a number; the test has no need of types.
pub type Value = Option<String>;

/// The two datasets: `shop` has the fact `sale`; `book` may have the fact `visit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Shop,
    Book,
}

pub const SOURCES: [Source; 2] = [Source::Shop, Source::Book];

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Source::Shop => "shop",
            Source::Book => "book",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Attribute {
    pub name: &'static str,
    pub history: History,
    pub sources: Vec<Source>,
}

#[derive(Debug, Clone)]
pub struct Dimension {
    pub name: &'static str,
    /// Columns of the dimension, and of the dataset whose files have its members.
    pub key: Vec<&'static str>,
    pub attributes: Vec<Attribute>,
    /// Where versions begin, by dataset: the column `ts`, or the object's time.
    pub valid_from_ts: Vec<Source>,
    /// Datasets that declare it, with or without attributes.
    pub declared_by: Vec<Source>,
    pub missing: Missing,
    /// The datasets whose files are full extracts of it; none if missing members are kept.
    pub extracted_by: Vec<Source>,
}

impl Dimension {
    pub fn has_versions(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.history == History::Versions)
    }

    pub fn attributes_of(&self, source: Source) -> Vec<&Attribute> {
        self.attributes.iter().filter(|a| a.sources.contains(&source)).collect()
    }
}

/// A fact's reference to a dimension: by which columns, under which name.
#[derive(Debug, Clone)]
pub struct Use {
    pub dimension: usize,
    pub key: Vec<&'static str>,
    pub role: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub struct Fact {
    pub name: &'static str,
    pub source: Source,
    pub grain: Option<Vec<&'static str>>,
    pub keep: bool,
    pub version: bool,
    pub delete_when: bool,
    pub uses: Vec<Use>,
    /// Dates: the column, and the role if any.
    pub dates: Vec<(&'static str, Option<&'static str>)>,
    pub as_of: Option<&'static str>,
    pub foreign_keys: bool,
    pub audit: bool,
    /// The column by whose months it is split.
    pub partition: Option<&'static str>,
}

/// Where the values of a column come from that is not in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Key,
    ObjectTime,
    Line,
    Constant,
    /// Looked up by `addr` in a database of addresses.
    Database,
    /// Looked up by `color` in a table.
    Table,
}

/// The columns that a contract may take from elsewhere.
pub const DERIVABLE: [(&str, Origin); 11] = [
    ("town_id", Origin::Key),
    ("item_id", Origin::Key),
    ("name", Origin::Key),
    ("ver", Origin::Key),
    ("day", Origin::Key),
    ("ts", Origin::ObjectTime),
    ("gid", Origin::Line),
    ("qty", Origin::Constant),
    ("color", Origin::Database),
    ("other_id", Origin::Table),
    ("mayor", Origin::Table),
];

/// The value of a column that is a constant.
pub const CONSTANT: &str = "5";

#[derive(Debug, Clone)]
pub struct Case {
    pub dimensions: Vec<Dimension>,
    pub facts: Vec<Fact>,
    /// The columns of both datasets that are not in their files.
    pub derived: Vec<(&'static str, Origin)>,
    /// The datasets in which a newer version of a key replaces the older ones.
    pub replacing: Vec<Source>,
    /// Whether each of these datasets takes a part of the same objects.
    pub has_parts: bool,
    /// Whether each row of a file has a day.
    pub has_days: bool,
}

/// All columns of both datasets, with their types; `ts` and `day` count from 2026-01-31, so that
/// they are of two months.
pub const COLUMNS: [(&str, &str); 13] = [
    ("gid", "integer"),
    ("ts", "timestamp"),
    ("day", "date"),
    ("ver", "integer"),
    ("kind", "text"),
    ("qty", "integer"),
    ("item_id", "text"),
    ("other_id", "text"),
    ("town_id", "integer"),
    ("name", "text"),
    ("color", "text"),
    ("mayor", "text"),
    ("addr", "text"),
];

impl Case {
    /// The columns whose values come from there.
    pub fn of_origin(&self, wanted: Origin) -> impl Iterator<Item = &'static str> {
        self.derived.iter().filter(move |(_, origin)| *origin == wanted).map(|(column, _)| *column)
    }

    /// Whether the column is one of an enrichment.
    fn is_looked_up(&self, column: &str) -> bool {
        let mut derived = self.derived.iter().filter(|(derived, _)| *derived == column);
        derived.any(|(_, origin)| matches!(origin, Origin::Database | Origin::Table))
    }

    /// The contract of a dataset.
    pub fn toml(&self, source: Source) -> String {
        let name = source.name();
        let mut out = format!("name = \"{name}\"\nmatch = [\"{name}/**\"]\n");
        let in_key: Vec<&str> = self.of_origin(Origin::Key).collect();
        if !in_key.is_empty() {
            let folders: String = in_key.iter().map(|c| format!("{c}={{{c}}}/")).collect();
            out.push_str(&format!("from_key = \"{name}/{folders}*\"\n"));
        }
        out.push_str("[columns]\n");
        for (column, kind) in COLUMNS {
            if self.is_looked_up(column) {
                continue;
            }
            let is_required = column == "gid" || column == "day" && self.has_days;
            let required = if is_required { ", required = true" } else { "" };
            let origin = match self.derived.iter().find(|(derived, _)| *derived == column) {
                None | Some((_, Origin::Key)) => String::new(),
                Some((_, Origin::ObjectTime)) => ", source = \"object_time\"".to_owned(),
                Some((_, Origin::Line)) => ", source = \"line\"".to_owned(),
                Some((_, Origin::Constant)) => format!(", value = {CONSTANT}"),
                Some((_, Origin::Database | Origin::Table)) => String::new(),
            };
            out.push_str(&format!("{column} = {{ type = \"{kind}\"{required}{origin} }}\n"));
        }
        let overwrite = if self.replacing.contains(&source) { "replace" } else { "ignore" };
        out.push_str(&format!("[policy]\noverwrite = \"{overwrite}\"\n"));
        for (origin, name, file) in [
            (Origin::Table, "by_color", "from = \"color\"\ntable = \"colors.csv\""),
            (Origin::Database, "by_addr", "from = \"addr\"\ndatabase = \"places.mmdb\""),
        ] {
            let looked_up: Vec<&str> = self.of_origin(origin).collect();
            if looked_up.is_empty() {
                continue;
            }
            out.push_str(&format!("[enrich.{name}]\n{file}\n[enrich.{name}.columns]\n"));
            for column in looked_up {
                out.push_str(&format!(
                    "{column} = {{ type = \"text\", path = [\"of.{column}\", \"{column}\"] }}\n"
                ));
            }
        }
        for dimension in self.dimensions.iter().filter(|d| d.declared_by.contains(&source)) {
            out.push_str(&format!("[dimension.{}]\nkey = {:?}\n", dimension.name, dimension.key));
            let attributes = dimension.attributes_of(source);
            if attributes.is_empty() {
                continue;
            }
            let names: Vec<&str> = attributes.iter().map(|a| a.name).collect();
            let words: Vec<String> = attributes
                .iter()
                .map(|a| format!("{} = \"{:?}\"", a.name, a.history).to_lowercase())
                .collect();
            out.push_str(&format!(
                "attributes = {names:?}\nhistory = {{ {} }}\n",
                words.join(", ")
            ));
            let versions = attributes.iter().any(|a| a.history == History::Versions);
            if versions && dimension.valid_from_ts.contains(&source) {
                out.push_str("valid_from = \"ts\"\n");
            }
            if dimension.extracted_by.contains(&source) {
                let word = format!("{:?}", dimension.missing).to_lowercase();
                out.push_str(&format!("missing = \"{word}\"\n"));
            }
        }
        for fact in self.facts.iter().filter(|fact| fact.source == source) {
            out.push_str(&self.fact_toml(fact));
        }
        out
    }

    fn fact_toml(&self, fact: &Fact) -> String {
        let mut uses: Vec<String> = Vec::new();
        for used in &fact.uses {
            let dimension = &self.dimensions[used.dimension];
            uses.push(match used.role {
                None if used.key == dimension.key => format!("\"{}\"", dimension.name),
                None => format!("{{ dimension = \"{}\", key = {:?} }}", dimension.name, used.key),
                Some(role) => format!(
                    "{{ dimension = \"{}\", key = {:?}, as = \"{role}\" }}",
                    dimension.name, used.key
                ),
            });
        }
        for (column, role) in &fact.dates {
            let role = role.map_or_else(String::new, |role| format!(", as = \"{role}\""));
            uses.push(format!("{{ date = \"{column}\"{role} }}"));
        }
        let mut out = format!("[fact.{}]\ndimensions = [{}]\n", fact.name, uses.join(", "));
        out.push_str("measures = [\"qty\", { worth = \"coalesce(qty, 0) * 2 + 1\" }]\n");
        if let Some(grain) = &fact.grain {
            out.push_str(&format!("grain = {grain:?}\n"));
        }
        for (is_on, line) in [
            (fact.keep, "conflict = \"keep\"\n"),
            (fact.version, "version = \"ver\"\n"),
            (fact.delete_when, "delete_when = \"kind = 'gone'\"\n"),
            (fact.foreign_keys, "foreign_keys = true\n"),
            (fact.audit, "audit = true\n"),
        ] {
            if is_on {
                out.push_str(line);
            }
        }
        if let Some(by) = fact.partition {
            out.push_str(&format!("partition = {{ by = \"{by}\", every = \"month\" }}\n"));
        }
        if let Some(as_of) = fact.as_of {
            out.push_str(&format!("as_of = \"{as_of}\"\n"));
        }
        out
    }
}

/// A row of a file: the values of [`COLUMNS`]; times are numbers of hours and days.
pub type Row = Vec<Value>;

/// The value of a row's column.
pub fn value<'r>(row: &'r Row, column: &str) -> Option<&'r str> {
    let at = COLUMNS.iter().position(|(name, _)| *name == column).unwrap();
    row[at].as_deref()
}

/// A file: when it was written, and its rows, batch by batch.
#[derive(Debug, Clone)]
pub struct File {
    pub source: Source,
    /// Parts of one object have the same key and hour.
    pub key: String,
    /// Empty for a whole object.
    pub part: String,
    pub hour: i64,
    pub batches: Vec<Vec<Row>>,
}

/// The files whose facts are in the star: of a key whose versions replace each other, the newest.
pub fn newest(case: &Case, files: &[File]) -> Vec<File> {
    let is_newest = |file: &&File| {
        !case.replacing.contains(&file.source)
            || !files.iter().any(|other| {
                (other.source, &other.key) == (file.source, &file.key) && other.hour > file.hour
            })
    };
    files.iter().filter(is_newest).cloned().collect()
}
