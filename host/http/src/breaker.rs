//! Keeps those who ask from waiting for a server that does not answer: a circuit breaker as in
//! M. Nygard, *Release It!* (2007). After some failures in a row nobody asks for a while; then one asks, and by how
//! that ends all may ask again, or nobody for twice as long.
//!
//! Each of those who ask has one of its own: what one of them asks may be what the server fails at, and must not keep
//! the others from asking. Where it fails for several of them, one after the other and with no good answer between,
//! it is the server that is left alone, by all: else each of them would have to find that out alone.

mod circuit;
mod watch;

pub use watch::{News, Watch};

use circuit::Circuit;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// It takes so many of those who ask for it to be the server that fails. Each of two alone learns it soon enough.
const SEVERAL: usize = 3;

/// With more than this of those who ask, those of whom there is nothing to tell are forgotten.
const EACH: usize = 1_000;

/// When nobody asks any more, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// So many failures in a row open it. At least 1.
    pub failures: u32,
    /// How long it stays open the first time; twice as long each time that the probe fails.
    pub first_rest: Duration,
    /// The longest that it stays open.
    pub longest_rest: Duration,
}

/// Whether a server is asked. `K` is who asks, `R` what a failure is told with.
#[derive(Debug)]
pub struct Breaker<K, R = ()> {
    patience: Patience,
    state: Mutex<State<K, R>>,
}

#[derive(Debug)]
struct State<K, R> {
    /// What all have in common.
    server: Circuit,
    each: BTreeMap<K, Asker<R>>,
    /// With so many of them it is looked who can be forgotten.
    full: usize,
    /// Failures with no good answer between are a row; each row has a number.
    row: u64,
    /// For how many of those who ask it failed in this row.
    failed: usize,
}

/// One of those who ask.
#[derive(Debug)]
struct Asker<R> {
    circuit: Circuit,
    /// What its latest failure was told with, until there is a good answer.
    reason: Option<R>,
    /// The row in which it failed last.
    row: Option<u64>,
    /// How many leaves it has that nothing has come of yet.
    asking: usize,
}

/// What an operator may want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has opened, for so long.
    Opened(Duration),
    /// The probe failed: it stays open for so long.
    StaysOpen(Duration),
    /// It has closed, so long after it opened.
    Closed(Duration),
}

/// Why somebody is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage<R> {
    /// What it asked itself failed, the latest time for this reason.
    Own(R),
    /// It failed for others; for which reasons is for them alone.
    Others,
}

/// For whom it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// For nobody.
    #[default]
    Nobody,
    /// For one or more of those who ask.
    Some,
    /// For all.
    All,
}

/// Leave to ask once. What came of it is to be said; if it isn't, nothing is known, and a probe leaves its place to the
/// next.
#[derive(Debug)]
pub struct Pass<'a, K: Ord + Clone, R: Clone> {
    breaker: &'a Breaker<K, R>,
    who: K,
    /// The number of the probe that it is of those who ask as this one does.
    own: Option<u64>,
    /// The number of the probe that it is of all.
    all: Option<u64>,
}

impl<K: Ord + Clone, R: Clone> Breaker<K, R> {
    /// One that lets everybody through.
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        Self {
            patience,
            state: Mutex::new(State {
                server: Circuit::new(),
                each: BTreeMap::new(),
                full: EACH,
                row: 0,
                failed: 0,
            }),
        }
    }

    /// Leave to ask.
    ///
    /// # Errors
    ///
    /// If there is none, with the reason.
    pub fn pass(&self, who: K, now: Instant) -> Result<Pass<'_, K, R>, Outage<R>> {
        let state = &mut *self.state();
        if !state.lets(&who, now, &self.patience) {
            return Err(state.reason(&who));
        }
        let all = state.server.pass();
        let asker = state.asker(&who, now, &self.patience);
        asker.asking += 1;
        let own = asker.circuit.pass();
        Ok(Pass {
            breaker: self,
            who,
            own,
            all,
        })
    }

    /// Whether this one would not be let through now.
    pub fn rests(&self, who: &K, now: Instant) -> bool {
        !self.state().lets(who, now, &self.patience)
    }

    /// Why it is open for this one, if it is.
    pub fn outage(&self, who: &K, now: Instant) -> Option<Outage<R>> {
        let state = self.state();
        let is_open = |circuit: &Circuit| circuit.is_open(now, &self.patience);
        let own = state.each.get(who);
        let is_out = is_open(&state.server) || own.is_some_and(|own| is_open(&own.circuit));
        is_out.then(|| state.reason(who))
    }

    /// For whom it is open.
    pub fn extent(&self, now: Instant) -> Extent {
        let state = self.state();
        let is_open = |circuit: &Circuit| circuit.is_open(now, &self.patience);
        if is_open(&state.server) {
            Extent::All
        } else if state.each.values().any(|one| is_open(&one.circuit)) {
            Extent::Some
        } else {
            Extent::Nobody
        }
    }

    /// For metrics: 0 everybody asks, 1 one probes, 2 nobody asks; of those who ask, the one for whom it is highest.
    pub fn level(&self, now: Instant) -> f64 {
        let state = self.state();
        let each = state.each.values().map(|one| one.circuit.level(now));
        each.fold(state.server.level(now), f64::max)
    }

    fn state(&self) -> MutexGuard<'_, State<K, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone, R: Clone> State<K, R> {
    /// Whether this one may ask. Whom it has not failed in this row waits for no more than the first rest since the
    /// latest probe: should it be what the others ask that fails, an answer to this one ends it for all.
    fn lets(&self, who: &K, now: Instant, patience: &Patience) -> bool {
        let own = self.each.get(who);
        let has_failed = own.is_some_and(|own| own.row == Some(self.row));
        let most = (!has_failed).then_some(patience.first_rest);
        self.server.lets(now, most) && own.is_none_or(|own| own.circuit.lets(now, None))
    }

    fn reason(&self, who: &K) -> Outage<R> {
        let own = self.each.get(who).and_then(|own| own.reason.clone());
        own.map_or(Outage::Others, Outage::Own)
    }

    fn asker(&mut self, who: &K, now: Instant, patience: &Patience) -> &mut Asker<R> {
        if self.each.len() >= self.full && !self.each.contains_key(who) {
            self.each
                .retain(|_, one| one.asking > 0 || !one.circuit.is_as_new(now, patience));
            // So that it isn't looked for in vain each time.
            self.full = EACH.max(2 * self.each.len());
        }
        self.each.entry(who.clone()).or_insert_with(|| Asker {
            circuit: Circuit::new(),
            reason: None,
            row: None,
            asking: 0,
        })
    }
}

impl<K: Ord + Clone, R: Clone> Pass<'_, K, R> {
    /// It answered. An answer to a request from before it opened counts as well: it works.
    pub fn good(self, now: Instant) -> Option<Change> {
        let mut state = self.breaker.state();
        state.row += 1;
        state.failed = 0;
        let all = state.server.good(now);
        let asker = state.asker(&self.who, now, &self.breaker.patience);
        asker.reason = None;
        let own = asker.circuit.good(now);
        drop(state);
        own.or(all)
    }

    /// It did not answer, for this reason. Of requests from before it opened nothing else was expected: they change
    /// nothing.
    pub fn bad(self, now: Instant, reason: R) -> Option<Change> {
        let patience = &self.breaker.patience;
        let mut state = self.breaker.state();
        let row = Some(state.row);
        let asker = state.asker(&self.who, now, patience);
        asker.reason = Some(reason);
        let own = asker.circuit.bad(now, patience, self.own, true);
        if std::mem::replace(&mut asker.row, row) != row {
            state.failed += 1;
        }
        let are_several = state.failed >= SEVERAL;
        let all = state.server.bad(now, patience, self.all, are_several);
        drop(state);
        all.or(own)
    }
}

impl<K: Ord + Clone, R: Clone> Drop for Pass<'_, K, R> {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        state.server.leave(self.all);
        if let Some(asker) = state.each.get_mut(&self.who) {
            asker.asking = asker.asking.saturating_sub(1);
            asker.circuit.leave(self.own);
        }
    }
}

#[cfg(test)]
mod tests;
