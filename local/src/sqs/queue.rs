//! A queue: a message is delivered again until it is deleted, and is hidden for a while after each
//! delivery.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// All queues, by name.
pub(super) type Queues = Arc<Mutex<BTreeMap<String, Queue>>>;

/// The options of a queue.
#[derive(Debug, Clone)]
pub struct QueueOptions {
    /// The time that a received message stays hidden. Default: 30 seconds, as in SQS.
    pub visibility: Duration,
    /// The maximum receive count, and the name of the queue for messages that exceed it.
    pub dead_letters: Option<(u32, String)>,
}

impl Default for QueueOptions {
    fn default() -> Self {
        QueueOptions { visibility: Duration::from_secs(30), dead_letters: None }
    }
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The id that `send` returned.
    pub message_id: String,
    /// The handle that deletes the message.
    pub receipt_handle: String,
    /// The number of times that it was received, including this one.
    pub receive_count: u32,
    /// The message's text.
    pub body: String,
}

#[derive(Debug)]
struct Message {
    number: u64,
    body: String,
    visible_at: Instant,
    receive_count: u32,
}

impl Message {
    fn receipt_handle(&self) -> String {
        format!("receipt-{}-{}", self.number, self.receive_count)
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    options: QueueOptions,
    messages: Vec<Message>,
    sent: u64,
}

impl Queue {
    pub fn new(options: QueueOptions) -> Queue {
        Queue { options, messages: Vec::new(), sent: 0 }
    }

    pub fn send(&mut self, body: String, now: Instant, delay: Duration) -> String {
        self.sent += 1;
        let number = self.sent;
        self.messages.push(Message { number, body, visible_at: now + delay, receive_count: 0 });
        format!("message-{number}")
    }

    pub fn receive(&mut self, now: Instant, visibility: Option<Duration>) -> Option<Received> {
        let hidden_for = visibility.unwrap_or(self.options.visibility);
        let message = self.messages.iter_mut().find(|message| message.visible_at <= now)?;
        message.visible_at = now + hidden_for;
        message.receive_count += 1;
        Some(Received {
            message_id: format!("message-{}", message.number),
            receipt_handle: message.receipt_handle(),
            receive_count: message.receive_count,
            body: message.body.clone(),
        })
    }

    /// The queue that the message moves to, if it was received too often.
    pub fn dead_letter_queue(&self, received: &Received) -> Option<String> {
        let (max_receives, queue) = self.options.dead_letters.as_ref()?;
        (received.receive_count > *max_receives).then(|| queue.clone())
    }

    /// Deletes a message, and returns whether it existed. Only the newest receipt handle is valid.
    pub fn delete(&mut self, receipt_handle: &str) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| message.receipt_handle() != receipt_handle);
        self.messages.len() < before
    }

    pub fn change_visibility(
        &mut self,
        receipt_handle: &str,
        now: Instant,
        time: Duration,
    ) -> bool {
        let found = self.messages.iter_mut().find(|m| m.receipt_handle() == receipt_handle);
        let Some(message) = found else { return false };
        message.visible_at = now + time;
        true
    }

    pub fn bodies(&self) -> Vec<String> {
        self.messages.iter().map(|message| message.body.clone()).collect()
    }

    pub fn visible_in(&self, now: Instant) -> Option<Duration> {
        let next = self.messages.iter().map(|message| message.visible_at).min()?;
        Some(next.saturating_duration_since(now))
    }
}

/// Receives the next visible message of a queue, after moving the messages before it that were received
/// too often to their dead-letter queue.
pub(super) fn receive(
    queues: &Queues,
    name: &str,
    visibility: Option<Duration>,
) -> Option<Received> {
    let mut queues = queues.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    loop {
        let queue = queues.get_mut(name)?;
        let received = queue.receive(now, visibility)?;
        let Some(dead_letters) = queue.dead_letter_queue(&received) else { return Some(received) };
        queue.delete(&received.receipt_handle);
        if let Some(dead_letters) = queues.get_mut(&dead_letters) {
            dead_letters.send(received.body, now, Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_message_is_delivered_again_until_it_is_deleted_by_its_newest_receipt_handle() {
        let now = Instant::now();
        let mut queue = Queue::new(QueueOptions::default());
        queue.send("a".to_owned(), now, Duration::ZERO);
        let first = queue.receive(now, None).unwrap();
        assert_eq!((first.body.as_str(), first.receive_count), ("a", 1));
        assert_eq!(queue.receive(now + 29 * SECOND, None), None);
        let second = queue.receive(now + 30 * SECOND, None).unwrap();
        assert_eq!(second.receive_count, 2);
        assert!(!queue.delete(&first.receipt_handle));
        assert!(queue.delete(&second.receipt_handle));
        assert_eq!(queue.visible_in(now), None);
    }

    #[test]
    fn a_message_can_be_hidden_for_longer_or_shorter_than_the_default() {
        let now = Instant::now();
        let mut queue = Queue::new(QueueOptions::default());
        queue.send("a".to_owned(), now, 2 * SECOND);
        assert_eq!(queue.receive(now, None), None);
        let received = queue.receive(now + 2 * SECOND, None).unwrap();
        assert!(queue.change_visibility(&received.receipt_handle, now, 5 * SECOND));
        assert_eq!(queue.visible_in(now), Some(5 * SECOND));
        assert!(!queue.change_visibility("receipt-9-9", now, SECOND));
    }

    #[test]
    fn a_message_that_was_received_too_often_moves_to_the_dead_letter_queue() {
        let now = Instant::now();
        let dead_letters = Some((1, "dead".to_owned()));
        let mut queue = Queue::new(QueueOptions { visibility: SECOND, dead_letters });
        queue.send("a".to_owned(), now, Duration::ZERO);
        let first = queue.receive(now, None).unwrap();
        assert_eq!(queue.dead_letter_queue(&first), None);
        let second = queue.receive(now + SECOND, None).unwrap();
        assert_eq!(queue.dead_letter_queue(&second).as_deref(), Some("dead"));
    }
}
