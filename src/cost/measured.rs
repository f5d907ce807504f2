//! Measured: none in; how long loads of several sizes took the packaged loader, out. Made by
//! `cost::measure` in `tests/it/cost.rs`, which says how.

/// What loading a file of one size takes in an invocation that finds its sandbox warm.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub bytes: f64,
    /// Seconds of a processor that the loader used.
    pub loader_seconds: f64,
    /// The same of its session's process in the database.
    pub database_seconds: f64,
    /// Seconds from the event to the answer, on a machine that did other work too.
    pub wall_seconds: f64,
}

/// Generated sales, in CSV; the middle of several runs.
pub const SAMPLES: &[Sample] = &[
    // 9 rows
    Sample {
        bytes: 1_157.0,
        loader_seconds: 0.0034,
        database_seconds: 0.0102,
        wall_seconds: 0.0832,
    },
    // 909 rows
    Sample {
        bytes: 102_153.0,
        loader_seconds: 0.005,
        database_seconds: 0.0242,
        wall_seconds: 0.1428,
    },
    // 9_095 rows
    Sample {
        bytes: 1_046_848.0,
        loader_seconds: 0.0125,
        database_seconds: 0.1295,
        wall_seconds: 0.466,
    },
    // 90_955 rows
    Sample {
        bytes: 10_665_453.0,
        loader_seconds: 0.086,
        database_seconds: 0.866,
        wall_seconds: 3.0734,
    },
    // 909_552 rows
    Sample {
        bytes: 103_969_044.0,
        loader_seconds: 0.84,
        database_seconds: 9.76,
        wall_seconds: 30.5201,
    },
    // 9_095_520 rows
    Sample {
        bytes: 1_050_109_963.0,
        loader_seconds: 8.73,
        database_seconds: 103.44,
        wall_seconds: 316.3739,
    },
];
