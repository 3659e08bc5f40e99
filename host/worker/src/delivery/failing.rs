//! Entries that failed, and what that says of them.

use chatter_protocol::TenantId;
use chatter_store::{OutboxId, PendingMemory};
use metrics::gauge;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::time::Instant;

/// How many entries may be set aside, and how many of a tenant. Of more, the one that has failed for longest is given up,
/// if its pause cannot grow any more; else each holds up its scope.
const ASIDE: usize = 1_000;
const ASIDE_EACH: usize = 100;

const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause of an entry that is set aside, and of one that holds up its scope since too many are.
const LONGEST_ASIDE: Duration = Duration::from_secs(600);
const LONGEST_HELD: Duration = Duration::from_secs(30);

/// After a round with one that is set aside none is tried for so many times as long: each may take the memory's whole time,
/// and what is well waits for the round to end.
const REST: u32 = 10;

/// Those that have failed and are still in the outbox.
#[derive(Default)]
pub(super) struct Failing {
    entries: HashMap<OutboxId, Entry>,
    /// Until then none of those set aside is tried.
    rest: Option<Instant>,
}

struct Entry {
    tenant: TenantId,
    /// How many entries the memory had taken when it failed at this one for the first time, and when it refused it.
    failed_at: Option<u64>,
    refused_at: Option<u64>,
    until: Instant,
    pause: Duration,
    is_aside: bool,
}

/// An entry that failed in a round.
pub(super) struct Failed {
    pub(super) entry: PendingMemory,
    /// How many entries the memory had taken by then.
    pub(super) at: u64,
    /// Whether it was refused as wrong.
    pub(super) is_wrong: bool,
    /// Whether the memory has taken others since it failed at this one for the first time.
    pub(super) is_alone: bool,
    pub(super) reason: String,
}

impl Failing {
    pub(super) fn failed_at(&self, id: &OutboxId) -> Option<u64> {
        self.entries.get(id)?.failed_at
    }

    pub(super) fn refused_at(&self, id: &OutboxId) -> Option<u64> {
        self.entries.get(id)?.refused_at
    }

    pub(super) fn is_aside(&self, id: &OutboxId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.is_aside)
    }

    fn count_aside(&self) -> usize {
        self.aside().count()
    }

    pub(super) fn show(&self) {
        gauge!("chatter_memories_set_aside").set(self.count_aside() as f64);
    }

    fn aside(&self) -> impl Iterator<Item = (&OutboxId, &Entry)> {
        self.entries.iter().filter(|(_, entry)| entry.is_aside)
    }

    /// Those that are set aside and not to be tried now. Of those whose time has come one is tried in a round, since
    /// each may take the memory's whole time.
    pub(super) fn resting(&self, now: Instant) -> Vec<OutboxId> {
        let may_try = self.rest.is_none_or(|rest| rest <= now);
        let due = self
            .aside()
            .filter(|(_, entry)| may_try && entry.until <= now);
        let next = due.min_by_key(|(id, entry)| (entry.until, id.number));
        let next = next.map(|(id, _)| id);
        let all = self.aside().map(|(id, _)| id);
        all.filter(|id| Some(*id) != next).cloned().collect()
    }

    /// A round with one that is set aside is over.
    pub(super) fn rest(&mut self, began: Instant, now: Instant) {
        self.rest = Some(now + (now - began) * REST);
    }

    /// One that was set aside has arrived: others of its tenant are tried again, as it may be the memory that is well again.
    pub(super) fn try_again(&mut self, tenant: &TenantId, now: Instant) {
        let aside = self.entries.values_mut().filter(|entry| entry.is_aside);
        for entry in aside.filter(|entry| entry.tenant == *tenant) {
            (entry.until, entry.pause) = (now, FIRST_PAUSE);
        }
    }

    /// Whether its scope waits for it.
    pub(super) fn holds_up(&self, id: &OutboxId, now: Instant) -> bool {
        let entry = self.entries.get(id);
        entry.is_some_and(|entry| !entry.is_aside && entry.until > now)
    }

    /// Forgets what was to be seen and was not: it is gone, or too far behind to matter.
    pub(super) fn retain(&mut self, pending: &[PendingMemory], resting: &[OutboxId], now: Instant) {
        let seen = pending.iter().map(|waiting| &waiting.id);
        let there: HashSet<&OutboxId> = seen.chain(resting).collect();
        self.entries
            .retain(|id, entry| there.contains(id) || entry.until > now);
    }

    pub(super) fn forget(&mut self, ids: &[OutboxId]) {
        for id in ids {
            self.entries.remove(id);
        }
    }

    /// The memory is back: what failed while nothing arrived says nothing of an entry, unless it `failed` now.
    pub(super) fn is_back(&mut self, failed: &[Failed]) {
        self.entries.retain(|id, entry| {
            entry.is_aside || failed.iter().any(|failed| failed.entry.id == *id)
        });
    }

    /// Notes what failed in a round. While the memory `is_away` nothing is set aside, and no pause grows. Gives the one that
    /// is given up for it.
    pub(super) fn note(
        &mut self,
        failed: &Failed,
        is_away: bool,
        now: Instant,
    ) -> Option<OutboxId> {
        let Failed {
            entry: PendingMemory { id, scope, .. },
            at,
            is_wrong,
            is_alone,
            ..
        } = failed;
        let tenant = scope.room.tenant();
        let is_new = *is_alone && !is_away && !self.is_aside(id);
        let given_up = is_new.then(|| self.make_room(&tenant)).flatten();
        let has_room = self.has_room(&tenant);
        let entry = self.entries.entry(id.clone()).or_insert(Entry {
            tenant,
            failed_at: None,
            refused_at: None,
            until: now,
            pause: FIRST_PAUSE,
            is_aside: false,
        });
        let first = if *is_wrong {
            &mut entry.refused_at
        } else {
            &mut entry.failed_at
        };
        first.get_or_insert(*at);
        entry.is_aside |= is_new && has_room;
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
        given_up
    }

    fn has_room(&self, tenant: &TenantId) -> bool {
        let of_tenant = self.aside().filter(|(_, entry)| entry.tenant == *tenant);
        of_tenant.count() < ASIDE_EACH && self.count_aside() < ASIDE
    }

    /// If no more may be set aside of a tenant, gives up the one that has failed for longest: of the tenant, or of all if
    /// there are too many.
    fn make_room(&mut self, tenant: &TenantId) -> Option<OutboxId> {
        if self.has_room(tenant) {
            return None;
        }
        let of_all = self.count_aside() >= ASIDE;
        let hopeless = self.aside().filter(|(_, entry)| {
            entry.pause == LONGEST_ASIDE && (of_all || entry.tenant == *tenant)
        });
        let oldest = hopeless.min_by_key(|(id, entry)| (entry.failed_at, id.number));
        let id = oldest?.0.clone();
        self.entries.remove(&id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{
        Timestamp,
        memory::{Kind, NewEntry, Scope},
    };

    fn id(number: i64, tenant: &str) -> OutboxId {
        OutboxId {
            number,
            room: format!("{tenant}/lobby").into(),
        }
    }

    fn numbers(ids: Vec<OutboxId>) -> Vec<i64> {
        ids.into_iter().map(|id| id.number).collect()
    }

    fn failed(number: i64, tenant: &str) -> Failed {
        Failed {
            entry: PendingMemory {
                id: id(number, tenant),
                scope: Scope {
                    room: format!("{tenant}/lobby").parse().unwrap(),
                    persona: "nova".parse().unwrap(),
                },
                write_id: number.to_string(),
                entry: NewEntry {
                    kind: Kind::PersonaNote,
                    text: "a".into(),
                    about: None,
                    confidence: 1.0,
                    source: None,
                },
                at: Timestamp::from_millis(0),
            },
            at: 0,
            is_wrong: false,
            is_alone: true,
            reason: "scripted".into(),
        }
    }

    #[test]
    fn what_is_set_aside_has_a_bound_for_each_tenant_and_for_all() {
        let now = Instant::now();
        let mut failing = Failing::default();
        let each = ASIDE_EACH as i64;
        for number in 0..2 * each {
            failing.note(&failed(number, "acme"), false, now);
        }
        assert_eq!(failing.count_aside(), ASIDE_EACH);
        assert!(
            failing.holds_up(&id(each, "acme"), now),
            "of more, each holds up its scope"
        );
        failing.note(&failed(-1, "main"), false, now);
        assert!(
            failing.is_aside(&id(-1, "main")),
            "another tenant has its own"
        );
        for tenant in 0..20 {
            for number in 0..each {
                let tenant_id = 1_000 * (tenant + 1) + number;
                failing.note(&failed(tenant_id, &format!("t{tenant}")), false, now);
            }
        }
        assert_eq!(failing.count_aside(), ASIDE);
    }

    #[test]
    fn who_has_failed_for_longest_is_given_up_for_others_that_fail_alone() {
        let mut failing = Failing::default();
        let mut now = Instant::now();
        let each = ASIDE_EACH as i64;
        for number in 0..each {
            failing.note(&failed(number, "acme"), false, now);
        }
        assert_eq!(failing.note(&failed(each, "acme"), false, now), None);
        assert!(
            failing.holds_up(&id(each, "acme"), now),
            "all of them are new"
        );
        for _ in 0..10 {
            now += LONGEST_ASIDE;
            for number in 0..each {
                failing.note(&failed(number, "acme"), false, now);
            }
        }
        assert_eq!(failing.note(&failed(-1, "main"), false, now), None);
        let given_up = failing.note(&failed(each, "acme"), false, now);
        assert_eq!(given_up, Some(id(0, "acme")));
        let is_aside = [each, 0].map(|number| failing.is_aside(&id(number, "acme")));
        assert_eq!(is_aside, [true, false]);
        assert_eq!(failing.note(&failed(each, "acme"), false, now), None);
    }

    #[test]
    fn when_one_arrives_after_all_its_tenants_others_are_tried_again() {
        let mut failing = Failing::default();
        let now = Instant::now();
        for (number, tenant) in [(1, "acme"), (2, "acme"), (3, "main")] {
            failing.note(&failed(number, tenant), false, now);
        }
        failing.forget(&[id(1, "acme")]);
        failing.try_again(&"acme".parse().unwrap(), now);
        assert_eq!(numbers(failing.resting(now)), [3]);
        failing.rest(now - 2 * FIRST_PAUSE, now);
        assert_eq!(failing.resting(now + FIRST_PAUSE).len(), 2, "a rest");
    }

    #[test]
    fn pauses_grow_while_the_memory_is_there_alone() {
        let now = Instant::now();
        let mut failing = Failing::default();
        // How long it rests after each failure.
        let mut rests = |is_away: bool| {
            failing.note(&failed(1, "acme"), is_away, now);
            (failing.entries[&id(1, "acme")].until - now).as_secs()
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
        for number in 1..=3 {
            failing.note(
                &failed(number, "acme"),
                false,
                now + Duration::from_millis(number as u64),
            );
        }
        let rest = |failing: &Failing, after| {
            let mut resting = numbers(failing.resting(now + after));
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
        for number in 1..=3 {
            failing.note(&failed(number, "acme"), false, now);
        }
        let later = now + 2 * FIRST_PAUSE;
        let resting = failing.resting(later);
        failing.retain(&[], &resting, now);
        assert_eq!(failing.count_aside(), 3, "nothing is due");
        failing.retain(&[], &resting, later);
        assert_eq!(failing.count_aside(), 2, "the one that was asked for");
        failing.retain(&[failed(2, "acme").entry], &[], later);
        assert_eq!(failing.failed_at(&id(2, "acme")), Some(0));
        assert_eq!(failing.failed_at(&id(3, "acme")), None);
    }
}
