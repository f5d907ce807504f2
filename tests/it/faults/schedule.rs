//! Makes a schedule from a seed and from nothing else: which files, deliveries and faults, in which order.

use std::time::Duration;

use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};
use stardrop_local::s3::FaultKind;

use super::files::{self, Dice, KINDS, Kind, one_in};
use super::frames::Phase;
use super::proxy::{At, Call, WireFault};

/// A version of an object.
#[derive(Debug, Clone)]
pub struct Put {
    pub kind: usize,
    pub key: String,
    /// The text of each part, with its name; empty for a whole object.
    pub parts: Vec<(String, String)>,
    /// How far the clock of the S3 node that wrote it is off.
    pub skew_ms: i64,
}

/// An event that is handed to a loader, and what goes wrong meanwhile.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The number of its object version.
    pub put: usize,
    pub wire: Vec<(At, WireFault)>,
    pub s3: Option<FaultKind>,
}

/// What one loader does in one round, one delivery after the other.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The real program in its own process, instead of a loader within the harness.
    pub program: bool,
    pub deliveries: Vec<Delivery>,
}

/// Objects are written, then loaders work side by side.
#[derive(Debug, Clone)]
pub struct Round {
    pub puts: Vec<usize>,
    pub lanes: Vec<Lane>,
}

#[derive(Debug, Clone)]
pub struct Schedule {
    pub seed: u64,
    pub versioned: bool,
    pub batch_rows: usize,
    /// Connections of a load.
    pub connections: u32,
    pub lease_seconds: u64,
    pub puts: Vec<Put>,
    pub rounds: Vec<Round>,
    /// The order in which all events are delivered again at the end.
    pub at_last: Vec<usize>,
}

/// The kinds of faults of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scope {
    /// The percentage of schedules that use the real program.
    pub programs: u32,
    /// The database server may be killed.
    pub kill_server: bool,
}

/// The steps at which faults find most, and how often each happens within a delivery.
const PHASES: &[(Phase, u32)] = &[
    (Phase::Commit, 6),
    (Phase::Checkpoint, 4),
    (Phase::CopyDone, 4),
    (Phase::CopyData, 4),
    (Phase::CopyStart, 4),
    (Phase::BeginBatch, 4),
    (Phase::Begin, 4),
    (Phase::Claim, 2),
    (Phase::Finish, 1),
    (Phase::Rejects, 2),
    (Phase::Release, 1),
    (Phase::Open, 1),
    (Phase::Connect, 1),
    (Phase::Totals, 1),
    (Phase::Replace, 1),
    (Phase::Savepoint, 8),
    (Phase::Settle, 1),
    (Phase::Fail, 1),
    (Phase::Rollback, 1),
];

impl Schedule {
    pub fn of(seed: u64, scope: Scope) -> Schedule {
        let dice = &mut Dice::seed_from_u64(seed);
        let chosen: Vec<usize> = {
            let mut kinds: Vec<usize> = (0..KINDS.len()).collect();
            kinds.shuffle(dice);
            kinds.truncate(dice.random_range(1..=2));
            kinds
        };
        let mut puts: Vec<Put> = Vec::new();
        let skewed = one_in(dice, 4);
        for _ in 0..dice.random_range(2..=6) {
            let put = a_put(dice, &chosen, &puts, skewed);
            puts.push(put);
        }
        let has_program = dice.random_range(0..100) < scope.programs;
        let lease_seconds = if has_program || one_in(dice, 5) { 1 } else { 900 };
        let mut schedule = Schedule {
            seed,
            versioned: one_in(dice, 3),
            batch_rows: *[3, 4, 5, 8, 1000].choose(dice).unwrap(),
            connections: dice.random_range(1..=2),
            lease_seconds,
            at_last: Vec::new(),
            puts,
            rounds: Vec::new(),
        };
        schedule.plan_rounds(dice, has_program, scope);
        schedule.at_last = (0..schedule.puts.len()).collect();
        schedule.at_last.shuffle(dice);
        schedule
    }

    fn plan_rounds(&mut self, dice: &mut Dice, has_program: bool, scope: Scope) {
        let mut next = 0;
        while next < self.puts.len() {
            let until = (next + dice.random_range(1..=3)).min(self.puts.len());
            let mut round = Round { puts: (next..until).collect(), lanes: Vec::new() };
            next = until;
            // The next version of a key may come while an older one is being read.
            let meanwhile = (next < self.puts.len() && one_in(dice, 2)).then_some(next);
            next += usize::from(meanwhile.is_some());
            let mut meanwhile_left = meanwhile;
            for number in 0..dice.random_range(1..=3) {
                let program = has_program && number == 0;
                let mut lane = Lane { program, deliveries: Vec::new() };
                for _ in 0..dice.random_range(1..=2) {
                    let newest = dice.random_range(until.saturating_sub(3)..until);
                    let put = if one_in(dice, 4) { dice.random_range(0..until) } else { newest };
                    let mut delivery = Delivery { put, wire: Vec::new(), s3: None };
                    for _ in 0..dice.random_range(1..=4) {
                        delivery.wire.push(self.wire_fault(dice, program, scope));
                    }
                    if let Some(put) = meanwhile_left.take() {
                        delivery.wire.push((some_phase(dice), WireFault::Before(Call::Put(put))));
                    }
                    if one_in(dice, 8) {
                        delivery
                            .wire
                            .push((some_phase(dice), WireFault::Before(Call::Delete(put))));
                    }
                    if one_in(dice, 3) {
                        delivery.s3 =
                            Some(s3_fault(dice, files::bytes(&self.puts[put].parts).len() as u64));
                    }
                    lane.deliveries.push(delivery);
                }
                round.lanes.push(lane);
            }
            self.rounds.push(round);
        }
    }

    fn wire_fault(&self, dice: &mut Dice, program: bool, scope: Scope) -> (At, WireFault) {
        if scope.kill_server && one_in(dice, 3) {
            let call = Call::KillServer;
            let wire_fault =
                if one_in(dice, 2) { WireFault::Before(call) } else { WireFault::After(call) };
            return (some_phase(dice), wire_fault);
        }
        let at = match dice.random_range(0..10) {
            0 | 1 => At::FromClient(dice.random_range(0..60)),
            2 => At::FromServer(dice.random_range(0..80)),
            _ => some_phase(dice),
        };
        let late = Duration::from_millis(dice.random_range(0..700));
        let wire_fault = match dice.random_range(0..if program { 22 } else { 16 }) {
            0 | 1 => WireFault::CutBefore,
            2 | 3 => WireFault::CutHalf,
            4 | 5 => WireFault::CutAtOnce,
            6..=8 => WireFault::CutAfter,
            // Only its own loader may terminate an orphan before its lease ends.
            9 | 10 => WireFault::Orphan(late),
            11 => WireFault::Stall(late / 4),
            12 => WireFault::Before(Call::Terminate),
            13 => WireFault::After(Call::Terminate),
            14 | 15 if !program => WireFault::Before(Call::Abandon),
            16 if one_in(dice, 2) => WireFault::Before(Call::Freeze),
            n if n % 2 == 0 => WireFault::Before(Call::Kill),
            _ => WireFault::After(Call::Kill),
        };
        (at, wire_fault)
    }
}

fn a_put(dice: &mut Dice, chosen: &[usize], before: &[Put], skewed: bool) -> Put {
    let skew_ms = if skewed { dice.random_range(-10_800_000..10_800_000) } else { 0 };
    let kind = *chosen.choose(dice).unwrap();
    let Kind { name, .. } = KINDS[kind];
    let key = dice.random_range(0..3);
    let same_kind: Vec<&Put> = before
        .iter()
        // Files that can be replaced share no row, so the bytes of one are written under its key only.
        .filter(|put| {
            put.kind == kind
                && (KINDS[kind].overwrite != "replace" || put.key.ends_with(&format!("{key}.csv")))
        })
        .collect();
    let parts = match same_kind.choose(dice) {
        Some(put) if one_in(dice, 4) => put.parts.clone(),
        _ => files::parts(dice, &KINDS[kind], key),
    };
    Put { kind, key: format!("{name}/{key}.csv"), parts, skew_ms }
}

fn some_phase(dice: &mut Dice) -> At {
    // The commit is the hardest step.
    if one_in(dice, 3) {
        return At::Phase(Phase::Commit, dice.random_range(0..7));
    }
    let (phase, times) = *PHASES.choose(dice).unwrap();
    At::Phase(phase, dice.random_range(0..times))
}

fn s3_fault(dice: &mut Dice, size: u64) -> FaultKind {
    let at = dice.random_range(0..size.max(1));
    match dice.random_range(0..10) {
        0..=2 => FaultKind::CutAt(at),
        3 | 4 => FaultKind::TruncateAt(at),
        5 => FaultKind::BytesPerSecond(dice.random_range(2_000..20_000)),
        6 => FaultKind::StallAt(at, Duration::from_millis(dice.random_range(10..300))),
        7 => FaultKind::Status(500),
        _ => FaultKind::Status(503),
    }
}
