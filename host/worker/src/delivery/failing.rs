//! Entries that failed, and what that says of them.

use chatter_protocol::TenantId;
use chatter_store::PendingMemory;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::time::Instant;

/// How many entries may be set aside, and how many of a tenant. Of more, it is the memory that fails.
const ASIDE: usize = 1_000;
const ASIDE_EACH: usize = 100;

const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause of an entry that is set aside, and of one that holds up its scope since too many are.
const LONGEST_ASIDE: Duration = Duration::from_secs(600);
const LONGEST_HELD: Duration = Duration::from_secs(30);

/// Those that have failed and are still in the outbox, by their number in it.
#[derive(Default)]
pub(super) struct Failing(HashMap<i64, Entry>);

struct Entry {
    tenant: TenantId,
    since: u64,
    until: Instant,
    pause: Duration,
    is_aside: bool,
}

/// An entry that failed in a round.
pub(super) struct Failed {
    pub(super) entry: PendingMemory,
    /// How many entries the memory had taken when it failed for the first time.
    pub(super) since: u64,
    /// Whether it failed though the memory has taken others since then.
    pub(super) is_alone: bool,
    pub(super) reason: String,
}

impl Failing {
    pub(super) fn since(&self, id: i64) -> Option<u64> {
        self.0.get(&id).map(|entry| entry.since)
    }

    pub(super) fn is_aside(&self, id: i64) -> bool {
        self.0.get(&id).is_some_and(|entry| entry.is_aside)
    }

    pub(super) fn count_aside(&self) -> usize {
        self.aside().count()
    }

    fn aside(&self) -> impl Iterator<Item = (i64, &Entry)> {
        let all = self.0.iter().map(|(id, entry)| (*id, entry));
        all.filter(|(_, entry)| entry.is_aside)
    }

    /// Those that are set aside and not to be tried now. Of those whose time has come one is tried in a round, since
    /// each may take the memory's whole time.
    pub(super) fn resting(&self, now: Instant) -> Vec<i64> {
        let due = self.aside().filter(|(_, entry)| entry.until <= now);
        let next = due.min_by_key(|(id, entry)| (entry.until, *id));
        let next = next.map(|(id, _)| id);
        let all = self.aside().map(|(id, _)| id);
        all.filter(|id| Some(*id) != next).collect()
    }

    /// Whether its scope waits for it.
    pub(super) fn holds_up(&self, id: i64, now: Instant) -> bool {
        let entry = self.0.get(&id);
        entry.is_some_and(|entry| !entry.is_aside && entry.until > now)
    }

    /// Forgets what was to be seen and was not: it is gone, or too far behind to matter.
    pub(super) fn retain(&mut self, pending: &[PendingMemory], resting: &[i64], now: Instant) {
        let seen: HashSet<i64> = pending.iter().map(|waiting| waiting.id).collect();
        let resting: HashSet<i64> = resting.iter().copied().collect();
        self.0
            .retain(|id, entry| seen.contains(id) || resting.contains(id) || entry.until > now);
    }

    pub(super) fn forget(&mut self, ids: &[i64]) {
        for id in ids {
            self.0.remove(id);
        }
    }

    /// The memory is back: what failed while nothing arrived says nothing of an entry, unless it `failed` now.
    pub(super) fn is_back(&mut self, failed: &[Failed]) {
        self.0.retain(|id, entry| {
            entry.is_aside || failed.iter().any(|failed| failed.entry.id == *id)
        });
    }

    /// Notes what failed in a round. While the memory `is_away` nothing is set aside, and no pause grows.
    pub(super) fn note(&mut self, failed: &Failed, is_away: bool, now: Instant) {
        let Failed {
            entry: PendingMemory { id, scope, .. },
            since,
            is_alone,
            ..
        } = failed;
        let tenant = scope.room.tenant();
        let of_tenant = self.aside().filter(|(_, entry)| entry.tenant == tenant);
        let has_room = of_tenant.count() < ASIDE_EACH && self.count_aside() < ASIDE;
        let entry = self.0.entry(*id).or_insert(Entry {
            tenant,
            since: *since,
            until: now,
            pause: FIRST_PAUSE,
            is_aside: false,
        });
        entry.is_aside |= *is_alone && has_room && !is_away;
        if entry.is_aside || !is_away {
            entry.until = now + entry.pause;
        }
        if *is_alone && !is_away {
            let longest = if entry.is_aside {
                LONGEST_ASIDE
            } else {
                LONGEST_HELD
            };
            entry.pause = (entry.pause * 2).min(longest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{
        Timestamp,
        memory::{Kind, NewEntry, Scope},
    };

    fn failed(id: i64, tenant: &str) -> Failed {
        Failed {
            entry: PendingMemory {
                id,
                scope: Scope {
                    room: format!("{tenant}/lobby").parse().unwrap(),
                    persona: "nova".parse().unwrap(),
                },
                write_id: id.to_string(),
                entry: NewEntry {
                    kind: Kind::PersonaNote,
                    text: "a".into(),
                    about: None,
                    confidence: 1.0,
                    source: None,
                },
                at: Timestamp::from_millis(0),
            },
            since: 0,
            is_alone: true,
            reason: "scripted".into(),
        }
    }

    #[test]
    fn what_is_set_aside_has_a_bound_for_each_tenant_and_for_all() {
        let now = Instant::now();
        let mut failing = Failing::default();
        let each = ASIDE_EACH as i64;
        for id in 0..2 * each {
            failing.note(&failed(id, "acme"), false, now);
        }
        assert_eq!(failing.count_aside(), ASIDE_EACH);
        assert!(
            failing.holds_up(each, now),
            "of more, each holds up its scope"
        );
        failing.note(&failed(-1, "main"), false, now);
        assert!(failing.is_aside(-1), "another tenant has its own");
        for tenant in 0..20 {
            for id in 0..each {
                let tenant_id = 1_000 * (tenant + 1) + id;
                failing.note(&failed(tenant_id, &format!("t{tenant}")), false, now);
            }
        }
        assert_eq!(failing.count_aside(), ASIDE);
    }

    #[test]
    fn pauses_grow_while_the_memory_is_there_alone() {
        let now = Instant::now();
        let mut failing = Failing::default();
        // How long it rests after each failure.
        let mut rests = |is_away: bool| {
            failing.note(&failed(1, "acme"), is_away, now);
            (failing.0[&1].until - now).as_secs()
        };
        let there: Vec<_> = (0..4).map(|_| rests(false)).collect();
        let away: Vec<_> = (0..3).map(|_| rests(true)).collect();
        let there_again: Vec<_> = (0..8).map(|_| rests(false)).collect();
        assert_eq!(there, [1, 2, 4, 8]);
        assert_eq!(away, [16, 16, 16]);
        assert_eq!(there_again, [16, 32, 64, 128, 256, 512, 600, 600]);
    }

    #[test]
    fn of_those_set_aside_one_is_tried_at_a_time() {
        let now = Instant::now();
        let mut failing = Failing::default();
        for id in 1..=3 {
            failing.note(
                &failed(id, "acme"),
                false,
                now + Duration::from_millis(id as u64),
            );
        }
        let rest = |failing: &Failing, after| {
            let mut resting = failing.resting(now + after);
            resting.sort_unstable();
            resting
        };
        assert_eq!(rest(&failing, Duration::ZERO), [1, 2, 3]);
        assert_eq!(rest(&failing, 2 * FIRST_PAUSE), [2, 3]);
        failing.note(&failed(1, "acme"), false, now + 2 * FIRST_PAUSE);
        assert_eq!(
            rest(&failing, 2 * FIRST_PAUSE),
            [1, 3],
            "who waits for longest"
        );
    }

    #[test]
    fn what_is_gone_from_the_outbox_is_forgotten() {
        let now = Instant::now();
        let mut failing = Failing::default();
        for id in 1..=3 {
            failing.note(&failed(id, "acme"), false, now);
        }
        let later = now + 2 * FIRST_PAUSE;
        let resting = failing.resting(later);
        failing.retain(&[], &resting, now);
        assert_eq!(failing.count_aside(), 3, "nothing is due");
        failing.retain(&[], &resting, later);
        assert_eq!(failing.count_aside(), 2, "the one that was asked for");
        failing.retain(&[failed(2, "acme").entry], &[], later);
        assert_eq!(failing.since(2), Some(0));
        assert_eq!(failing.since(3), None);
    }
}
