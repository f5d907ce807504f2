//! Load order: the order of loads of which the later one is the newer one, as terms of an `order by`.

/// The columns of the ledger that decide it: the object's time, then what `stardrop.load_sorts_after` compares.
const COLUMNS: [&str; 9] = [
    "l.object_time",
    "l.bucket",
    "l.key",
    "rpad(lower(coalesce(l.sequencer, '')), 64, '0') collate \"C\"",
    "coalesce(l.version_id, '')",
    "coalesce(l.etag, '')",
    "l.part",
    "l.generation",
    "l.load_id",
];

/// The terms that put the newest of the loads `l` first.
pub(super) fn newest_first() -> String {
    COLUMNS.map(|column| format!("{column} desc")).join(",\n                 ")
}

/// The terms that put the oldest of the loads `l` first.
pub(super) fn oldest_first() -> String {
    COLUMNS.join(",\n                 ")
}

/// The condition that the load `l` is newer than this one.
pub(super) fn is_newer(load: &str, time: &str) -> String {
    format!(
        "(l.object_time > {time}
       or l.object_time = {time} and stardrop.load_sorts_after(l.load_id, {load}))"
    )
}
