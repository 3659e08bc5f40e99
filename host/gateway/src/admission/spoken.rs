//! Who has spoken in a room lately, and when, at whichever gateway: what admission hears of its own
//! messages at once, and of the others by the fan-out.

use super::mentions::{RECENT, Roll};
use crate::PersonaSeat;
use chatter_protocol::{AuthorId, ChatMessage, Timestamp, room::Person};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(crate) struct Spoken(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    roll: Roll,
    /// The time of the newest message: a clock that is set back, or differs from another
    /// gateway's, does not turn messages around that were heard before.
    newest: Timestamp,
}

impl Spoken {
    /// How many of the latest messages are worth knowing.
    pub(crate) const RECENT: usize = RECENT;

    pub(crate) fn new(seats: &[PersonaSeat]) -> Self {
        Self(Mutex::new(Inner {
            roll: Roll::new(seats),
            newest: Timestamp::from_millis(0),
        }))
    }

    /// Others sit here from now on.
    pub(crate) fn set_personas(&self, seats: &[PersonaSeat]) {
        self.lock().roll.set_personas(seats);
    }

    /// A message of the log. One that was noted before changes nothing.
    pub(crate) fn note(&self, message: &ChatMessage) {
        let mut inner = self.lock();
        inner.newest = inner.newest.max(message.sent_at);
        inner.roll.note(&message.author);
    }

    /// The time of a message that is sent now.
    pub(crate) fn time(&self, now: Timestamp) -> Timestamp {
        let mut inner = self.lock();
        inner.newest = inner.newest.max(now);
        inner.newest
    }

    pub(crate) fn mentions(
        &self,
        text: &str,
        watching: impl FnOnce() -> Vec<Arc<Person>>,
    ) -> Vec<AuthorId> {
        self.lock().roll.mentions(text, watching)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
