//! Presence: which members the full extracts of a dimension have, for `missing = "close"` and `"flag"`. The
//! tables, and the SQL step that notes the members of a batch.
//!
//! Each key of a bucket is a row of extracts: its loads in the order of their objects' times. Of each member
//! only those extracts are saved at which it comes or goes, compared with the extract before. To add an
//! extract in the middle, or to take one away, changes only what is saved of it and of the next one, so the
//! order of arrival does not matter. [`extract`](super::extract) does that at the end of a load.

use super::{key_is_known, key_part, name};
use crate::dataset::{Dataset, Dimension, Missing};
use crate::star::ident::{ident, list, qualified};
use crate::star::table::{Column, Table};

/// The column that says whether a member is gone.
pub(super) const IS_DELETED: &str = "is_deleted";

/// The column with the start of the next version, where a version can end before that.
pub(super) const NEXT_FROM: &str = "next_from";

/// The column of the history that says that a member came back.
pub(super) const REOPENS: &str = "reopens";

/// The order of the loads `l` of one key.
pub(super) const LOAD_ORDER: &str =
    "l.object_time, rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate \"C\",
                         coalesce(l.version_id, ''), coalesce(l.etag, ''), l.generation, l.load_id";

/// The dimensions of which a dataset's files are full extracts, by name.
pub(in crate::star) fn extracted<'c>(
    dimensions: &'c [Dimension],
    dataset: &Dataset,
) -> Vec<&'c Dimension> {
    let is_extracted = |dimension: &&Dimension| {
        let mut sources = dataset.dimensions.iter();
        sources.any(|s| s.name == dimension.name && s.missing != Missing::Keep)
    };
    dimensions.iter().filter(is_extracted).collect()
}

/// The names of a dimension's tables about presence, without the schema.
pub(in crate::star) fn table_names(dimension: &str) -> [String; 3] {
    ["extract", "seen", "presence"].map(|prefix| format!("{prefix}_{dimension}"))
}

/// The SQL names that the statements for one dimension share.
pub(super) struct Names<'d> {
    pub dimension: &'d Dimension,
    /// The dimension's table, with its schema; so are the others.
    pub table: String,
    pub extract: String,
    pub seen: String,
    pub presence: String,
    /// The columns of its natural key.
    pub key: Vec<String>,
}

impl<'d> Names<'d> {
    pub(super) fn of(dimension: &'d Dimension) -> Names<'d> {
        let star = |name: &str| format!("star.{}", ident(name));
        let [extract, seen, presence] = table_names(&dimension.name).map(|name| star(&name));
        let key = dimension.key_names();
        Names { dimension, table: star(&name(&dimension.name)), extract, seen, presence, key }
    }
}

/// The tables about presence; none unless the contract says what to do with members that are gone.
pub(super) fn tables(dimension: &Dimension) -> Vec<Table> {
    if dimension.missing == Missing::Keep {
        return Vec::new();
    }
    let [extract, seen, presence] = table_names(&dimension.name);
    let keys = list(&dimension.key_names());
    let load = |comment: &str| Column::new("load_id", "bigint").not_null(true).comment(comment);
    let members = || dimension.key.iter().map(|column| key_part(column).not_null(true));
    let table = |name: &str, columns, key: String, comment: &str| Table {
        schema: "star",
        name: name.to_owned(),
        unlogged: false,
        columns,
        constraints: vec![(format!("{name}_pkey"), format!("primary key ({key})"))],
        indexes: Vec::new(),
        spare_percent: 0,
        comment: format!("{comment} of dimension {}.", dimension.name),
    };
    let mut presence = table(
        &presence,
        members().chain([load("The extract.")]).collect(),
        format!("{keys}, load_id"),
        "The extracts at which a member comes, and goes, and comes again by turns: the full extracts",
    );
    presence.indexes.push((format!("{}_load_id", presence.name), "(load_id)".to_owned()));
    vec![
        table(
            &extract,
            vec![load("A load that is finished.")],
            "load_id".to_owned(),
            "The full extracts",
        ),
        table(
            &seen,
            [load("A load that is not finished.")].into_iter().chain(members()).collect(),
            format!("load_id, {keys}"),
            "The members that a load has had so far: full extracts",
        ),
        presence,
    ]
}

/// The step of the trigger function. Rows that others insert into staging are part of no extract.
pub(super) fn step(dimension: &Dimension) -> String {
    let Names { seen, key, .. } = Names::of(dimension);
    format!(
        "    -- Dimension {dimension}: which members this extract has.
    if nullif(current_setting('stardrop.load_id', true), '') is not null then
        execute $sql$
            insert into {seen} (load_id, {key})
            select distinct $1, {batch_key}
            from batch
            where {known}
            on conflict do nothing
        $sql$ using this.load_id;
    end if;\n",
        dimension = dimension.name,
        batch_key = qualified("batch", &key),
        known = key_is_known(&key),
        key = list(&key),
    )
}
