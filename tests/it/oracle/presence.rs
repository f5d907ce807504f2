//! Works out when full extracts have a member: the newest file of any of their keys has it.

use std::collections::BTreeSet;

use super::case::{Dimension, File};
use super::expected::{Key, key};

/// Whether a member is there from each time on at which a file was written, in the order of these times.
pub struct Presence(Vec<(i64, bool)>);

impl Presence {
    pub fn of(dimension: &Dimension, member: &Key, files: &[File]) -> Presence {
        let extracts: Vec<&File> =
            files.iter().filter(|file| dimension.extracted_by.contains(&file.source)).collect();
        let has = |file: &File| {
            let mut rows = file.batches.iter().flatten();
            rows.any(|row| key(row, &dimension.key).as_ref() == Some(member))
        };
        let key_of = |file: &File| (file.source, file.key.clone());
        let keys: BTreeSet<_> = extracts.iter().map(|file| key_of(file)).collect();
        let is_there = |hour: i64| {
            keys.iter().any(|key| {
                let written =
                    extracts.iter().filter(|file| key_of(file) == *key && file.hour <= hour);
                written.max_by_key(|file| file.hour).is_some_and(|file| has(file))
            })
        };
        let hours: BTreeSet<i64> = extracts.iter().map(|file| file.hour).collect();
        let states = hours.into_iter().map(|hour| (hour, is_there(hour)));
        // A member is not gone before it was there.
        Presence(states.skip_while(|(_, is_there)| !is_there).collect())
    }

    /// Whether the member comes back at that time.
    pub fn returns_at(&self, hour: i64) -> bool {
        self.0.windows(2).any(|pair| !pair[0].1 && pair[1] == (hour, true))
    }

    /// The first time from `hour` on at which it is not there.
    pub fn gone_from(&self, hour: i64) -> Option<i64> {
        self.0.iter().find(|(at, is_there)| *at >= hour && !is_there).map(|(at, _)| *at)
    }

    /// Whether it is not there any more at the end.
    pub fn is_gone(&self) -> bool {
        self.0.last().is_some_and(|(_, is_there)| !is_there)
    }
}
