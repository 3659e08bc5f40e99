//! What waits for a persona while it is being called.
//!
//! Of stream contexts only the newest waits. Messages gather in a batch of at most [`BATCH`]; when
//! it is full, the oldest of the least important gives way: first other personas' lines, then those
//! of them that name this one, then people's, and a person's that name this one last.

use crate::fresh::Fresh;
use chatter_protocol::{ChatMessage, StreamContext, Timestamp, persona::Calls};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Messages in a batch.
pub(crate) const BATCH: usize = 64;

/// Batches without a person's message are handed out this far apart.
const PACE: Duration = Duration::from_secs(1);

/// How much a message matters to a persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// A persona's line, or the room's own.
    Other,
    /// A persona's line that names this one.
    Names,
    /// A person's.
    Human,
    /// A person's that names this one.
    HumanNames,
}

/// A context, and what it came with.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) context: Arc<StreamContext>,
    pub(crate) at: Timestamp,
    /// What of it is new enough.
    pub(crate) fresh: Fresh,
}

/// What a persona is to be called on.
#[derive(Debug)]
pub(crate) enum Work {
    Context(Arrived),
    Firehose(Vec<Letter>),
}

#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) message: Arc<ChatMessage>,
    pub(crate) weight: Weight,
}

#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    context: Option<Arrived>,
    batch: VecDeque<Letter>,
    batch_at: Option<Timestamp>,
    context_was_last: bool,
}

impl Mailbox {
    /// A newer context takes the place of the one that waits. Returns whether one was displaced.
    pub(crate) fn put_context(&mut self, arrived: Arrived) -> bool {
        self.context.replace(arrived).is_some()
    }

    /// Returns whether a message gave way.
    pub(crate) fn put_message(&mut self, message: Arc<ChatMessage>, weight: Weight) -> bool {
        self.batch.push_back(Letter { message, weight });
        if self.batch.len() <= BATCH {
            return false;
        }
        // `min_by_key` finds the first of equals, which is the oldest.
        let least = self
            .batch
            .iter()
            .enumerate()
            .min_by_key(|(_, letter)| letter.weight);
        if let Some((index, _)) = least {
            self.batch.remove(index);
        }
        true
    }

    /// What to call the persona on now. A batch with a person's message goes first; otherwise
    /// contexts and batches take turns.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Work> {
        let urgent = self
            .batch
            .iter()
            .any(|letter| letter.weight >= Weight::Human);
        let due = urgent
            || !self.batch.is_empty() && self.batch_at.is_none_or(|at| now.since(at) >= PACE);
        if due && (urgent || self.context_was_last || self.context.is_none()) {
            self.context_was_last = false;
            return Some(Work::Firehose(self.take_batch(now)));
        }
        let arrived = self.context.take()?;
        self.context_was_last = true;
        Some(Work::Context(arrived))
    }

    /// The context that waits, if one does.
    pub(crate) fn take_context(&mut self) -> Option<Arrived> {
        self.context.take()
    }

    /// Drops what such calls would be made on that are not wanted.
    pub(crate) fn keep_only(&mut self, calls: Calls) {
        if !calls.context {
            self.context = None;
        }
        if !calls.firehose {
            self.batch.clear();
        }
    }

    /// The messages that wait.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Arc<ChatMessage>> {
        self.batch.iter().map(|letter| &letter.message)
    }

    /// Drops messages that are not to be known any more.
    pub(crate) fn keep_messages(&mut self, stays: impl Fn(&ChatMessage) -> bool) {
        self.batch.retain(|letter| stays(&letter.message));
    }

    /// All messages that wait, due or not; maybe none.
    pub(crate) fn take_batch(&mut self, now: Timestamp) -> Vec<Letter> {
        self.batch_at = Some(now);
        self.batch.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, context, guest_line, message_id, persona_line};

    fn arrived(position_s: u64) -> Arrived {
        Arrived {
            context: Arc::new(context(position_s, vec![])),
            at: at(0),
            fresh: Fresh::default(),
        }
    }

    fn persona(n: u8) -> Arc<ChatMessage> {
        Arc::new(persona_line(n, "rex", "hm"))
    }

    #[test]
    fn the_newest_context_wins() {
        let mut mailbox = Mailbox::default();
        assert!(!mailbox.put_context(arrived(2)));
        assert!(mailbox.put_context(arrived(4)));
        match mailbox.next(at(0)) {
            Some(Work::Context(arrived)) => assert_eq!(arrived.context.position_ms, 4_000),
            other => panic!("{other:?}"),
        }
        assert!(mailbox.next(at(0)).is_none());
    }

    #[test]
    fn what_matters_least_gives_way_first() {
        let mut mailbox = Mailbox::default();
        let human = Arc::new(guest_line(200, "ana", "nova?"));
        mailbox.put_message(human.clone(), Weight::HumanNames);
        mailbox.put_message(persona(201), Weight::Other);
        mailbox.put_message(persona(202), Weight::Other);
        for n in 0..(BATCH as u8 - 1) {
            mailbox.put_message(persona(n), Weight::Human);
        }
        let batch = mailbox.take_batch(at(0));
        assert_eq!(batch.len(), BATCH);
        assert_eq!(batch[0].message.id, human.id);
        assert_eq!(
            batch[1].message.id,
            message_id(0),
            "both personas' lines gave way"
        );
    }

    #[test]
    fn batches_keep_their_pace_unless_a_person_speaks() {
        let mut mailbox = Mailbox::default();
        mailbox.put_message(persona(1), Weight::Other);
        assert!(matches!(mailbox.next(at(10)), Some(Work::Firehose(batch)) if batch.len() == 1));
        mailbox.put_message(persona(2), Weight::Names);
        let half = at(10).plus(Duration::from_millis(500));
        assert!(mailbox.next(half).is_none());
        mailbox.put_message(Arc::new(guest_line(3, "ana", "hi")), Weight::Human);
        assert!(matches!(mailbox.next(half), Some(Work::Firehose(batch)) if batch.len() == 2));
    }

    #[test]
    fn contexts_and_batches_take_turns() {
        let mut mailbox = Mailbox::default();
        let mut order = Vec::new();
        for second in 0..4_u8 {
            mailbox.put_context(arrived(2));
            mailbox.put_message(persona(second), Weight::Other);
            order.push(match mailbox.next(at(10 + i64::from(second))) {
                Some(Work::Context(_)) => 'c',
                Some(Work::Firehose(_)) => 'f',
                None => '-',
            });
        }
        assert_eq!(order, ['c', 'f', 'c', 'f']);
    }
}
