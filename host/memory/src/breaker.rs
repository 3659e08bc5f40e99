//! Keeps those who ask from waiting for somebody who does not answer.
//!
//! A circuit breaker as in M. Nygard, *Release It!* (2007): after some failures in a row nobody asks
//! for a while; then one asks, and by how that ends all may ask again, or nobody for twice as long.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// So many failures in a row open it.
const FAILURES: u32 = 3;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// While it is open.
    open: Option<Open>,
}

struct Open {
    since: Instant,
    until: Instant,
    pause: Duration,
    /// Whether somebody tries.
    tried: bool,
    reason: String,
}

/// May ask. Dropped without a verdict it leaves all as it was.
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    trial: bool,
    told: bool,
}

/// What an operator should hear of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has opened.
    Away,
    /// It has closed, after so long.
    Back(Duration),
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
        }
    }

    /// Whether one may ask; if not, why not.
    pub(crate) fn permit(&self) -> Result<Permit<'_>, String> {
        let mut state = self.state();
        let trial = match &mut state.open {
            None => false,
            Some(open) if !open.tried && Instant::now() >= open.until => {
                open.tried = true;
                true
            }
            Some(open) => return Err(open.reason.clone()),
        };
        Ok(Permit {
            breaker: self,
            trial,
            told: false,
        })
    }

    /// Why it is open, if it is.
    pub(crate) fn reason(&self) -> Option<String> {
        self.state().open.as_ref().map(|open| open.reason.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// There was an answer.
    pub(crate) fn well(mut self) -> Option<Change> {
        self.told = true;
        let mut state = self.breaker.state();
        state.failures = 0;
        let open = state.open.take()?;
        Some(Change::Back(open.since.elapsed()))
    }

    /// There was none.
    pub(crate) fn failed(mut self, reason: &str) -> Option<Change> {
        self.told = true;
        let mut state = self.breaker.state();
        state.failures = state.failures.saturating_add(1);
        let enough = state.failures >= FAILURES;
        let now = Instant::now();
        match &mut state.open {
            Some(open) => {
                if self.trial {
                    open.pause = (open.pause * 2).min(LONGEST_PAUSE);
                    open.until = now + open.pause;
                    open.tried = false;
                    reason.clone_into(&mut open.reason);
                }
                None
            }
            None if !enough => None,
            open @ None => {
                *open = Some(Open {
                    since: now,
                    until: now + FIRST_PAUSE,
                    pause: FIRST_PAUSE,
                    tried: false,
                    reason: reason.to_owned(),
                });
                Some(Change::Away)
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.trial
            && !self.told
            && let Some(open) = &mut self.breaker.state().open
        {
            open.tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(breaker: &Breaker) -> Option<Change> {
        breaker.permit().ok().unwrap().failed("gone")
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_some_failures_in_a_row_and_closes_after_one_answer() {
        let breaker = Breaker::new();
        assert_eq!((fails(&breaker), fails(&breaker)), (None, None));
        assert_eq!(breaker.permit().ok().unwrap().well(), None);
        assert_eq!((fails(&breaker), fails(&breaker)), (None, None));
        assert_eq!(fails(&breaker), Some(Change::Away));
        assert_eq!(breaker.permit().err().as_deref(), Some("gone"));

        for pause in [1, 2, 4, 8, 16, 30, 30] {
            tokio::time::advance(Duration::from_secs(pause) - Duration::from_millis(1)).await;
            assert!(breaker.permit().is_err(), "{pause}");
            tokio::time::advance(Duration::from_millis(1)).await;
            let trial = breaker.permit().ok().unwrap();
            assert!(breaker.permit().is_err(), "one tries at a time");
            assert_eq!(trial.failed("still gone"), None);
            assert_eq!(breaker.permit().err().as_deref(), Some("still gone"));
        }
        tokio::time::advance(LONGEST_PAUSE).await;
        // Whoever gave up says nothing of the other side.
        drop(breaker.permit().ok().unwrap());
        let back = breaker.permit().ok().unwrap().well();
        assert_eq!(back, Some(Change::Back(Duration::from_secs(121))));
        assert!(breaker.permit().is_ok() && breaker.permit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_asked_before_it_opened_changes_no_pause() {
        let breaker = Breaker::new();
        let early = breaker.permit().ok().unwrap();
        for _ in 0..FAILURES {
            fails(&breaker);
        }
        assert_eq!(early.failed("late"), None);
        assert_eq!(breaker.permit().err().as_deref(), Some("gone"));
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(breaker.permit().is_ok());
    }
}
