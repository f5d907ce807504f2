//! Sends many parts of SQL in few messages, and says in which of them Postgres refused a statement. A migration of hundreds of
//! datasets has thousands of statements: each as a message of its own would wait for its answer.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::ErrorPosition;

use super::session::refused;
use crate::db::Client;
use crate::error::Error;

/// The size of a message, unless a single part is larger.
const MESSAGE_BYTES: usize = 512 * 1024;

/// The column of the query in front of each part, whose answer tells that Postgres has got that far.
const MARKER: &str = "stardrop_next_part";

/// A part that Postgres refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// The index of the part.
    pub part: usize,
    pub error: Error,
}

/// The statements as one part. A statement may end in a semicolon or a comment.
pub(super) fn joined(statements: &[String]) -> String {
    statements.join("\n;\n")
}

/// Runs the parts in their order, within the transaction that is open.
///
/// # Errors
///
/// That of the first statement which Postgres refuses. No later one has run then.
pub(super) async fn execute_all(client: &Client, parts: &[String]) -> Result<(), Refused> {
    let parts: Vec<String> =
        parts.iter().map(|part| format!("select null as {MARKER};\n{part}\n;\n")).collect();
    let mut first = 0;
    for message in messages(&parts) {
        execute(client, message)
            .await
            .map_err(|Refused { part, error }| Refused { part: first + part, error })?;
        first += message.len();
    }
    Ok(())
}

/// Groups the parts.
fn messages(parts: &[String]) -> Vec<&[String]> {
    let mut size = 0;
    parts
        .chunk_by(|part, next| {
            size += part.len();
            let has_room = size + next.len() <= MESSAGE_BYTES;
            if !has_room {
                size = 0;
            }
            has_room
        })
        .collect()
}

async fn execute(client: &Client, parts: &[String]) -> Result<(), Refused> {
    let parts: Vec<_> = parts.iter().map(|part| client.names().apply(part)).collect();
    let mut started = 0;
    let answers = async {
        let mut answers = pin!(client.simple_query_raw(&parts.concat()).await?);
        while let Some(answer) = answers.try_next().await? {
            if let SimpleQueryMessage::RowDescription(columns) = answer
                && columns.first().is_some_and(|column| column.name() == MARKER)
            {
                started += 1;
            }
        }
        Ok(())
    };
    let result: Result<(), tokio_postgres::Error> = answers.await;
    result.map_err(|error| {
        // Nothing has started where Postgres cannot parse the message as a whole.
        let part = match (started, error.as_db_error().and_then(|error| error.position())) {
            (0, Some(ErrorPosition::Original(position))) => part_at(&parts, *position),
            (0, _) => 0,
            (started, _) => started - 1,
        };
        Refused { part, error: refused(error) }
    })
}

/// The index of the part that has this character of the message, counted from 1.
fn part_at<S: AsRef<str>>(parts: &[S], position: u32) -> usize {
    let mut end = 0;
    let is_before = |part: &&S| {
        end += part.as_ref().chars().count();
        usize::try_from(position).is_ok_and(|position| position > end)
    };
    parts.iter().take_while(is_before).count().min(parts.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_as_many_parts_as_fit() {
        let part = |size: usize| "x".repeat(size);
        let sizes = |parts: &[String]| messages(parts).iter().map(|m| m.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        let third = MESSAGE_BYTES / 3;
        assert_eq!(sizes(&[part(third), part(third), part(third), part(third)]), [3, 1]);
        assert_eq!(sizes(&[part(1), part(2 * MESSAGE_BYTES), part(1), part(1)]), [1, 1, 2]);
    }

    #[test]
    fn a_position_counts_characters() {
        let parts = ["äöü;", "b;", "c"];
        for (position, part) in [(1, 0), (4, 0), (5, 1), (6, 1), (7, 2), (8, 2), (99, 2)] {
            assert_eq!(part_at(&parts, position), part, "{position}");
        }
    }
}
