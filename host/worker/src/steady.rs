//! A room's time. The clock may be set while the room is open, and what was measured by it would last for
//! as long as it was set back: budgets, pauses, people who wait. So the crowd's time begins as the
//! clock's and passes as time does from there on, and the clock says no more than how old a message is.

use chatter_protocol::{Clock, Timestamp};
use tokio::time::Instant;

/// The crowd's time: it never goes back, and makes no leaps.
#[derive(Debug)]
pub(crate) struct Steady {
    clock: Clock,
    start: Timestamp,
    began: Instant,
}

impl Steady {
    /// Begins as the clock's.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            start: clock.now(),
            began: Instant::now(),
            clock,
        }
    }

    /// The crowd's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed())
    }

    /// The crowd's time beside the clock's.
    pub(crate) fn beside_clock(&self) -> Beside {
        Beside {
            now: self.now(),
            clock: self.clock.now(),
        }
    }
}

/// A moment by the crowd's time, and by the clock of which messages have their time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    pub(crate) now: Timestamp,
    clock: Timestamp,
}

impl Beside {
    /// When, by the crowd's time, a message was sent that has this time. What is later than the clock was
    /// sent before that was set back, or by a clock that is ahead, and counts as sent now.
    pub(crate) fn sent(self, at: Timestamp) -> Timestamp {
        let age = self.clock.since(at).as_millis();
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.now.as_millis().saturating_sub(age))
    }
}

/// Where the crowd's time is the clock's.
impl From<Timestamp> for Beside {
    fn from(now: Timestamp) -> Self {
        Self { now, clock: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicI64, Ordering},
        },
        time::Duration,
    };

    #[tokio::test(start_paused = true)]
    async fn it_passes_as_time_does_however_the_clock_is_set() {
        let shows = Arc::new(AtomicI64::new(at(0).as_millis()));
        let read = shows.clone();
        let clock = Clock::from_fn(move || Timestamp::from_millis(read.load(Ordering::Relaxed)));
        let steady = Steady::new(clock);
        for (passed, set_to) in [(1, -3600), (2, 7200), (3, 3)] {
            shows.store(at(set_to).as_millis(), Ordering::Relaxed);
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(steady.now(), at(passed));
            let beside = steady.beside_clock();
            for (age, known) in [(0, 0), (5, 5), (-3600, 0)] {
                assert_eq!(
                    beside.sent(at(set_to - age)),
                    at(passed - known),
                    "sent {age} s ago by a clock set to {set_to} s"
                );
            }
        }
    }
}
