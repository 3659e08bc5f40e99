//! Whose turn it is: tenants in proportion to their shares, however much each of them wants.
//!
//! Start-time fair queueing (Goyal, Vin and Cheng, "Start-time fair queueing", 1996): each turn moves its
//! tenant's clock on by what a turn costs it, the less the larger its share, and who is furthest behind is
//! next. Who comes anew begins where the others are, and who leaves and comes back where it was, so that
//! neither waiting nor asking again gains anything.

use chatter_protocol::TenantId;
use std::collections::{BTreeMap, VecDeque};

/// What a turn moves the clock of a tenant on whose share is 1.
const TURN: u64 = 1 << 20;

/// What waits for a turn.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    /// What tenants get against the 1 of all others.
    shares: BTreeMap<TenantId, u32>,
    /// Those that want something, or have had their turns in advance. Few: a scan is enough.
    tenants: Vec<Tenant<T>>,
    /// The clock of who had the latest turn.
    now: u64,
}

#[derive(Debug)]
struct Tenant<T> {
    id: TenantId,
    clock: u64,
    waiting: VecDeque<T>,
}

impl<T> Turns<T> {
    pub(crate) fn new(shares: BTreeMap<TenantId, u32>) -> Self {
        Self {
            shares,
            tenants: Vec::new(),
            now: 0,
        }
    }

    /// Adds what waits, behind all else of its tenant.
    pub(crate) fn push(&mut self, tenant: TenantId, what: T) {
        if let Some(known) = self.tenants.iter_mut().find(|known| known.id == tenant) {
            if known.waiting.is_empty() {
                known.clock = known.clock.max(self.now);
            }
            known.waiting.push_back(what);
            return;
        }
        self.tenants.push(Tenant {
            id: tenant,
            clock: self.now,
            waiting: VecDeque::from([what]),
        });
    }

    /// What is next, and whose it is.
    pub(crate) fn pop(&mut self) -> Option<(TenantId, T)> {
        let next = self
            .tenants
            .iter_mut()
            .filter(|tenant| !tenant.waiting.is_empty())
            .min_by_key(|tenant| tenant.clock)?;
        let (id, what) = (next.id.clone(), next.waiting.pop_front()?);
        self.now = next.clock;
        let share = self.shares.get(&id).copied().unwrap_or(1).max(1);
        next.clock += TURN / u64::from(share);
        let now = self.now;
        self.tenants
            .retain(|tenant| !tenant.waiting.is_empty() || tenant.clock > now);
        Some((id, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    /// What each of two tenants gets of 120 turns, with so many that want one without end.
    fn turns(wanting: [usize; 2], shares: &[(&str, u32)]) -> [usize; 2] {
        let names = ["a", "b"];
        let shares = shares.iter().map(|(name, share)| (tenant(name), *share));
        let mut turns = Turns::new(shares.collect());
        for (name, count) in names.into_iter().zip(wanting) {
            for _ in 0..count {
                turns.push(tenant(name), ());
            }
        }
        let mut had = [0; 2];
        for _ in 0..120 {
            let (id, ()) = turns.pop().unwrap();
            had[usize::from(id.as_str() == "b")] += 1;
            turns.push(id, ());
        }
        had
    }

    #[test]
    fn tenants_take_turns_however_much_each_wants() {
        for (wanting, shares, expected) in [
            ([60, 1], &[][..], [60, 60]),
            ([1, 1], &[], [60, 60]),
            ([60, 1], &[("a", 3)], [90, 30]),
            ([60, 1], &[("b", 5)], [20, 100]),
            ([7, 0], &[], [120, 0]),
        ] {
            assert_eq!(turns(wanting, shares), expected, "{wanting:?} {shares:?}");
        }
    }

    #[test]
    fn who_comes_later_begins_where_the_others_are() {
        let mut turns = Turns::new(BTreeMap::new());
        turns.push(tenant("a"), ());
        for _ in 0..1000 {
            let (id, ()) = turns.pop().unwrap();
            turns.push(id, ());
        }
        turns.push(tenant("b"), ());
        let mut had = 0;
        for _ in 0..100 {
            let (id, ()) = turns.pop().unwrap();
            had += usize::from(id.as_str() == "b");
            turns.push(id, ());
        }
        assert!((49..=51).contains(&had), "{had}");
    }

    #[test]
    fn who_asks_again_each_time_gains_nothing() {
        let mut turns = Turns::new(BTreeMap::new());
        let mut had = BTreeMap::<_, usize>::new();
        turns.push(tenant("patient"), ());
        for _ in 0..100 {
            // One that is done with each turn, and comes back with something new.
            turns.push(tenant("pushy"), ());
            let (id, ()) = turns.pop().unwrap();
            *had.entry(id.to_string()).or_default() += 1;
            if id.as_str() == "patient" {
                turns.push(id, ());
            }
        }
        let patient = had["patient"];
        assert!((49..=51).contains(&patient), "{had:?}");
    }

    #[test]
    fn whoever_has_left_is_forgotten() {
        let mut turns = Turns::new(BTreeMap::new());
        turns.push(tenant("stays"), ());
        for n in 0..100 {
            turns.push(tenant(&format!("t{n}")), ());
            for _ in 0..2 {
                let (id, ()) = turns.pop().unwrap();
                if id.as_str() == "stays" {
                    turns.push(id, ());
                }
            }
        }
        assert!(turns.tenants.len() < 5, "{:?}", turns.tenants);
    }
}
