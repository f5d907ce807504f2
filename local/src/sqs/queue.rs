//! Queue: messages in; each one out until it is deleted, hidden for a while after each time.

use std::time::{Duration, Instant};

/// How a queue shall be.
#[derive(Debug, Clone)]
pub struct QueueOptions {
    /// How long a message that is handed out stays hidden: SQS' default is 30 seconds.
    pub visibility: Duration,
    /// A message that was handed out so often goes to the queue of that name.
    pub dead_letters: Option<(u32, String)>,
}

impl Default for QueueOptions {
    fn default() -> Self {
        QueueOptions { visibility: Duration::from_secs(30), dead_letters: None }
    }
}

/// A message that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub message_id: String,
    pub receipt_handle: String,
    /// How often it has been handed out, this time included.
    pub receive_count: u32,
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

    /// The queue for messages that were handed out too often, where this is one.
    pub fn gives_up_on(&self, received: &Received) -> Option<String> {
        let (most, queue) = self.options.dead_letters.as_ref()?;
        (received.receive_count > *most).then(|| queue.clone())
    }

    /// Only the newest receipt counts. A message that is gone is deleted already.
    pub fn delete(&mut self, receipt_handle: &str) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| message.receipt_handle() != receipt_handle);
        self.messages.len() < before
    }

    pub fn hide(&mut self, receipt_handle: &str, now: Instant, time: Duration) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_message_comes_again_until_it_is_deleted_by_its_newest_receipt() {
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
    fn a_message_can_be_hidden_for_longer_or_shorter_than_usual() {
        let now = Instant::now();
        let mut queue = Queue::new(QueueOptions::default());
        queue.send("a".to_owned(), now, 2 * SECOND);
        assert_eq!(queue.receive(now, None), None);
        let received = queue.receive(now + 2 * SECOND, None).unwrap();
        assert!(queue.hide(&received.receipt_handle, now, 5 * SECOND));
        assert_eq!(queue.visible_in(now), Some(5 * SECOND));
        assert!(!queue.hide("receipt-9-9", now, SECOND));
    }

    #[test]
    fn what_was_handed_out_too_often_is_given_up_on() {
        let now = Instant::now();
        let dead_letters = Some((1, "dead".to_owned()));
        let mut queue = Queue::new(QueueOptions { visibility: SECOND, dead_letters });
        queue.send("a".to_owned(), now, Duration::ZERO);
        let first = queue.receive(now, None).unwrap();
        assert_eq!(queue.gives_up_on(&first), None);
        let second = queue.receive(now + SECOND, None).unwrap();
        assert_eq!(queue.gives_up_on(&second).as_deref(), Some("dead"));
    }
}
