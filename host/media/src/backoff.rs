//! Pauses that grow while something fails.

use crate::Patience;
use std::time::Duration;

/// How often something failed in a row, and how long to wait for the next try.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(patience: &Patience) -> Self {
        Self {
            first: patience.pause,
            longest: patience.longest_pause,
            failures: 0,
        }
    }

    /// It went well for a while.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The pause after one more failure. `chance`, 0 to 1, takes off up to half of it, so that what
    /// failed together is not tried together.
    pub(crate) fn pause(&mut self, chance: f64) -> Duration {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest);
        pause.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_once_it_went_well() {
        let mut backoff = Backoff::new(&Patience::default());
        let seconds: Vec<f64> = [0.0; 8].map(|c| backoff.pause(c).as_secs_f64()).into();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        for _ in 0..100 {
            assert!(backoff.pause(1.0) == Duration::from_secs(15));
        }
        backoff.reset();
        assert_eq!(backoff.pause(0.5), Duration::from_millis(375));
    }
}
