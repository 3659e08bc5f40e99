//! Keeps those who ask from waiting for a server that does not answer: a circuit breaker as in
//! M. Nygard, *Release It!* (2007). After some failures in a row nobody asks for a while; then one asks, and by how
//! that ends all may ask again, or nobody for twice as long.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

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

/// Whether a server is asked. `R` is why not: what the latest failure that counted was told with.
#[derive(Debug)]
pub struct Breaker<R = ()> {
    patience: Patience,
    state: Mutex<State<R>>,
}

#[derive(Debug)]
struct State<R> {
    /// Failures in a row while it is closed.
    failures: u32,
    /// While it is open.
    outage: Option<Outage<R>>,
    /// How many probes there were: each is known by its number.
    probes: u64,
}

#[derive(Debug)]
struct Outage<R> {
    since: Instant,
    /// Nobody asks until then; afterwards one does.
    until: Instant,
    rest: Duration,
    /// Who asks. The others wait for what comes of it.
    probe: Option<u64>,
    reason: R,
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

/// Leave to ask once. What came of it is to be said; if it isn't, nothing is known, and a probe leaves its place to the
/// next.
#[derive(Debug)]
pub struct Pass<'a, R> {
    breaker: &'a Breaker<R>,
    probe: Option<u64>,
}

impl<R: Clone> Breaker<R> {
    /// One that lets everybody through.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            state: Mutex::new(State {
                failures: 0,
                outage: None,
                probes: 0,
            }),
        }
    }

    /// Leave to ask.
    ///
    /// # Errors
    ///
    /// If there is none, with the reason.
    pub fn pass(&self, now: Instant) -> Result<Pass<'_, R>, R> {
        let state = &mut *self.state();
        let probe = match &mut state.outage {
            None => None,
            Some(outage) if outage.is_over(now) => {
                state.probes += 1;
                outage.probe = Some(state.probes);
                outage.probe
            }
            Some(outage) => return Err(outage.reason.clone()),
        };
        Ok(Pass {
            breaker: self,
            probe,
        })
    }

    /// Whether nobody is let through now.
    pub fn rests(&self, now: Instant) -> bool {
        let state = self.state();
        state
            .outage
            .as_ref()
            .is_some_and(|outage| !outage.is_over(now))
    }

    /// Why it is open, if it is.
    pub fn reason(&self) -> Option<R> {
        let state = self.state();
        state.outage.as_ref().map(|outage| outage.reason.clone())
    }

    /// For metrics: 0 everybody asks, 1 one probes, 2 nobody asks.
    pub fn level(&self) -> f64 {
        match &self.state().outage {
            None => 0.0,
            Some(Outage { probe: Some(_), .. }) => 1.0,
            Some(_) => 2.0,
        }
    }
}

/// A breaker for each of those who ask: what one of them asks may be what the server fails at, and must not keep the
/// others from asking.
#[derive(Debug)]
pub struct Breakers<K, R = ()> {
    patience: Patience,
    each: Mutex<BTreeMap<K, Arc<Breaker<R>>>>,
}

/// With more breakers than this, those that have nothing to tell are forgotten.
const EACH: usize = 1_000;

impl<K: Ord, R: Clone> Breakers<K, R> {
    /// Ones that let everybody through.
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        Self {
            patience,
            each: Mutex::new(BTreeMap::new()),
        }
    }

    /// The breaker of this one.
    pub fn of(&self, who: K) -> Arc<Breaker<R>> {
        let mut each = self.each();
        if each.len() >= EACH {
            each.retain(|_, breaker| Arc::strong_count(breaker) > 1 || !breaker.is_as_new());
        }
        let breaker = each
            .entry(who)
            .or_insert_with(|| Arc::new(Breaker::new(self.patience)));
        Arc::clone(breaker)
    }

    /// For metrics: the highest [`level`](Breaker::level).
    pub fn level(&self) -> f64 {
        let each = self.each();
        each.values()
            .map(|breaker| breaker.level())
            .fold(0.0, f64::max)
    }

    /// Why one of those who ask is not let through now, if one isn't.
    pub fn rests(&self, now: Instant) -> Option<R> {
        let each = self.each();
        let resting = each.values().find(|breaker| breaker.rests(now));
        resting.and_then(|breaker| breaker.reason())
    }

    fn each(&self) -> MutexGuard<'_, BTreeMap<K, Arc<Breaker<R>>>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Breaker<R> {
    fn is_as_new(&self) -> bool {
        let state = self.state();
        state.failures == 0 && state.outage.is_none()
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Outage<R> {
    /// Whether somebody may probe.
    fn is_over(&self, now: Instant) -> bool {
        self.probe.is_none() && self.until <= now
    }
}

impl<R> Pass<'_, R> {
    /// It answered. An answer to a request from before it opened counts as well: it works.
    pub fn good(self, now: Instant) -> Option<Change> {
        let mut state = self.breaker.state();
        state.failures = 0;
        let outage = state.outage.take()?;
        Some(Change::Closed(now.duration_since(outage.since)))
    }

    /// It did not answer, for this reason. Of requests from before it opened nothing else was expected: they change
    /// nothing.
    pub fn bad(mut self, now: Instant, reason: R) -> Option<Change> {
        let Patience {
            failures,
            first_rest,
            longest_rest,
        } = self.breaker.patience;
        let probe = self.probe.take();
        let mut state = self.breaker.state();
        if let Some(outage) = &mut state.outage {
            if probe.is_none() || outage.probe != probe {
                return None;
            }
            let rest = (outage.rest * 2).min(longest_rest);
            *outage = Outage {
                since: outage.since,
                until: now + rest,
                rest,
                probe: None,
                reason,
            };
            return Some(Change::StaysOpen(rest));
        }
        state.failures += 1;
        if state.failures < failures {
            return None;
        }
        state.failures = 0;
        state.outage = Some(Outage {
            since: now,
            until: now + first_rest,
            rest: first_rest,
            probe: None,
            reason,
        });
        Some(Change::Opened(first_rest))
    }
}

impl<R> Drop for Pass<'_, R> {
    fn drop(&mut self) {
        if self.probe.is_some()
            && let Some(outage) = &mut self.breaker.state().outage
            && outage.probe == self.probe
        {
            outage.probe = None;
        }
    }
}

#[cfg(test)]
mod tests;
