//! A provider that keeps failing is left alone for a while, so that nobody waits for it: the
//! [circuit breaker](https://martinfowler.com/bliki/CircuitBreaker.html).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// So many failures in a row open it.
const FAILURES: u32 = 5;

/// How long it stays open the first time; twice as long each time that the probe fails.
const FIRST_REST: Duration = Duration::from_secs(5);

/// The longest that it stays open.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Whether a provider is asked.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug)]
enum State {
    /// Everybody asks.
    Closed { failures: u32 },
    /// Nobody asks until then.
    Open { until: Instant, rest: Duration },
    /// One asks, the others wait for what comes of it.
    HalfOpen { rest: Duration },
}

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It opened, for so long.
    Opened(Duration),
    /// It closed.
    Closed,
}

/// Leave to ask once. What came of it is to be said; if it isn't, nothing is known.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    is_told: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave to ask, if there is.
    pub(crate) fn pass(&self, now: Instant) -> Option<Pass<'_>> {
        let mut state = self.state();
        let is_probe = match &*state {
            State::Closed { .. } => false,
            State::Open { until, rest } if *until <= now => {
                *state = State::HalfOpen { rest: *rest };
                true
            }
            State::Open { .. } | State::HalfOpen { .. } => return None,
        };
        Some(Pass {
            breaker: self,
            is_probe,
            is_told: false,
        })
    }

    /// Whether nobody is let through now.
    pub(crate) fn rests(&self, now: Instant) -> bool {
        match &*self.state() {
            State::Closed { .. } => false,
            State::Open { until, .. } => *until > now,
            State::HalfOpen { .. } => true,
        }
    }

    /// For metrics: 0 closed, 1 half open, 2 open.
    pub(crate) fn level(&self) -> f64 {
        match &*self.state() {
            State::Closed { .. } => 0.0,
            State::HalfOpen { .. } => 1.0,
            State::Open { .. } => 2.0,
        }
    }
}

impl Pass<'_> {
    /// It answered.
    pub(crate) fn good(mut self) -> Option<Change> {
        self.is_told = true;
        let mut state = self.breaker.state();
        match &mut *state {
            State::Closed { failures } => {
                *failures = 0;
                None
            }
            // An answer to a request from before it opened counts as well: it works.
            State::HalfOpen { .. } | State::Open { .. } => {
                *state = State::Closed { failures: 0 };
                Some(Change::Closed)
            }
        }
    }

    /// It failed.
    pub(crate) fn bad(mut self, now: Instant) -> Option<Change> {
        self.is_told = true;
        let mut state = self.breaker.state();
        let rest = match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures < FAILURES {
                    return None;
                }
                FIRST_REST
            }
            State::HalfOpen { rest } if self.is_probe => (*rest * 2).min(LONGEST_REST),
            // Of requests from before it opened nothing else was expected.
            State::HalfOpen { .. } | State::Open { .. } => return None,
        };
        *state = State::Open {
            until: now + rest,
            rest,
        };
        Some(Change::Opened(rest))
    }
}

impl Drop for Pass<'_> {
    /// A probe that was given up leaves its place to the next.
    fn drop(&mut self) {
        if self.is_told || !self.is_probe {
            return;
        }
        let mut state = self.breaker.state();
        if let State::HalfOpen { rest } = &*state {
            let rest = *rest;
            *state = State::Open {
                until: Instant::now(),
                rest,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn fail(breaker: &Breaker) -> Option<Change> {
        breaker.pass(Instant::now()).unwrap().bad(Instant::now())
    }

    fn is_asked(breaker: &Breaker) -> bool {
        breaker.pass(Instant::now()).is_some()
    }

    /// Open for the first time.
    fn open() -> Breaker {
        let breaker = Breaker::default();
        for _ in 1..FAILURES {
            assert_eq!(fail(&breaker), None);
        }
        assert_eq!(fail(&breaker), Some(Change::Opened(FIRST_REST)));
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it() {
        let breaker = open();
        assert!(!is_asked(&breaker));
        assert_eq!(breaker.level(), 2.0);

        let breaker = Breaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES {
                assert_eq!(fail(&breaker), None);
            }
            assert_eq!(breaker.pass(Instant::now()).unwrap().good(), None);
        }
        assert_eq!(breaker.level(), 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_closes_it_again() {
        let breaker = open();
        advance(FIRST_REST).await;
        let probe = breaker.pass(Instant::now()).unwrap();
        assert_eq!(breaker.level(), 1.0);
        assert!(!is_asked(&breaker), "a second probe");
        assert_eq!(probe.good(), Some(Change::Closed));
        assert!(is_asked(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_makes_it_rest_longer() {
        let breaker = open();
        let mut rest = FIRST_REST;
        for _ in 0..6 {
            advance(rest).await;
            rest = (rest * 2).min(LONGEST_REST);
            assert_eq!(fail(&breaker), Some(Change::Opened(rest)));
        }
        assert_eq!(rest, LONGEST_REST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_was_given_up_leaves_its_place() {
        let breaker = open();
        advance(FIRST_REST).await;
        drop(breaker.pass(Instant::now()));
        assert!(is_asked(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_before_it_opened_makes_it_no_worse() {
        let breaker = Breaker::default();
        let late: Vec<_> = (0..8)
            .map(|_| breaker.pass(Instant::now()).unwrap())
            .collect();
        let changes: Vec<_> = late
            .into_iter()
            .filter_map(|pass| pass.bad(Instant::now()))
            .collect();
        assert_eq!(changes, [Change::Opened(FIRST_REST)]);
    }
}
