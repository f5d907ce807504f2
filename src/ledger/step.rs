//! Steps: how long each step of a load took, in the column `steps` of its row.

use std::time::Duration;

use super::{get, query};
use crate::db::Client;
use crate::error::Result;

/// A step of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Finding the object, connecting, and claiming the load, with waits for other workers.
    Claim,
    /// Opening the object and the files that values are looked up in, and reading the header. What is not streamed,
    /// such as a workbook, is downloaded here.
    Open,
    /// Reading, decoding, looking up and checking rows.
    Read,
    /// Sending rows to staging.
    Copy,
    /// The triggers, which turn rows into dimensions and facts.
    Normalise,
    /// Saving rejected rows.
    Reject,
}

impl Step {
    /// All steps, in the order in which they follow each other.
    pub const ALL: [Step; 6] =
        [Step::Claim, Step::Open, Step::Read, Step::Copy, Step::Normalise, Step::Reject];

    /// The step's name in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Claim => "claim",
            Step::Open => "open",
            Step::Read => "read",
            Step::Copy => "copy",
            Step::Normalise => "normalise",
            Step::Reject => "reject",
        }
    }
}

/// The time that each step has taken since the last checkpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepTimes([Duration; Step::ALL.len()]);

impl StepTimes {
    /// Adds to the time of a step.
    pub fn add(&mut self, step: Step, time: Duration) {
        if let Some(sum) = self.0.get_mut(step as usize) {
            *sum += time;
        }
    }

    /// These times and the others added up.
    #[must_use]
    pub(crate) fn plus(mut self, other: &StepTimes) -> StepTimes {
        for (sum, time) in self.0.iter_mut().zip(other.0) {
            *sum += time;
        }
        self
    }

    /// The seconds of each step as a JSON object, to the microsecond.
    pub(super) fn json(&self) -> String {
        let seconds = |time: &Duration| time.as_micros() as f64 / 1e6;
        let named = Step::ALL.iter().zip(&self.0);
        let object: serde_json::Map<String, serde_json::Value> =
            named.map(|(step, time)| (step.as_str().to_owned(), seconds(time).into())).collect();
        serde_json::Value::from(object).to_string()
    }
}

/// The steps of a load, as name, rows and seconds, in their order: those of its committed batches. None, where no
/// batch is committed.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn steps(client: &Client, load_id: i64) -> Result<Vec<Vec<String>>> {
    let names = Step::ALL.map(Step::as_str);
    let rows = query(
        client,
        "select s.step,
                coalesce((case s.step
                    when 'read' then l.rows_read
                    when 'copy' then l.rows_staged
                    when 'normalise' then l.rows_inserted + l.rows_updated
                    when 'reject' then l.rows_rejected
                end)::text, '-') as rows,
                round((l.steps ->> s.step)::numeric, 3)::text as seconds
         from stardrop.load l
         cross join unnest($2::text[]) with ordinality s (step, position)
         where l.load_id = $1
           and l.steps ->> s.step is not null
         order by s.position",
        &[&load_id, &names.as_slice()],
    )
    .await?;
    let columns = ["step", "rows", "seconds"];
    rows.iter().map(|row| columns.iter().map(|column| get(row, column)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_step_add_up() {
        let mut times = StepTimes::default();
        times.add(Step::Read, Duration::from_micros(1_500_000));
        times.add(Step::Read, Duration::from_micros(250));
        times.add(Step::Reject, Duration::from_secs(2));
        let json: serde_json::Value = serde_json::from_str(&times.json()).unwrap();
        let expected = serde_json::json!({
            "claim": 0.0, "open": 0.0, "read": 1.50025, "copy": 0.0, "normalise": 0.0, "reject": 2.0,
        });
        assert_eq!(json, expected);
    }
}
