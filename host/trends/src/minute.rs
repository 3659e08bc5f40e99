//! The latest minute as a room's log tells it, and when it is read again.

use crate::{Parts, Window};
use chatter_protocol::{ChatMessage, RoomId};
use chatter_store::{Head, LOG_KEEPS, LogPage, StoreError};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// Messages that are read at once.
const PAGE: usize = 500;

/// Pages that are read in all: what a log keeps.
const MOST_PAGES: usize = LOG_KEEPS as usize / PAGE;

/// How long the store may take for all of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// After each message that was read, so much time is let pass before the log is read again: of a fast room in which something is
/// taken back all the time, a thousand messages a second are.
const REST: Duration = Duration::from_millis(1);

/// Messages with their offsets, the oldest first.
type Placed = Vec<(u64, Arc<ChatMessage>)>;

/// What the log says of the minute before.
#[derive(Debug)]
pub(crate) struct Minute {
    pub(crate) window: Window,
    /// The log's epoch, and how far it was read.
    pub(crate) place: (String, u64),
    /// How many messages were read.
    pub(crate) read: usize,
}

impl Minute {
    pub(crate) async fn of_log(
        parts: &Parts,
        room: &RoomId,
        own: Arc<BTreeSet<String>>,
    ) -> Result<Self, String> {
        let (head, pages) = timeout(PATIENCE, pages(parts, room))
            .await
            .map_err(|_| "the store does not answer".to_owned())?
            .map_err(|error| error.to_string())?;
        let now = parts.clock.now();
        let mut window = Window::new(now);
        window.set_emotes(own);
        for (_, message) in pages.iter().rev().flatten() {
            window.add_logged(now, message);
        }
        Ok(Self {
            window,
            place: (head.epoch, head.offset),
            read: pages.iter().map(Vec::len).sum(),
        })
    }
}

/// The log's latest pages, the newest first, back to one that begins before all that counts.
async fn pages(parts: &Parts, room: &RoomId) -> Result<(Head, Vec<Placed>), StoreError> {
    let LogPage { head, messages, .. } = parts.store.read_latest(room, PAGE).await?;
    let now = parts.clock.now();
    let mut pages = vec![messages];
    while pages.len() < MOST_PAGES {
        let Some((first, oldest)) = pages.last().and_then(|page| page.first()) else {
            break;
        };
        let first = *first;
        if first <= 1 || Window::is_past(now, oldest.sent_at) {
            break;
        }
        let after = (first - 1).saturating_sub(PAGE as u64);
        let mut page = parts.store.read_after(room, after, PAGE).await?;
        page.messages.retain(|(offset, _)| *offset < first);
        // It is another log by now, or the log goes back no further.
        if page.head.epoch != head.epoch || page.messages.is_empty() {
            break;
        }
        pages.push(page.messages);
    }
    Ok((head, pages))
}

/// When the minute is read anew because something of it was taken back.
#[derive(Debug)]
pub(crate) struct Anew {
    is_wanted: bool,
    not_before: Instant,
}

impl Anew {
    /// The first time it is read as soon as that is wanted.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            is_wanted: false,
            not_before: now,
        }
    }

    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.is_wanted && now >= self.not_before
    }

    /// So many messages were read for it.
    pub(crate) fn done(&mut self, read: usize, now: Instant) {
        let rest = REST.saturating_mul(u32::try_from(read).unwrap_or(u32::MAX));
        *self = Self::new(now + rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_was_read_the_later_it_is_read_again() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut anew = Anew::new(start);
        assert!(!anew.is_due(start));
        anew.want();
        assert!(anew.is_due(start));
        anew.done(3_000, start);
        assert!(!anew.is_due(after(3_000)), "nothing was taken back since");
        anew.want();
        for (ms, is_due) in [(0, false), (2_999, false), (3_000, true)] {
            assert_eq!(anew.is_due(after(ms)), is_due, "after {ms} ms");
        }
    }
}
