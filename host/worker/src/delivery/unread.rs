//! Entries that can't be read: they stay in the outbox, and the others go on.

use chatter_store::{OutboxId, Unreadable};
use metrics::gauge;
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};
use tokio::time::Instant;

/// How often it is looked whether one can be read by now, since somebody has mended it, and whether it is still there; and at
/// how many at a time, as each takes the place of another in what is in view.
const AGAIN: Duration = Duration::from_secs(600);
const AT_ONCE: usize = 16;

/// Those that are known, each with when it is looked at again.
#[derive(Default)]
pub(super) struct Unread(BTreeMap<OutboxId, Instant>);

impl Unread {
    /// Those that are not to be handed out now.
    pub(super) fn passed_over(&self, now: Instant) -> Vec<OutboxId> {
        let mut due = 0;
        let passed = self.0.iter().filter(|(_, again)| {
            due += usize::from(**again <= now);
            **again > now || due > AT_ONCE
        });
        passed.map(|(id, _)| id.clone()).collect()
    }

    /// Takes note of those that came, beside those that were `passed_over`; of each that is new it is told.
    pub(super) fn note(
        &mut self,
        unreadable: Vec<Unreadable>,
        passed_over: &[OutboxId],
        now: Instant,
    ) {
        let (known, new): (Vec<_>, Vec<_>) = unreadable
            .into_iter()
            .partition(|entry| self.0.contains_key(&entry.id));
        let ids = passed_over
            .iter()
            .chain(known.iter().map(|entry| &entry.id));
        let there: HashSet<&OutboxId> = ids.collect();
        self.0.retain(|id, _| there.contains(id));
        if let Some(Unreadable { place, detail, .. }) = new.first() {
            tracing::error!(
                count = new.len(), %place, %detail,
                "memories on their way to the memory can't be read: they stay in the store, and others are delivered"
            );
        }
        let noted = known.into_iter().chain(new);
        self.0.extend(noted.map(|entry| (entry.id, now + AGAIN)));
        self.show();
    }

    pub(super) fn show(&self) {
        gauge!("chatter_memories_unreadable").set(self.0.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreadable(numbers: impl IntoIterator<Item = i64>) -> Vec<Unreadable> {
        let numbers = numbers.into_iter();
        let entry = |number| Unreadable {
            id: OutboxId {
                number,
                room: "main/lobby".into(),
            },
            place: number.to_string(),
            detail: "scripted".into(),
        };
        numbers.map(entry).collect()
    }

    fn numbers(ids: &[OutboxId]) -> Vec<i64> {
        ids.iter().map(|id| id.number).collect()
    }

    #[test]
    fn what_can_not_be_read_is_looked_at_again_later() {
        let (mut unread, start) = (Unread::default(), Instant::now());
        unread.note(unreadable(1..=3), &[], start);
        let passed = unread.passed_over(start);
        assert_eq!(numbers(&passed), [1, 2, 3]);
        unread.note(Vec::new(), &passed, start);
        let later = start + AGAIN;
        assert_eq!(unread.passed_over(later), []);
        // One is still there; the others are gone, or can be read.
        unread.note(unreadable([2]), &[], later);
        let passed = unread.passed_over(later);
        assert_eq!(numbers(&passed), [2]);
        unread.note(unreadable([4]), &passed, later);
        assert_eq!(numbers(&unread.passed_over(later)), [2, 4]);
    }

    #[test]
    fn a_few_are_looked_at_again_at_a_time() {
        let (mut unread, start) = (Unread::default(), Instant::now());
        let few = AT_ONCE as i64;
        unread.note(unreadable(0..3 * few), &[], start);
        let later = start + AGAIN;
        let passed = unread.passed_over(later);
        assert_eq!(numbers(&passed), Vec::from_iter(few..3 * few));
        unread.note(unreadable(0..few), &passed, later);
        let passed = unread.passed_over(later);
        let expected: Vec<_> = (0..few).chain(2 * few..3 * few).collect();
        assert_eq!(numbers(&passed), expected);
    }
}
