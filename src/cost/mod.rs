//! Cost: a number of files of one size in; what loading them costs on AWS, by measured seconds and
//! stated prices, out.

mod measured;
mod prices;
mod size;

pub use measured::{SAMPLES, Sample};
pub use prices::{HOURS_A_MONTH, Hourly, NOTED, REGIONS, Region, SOURCES};
pub use size::{parse_bytes, shown_bytes};

/// The memory at which Lambda gives one whole processor, in MB; with less, that share of it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
pub const ONE_PROCESSOR_MB: u32 = 1769;

/// A message is sent, received and deleted.
const SQS_REQUESTS_A_FILE: f64 = 3.0;

/// What an invocation of the longest time, 15 minutes, has for loading: the rest is its reserve.
const LONGEST_INVOCATION_SECONDS: f64 = 870.0;

/// The processor that Lambda runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    Arm64,
    X86_64,
}

/// What is to be loaded, where.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub files: u64,
    /// The size of one file, in bytes.
    pub bytes: u64,
    pub memory_mb: u32,
    pub arch: Arch,
    pub region: &'static Region,
}

/// What it costs, in dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// Of one file.
    pub seconds: f64,
    pub gb_seconds: f64,
    pub invocations: f64,
    pub sqs_requests: f64,
    pub s3_gets: f64,
    pub lambda_time: f64,
    pub lambda_requests: f64,
    pub sqs: f64,
    pub s3: f64,
}

impl Card {
    pub fn total(&self) -> f64 {
        self.lambda_time + self.lambda_requests + self.sqs + self.s3
    }

    /// For a gigabyte (10^9 bytes); `None` where there is nothing to load.
    pub fn per_gb(&self, question: &Question) -> Option<f64> {
        let bytes = question.files as f64 * question.bytes as f64;
        (bytes > 0.0).then(|| self.total() / (bytes / 1e9))
    }

    /// For 1,000 files; `None` where there are none.
    pub fn per_thousand_files(&self, question: &Question) -> Option<f64> {
        (question.files > 0).then(|| self.total() / question.files as f64 * 1e3)
    }
}

/// What the files cost.
pub fn card(question: &Question) -> Card {
    let (files, region) = (question.files as f64, question.region);
    let seconds = seconds(question.bytes as f64, question.memory_mb);
    let gb_second = match question.arch {
        Arch::Arm64 => region.lambda_arm64_gb_second,
        Arch::X86_64 => region.lambda_x86_64_gb_second,
    };
    let gb_seconds = files * seconds * f64::from(question.memory_mb) / 1024.0;
    // A load that needs more time than an invocation has goes on in the next one.
    let invocations = files * (seconds / LONGEST_INVOCATION_SECONDS).ceil().max(1.0);
    let sqs_requests = invocations * SQS_REQUESTS_A_FILE;
    Card {
        seconds,
        gb_seconds,
        invocations,
        sqs_requests,
        s3_gets: invocations,
        lambda_time: gb_seconds * gb_second,
        lambda_requests: invocations / 1e6 * region.lambda_million_requests,
        sqs: sqs_requests / 1e6 * region.sqs_million_requests,
        s3: invocations / 1e3 * region.s3_thousand_gets,
    }
}

/// How long a file takes: what the loader computes, which takes longer with a part of a processor,
/// and what the database does, which does not; as if neither worked while the other does.
pub fn seconds(bytes: f64, memory_mb: u32) -> f64 {
    let share = (f64::from(memory_mb) / f64::from(ONE_PROCESSOR_MB)).min(1.0);
    loader().at(bytes) / share + database().at(bytes)
}

/// Seconds that every file takes, and those that each of its bytes takes more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    pub fixed: f64,
    pub per_byte: f64,
}

impl Line {
    /// The seconds of a file of so many bytes.
    pub fn at(&self, bytes: f64) -> f64 {
        self.fixed + self.per_byte * bytes
    }
}

/// The line through the measured seconds of the loader.
pub fn loader() -> Line {
    fit(SAMPLES.iter().map(|sample| (sample.bytes, sample.loader_seconds)))
}

/// The line through the measured seconds of the database.
pub fn database() -> Line {
    fit(SAMPLES.iter().map(|sample| (sample.bytes, sample.database_seconds)))
}

/// The line that is off by the smallest shares of what was measured (weighted least squares): a
/// small file counts as much as a large one.
fn fit(points: impl Iterator<Item = (f64, f64)>) -> Line {
    let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, y) in points.filter(|(_, y)| *y > 0.0) {
        let weight = 1.0 / (y * y);
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    let spread = w * wxx - wx * wx;
    if spread <= 0.0 {
        return Line { fixed: 0.0, per_byte: 0.0 };
    }
    let per_byte = (w * wxy - wx * wy) / spread;
    Line { fixed: (wy - per_byte * wx) / w, per_byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again_however_far_apart_its_points_are() {
        let line = Line { fixed: 0.02, per_byte: 3e-8 };
        let points = [1e3, 1e5, 1e7, 1e9].map(|bytes| (bytes, line.at(bytes)));
        let found = fit(points.into_iter());
        assert!((found.fixed - line.fixed).abs() < 1e-9, "{found:?}");
        assert!((found.per_byte - line.per_byte).abs() < 1e-15, "{found:?}");
        assert_eq!(fit(std::iter::empty()), Line { fixed: 0.0, per_byte: 0.0 });
    }

    #[test]
    fn every_part_of_the_bill_follows_from_its_price() {
        let region = &REGIONS[0];
        let question =
            |files, memory_mb, arch| Question { files, bytes: 1_000_000, memory_mb, arch, region };
        let asked = question(1_000_000, ONE_PROCESSOR_MB, Arch::X86_64);
        let found = card(&asked);
        let sample_seconds = loader().at(1e6) + database().at(1e6);
        assert!((found.seconds - sample_seconds).abs() < 1e-9);
        assert!((found.gb_seconds - 1e6 * sample_seconds * 1769.0 / 1024.0).abs() < 1e-3);
        assert!((found.lambda_time - found.gb_seconds * 0.000_016_666_7).abs() < 1e-6);
        assert_eq!(found.lambda_requests, 0.20);
        assert!((found.sqs - 3.0 * 0.40).abs() < 1e-9);
        assert!((found.s3 - 0.40).abs() < 1e-9);
        assert_eq!(found.per_gb(&asked), Some(found.total() / 1e3));
        assert_eq!(found.per_thousand_files(&asked), Some(found.total() / 1e3));

        let half = card(&question(1_000_000, 885, Arch::Arm64));
        assert!(half.seconds > found.seconds, "half a processor computes for longer");
        let double = card(&question(1_000_000, 3538, Arch::X86_64));
        assert_eq!(double.seconds, found.seconds, "two processors are of no more use than one");
        assert!(card(&question(0, 1024, Arch::Arm64)).total() == 0.0);
        assert_eq!(
            card(&question(0, 1024, Arch::Arm64)).per_gb(&question(0, 1024, Arch::Arm64)),
            None
        );
    }
}
