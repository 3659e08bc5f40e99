//! How often the model is asked, so that it keeps up.

use std::time::Duration;

/// Inferences may take up to this part of the time; the rest is for what else there is to do.
const LOAD: f64 = 0.8;
/// The longest hop: then whatever is said is known after half a minute at worst.
const LONGEST_MS: f64 = 10_000.0;
/// How much of the way to a shorter hop is gone after each inference; a longer one is taken at once.
const EASING: f64 = 0.25;
/// A hop is told when it has changed by this factor.
const TOLD: f64 = 1.25;

/// The hop, from how long inferences take.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// As it is set.
    shortest: f64,
    hop: f64,
    told: f64,
}

impl Pace {
    pub(crate) fn new(hop_ms: u64) -> Self {
        let shortest = hop_ms as f64;
        Self {
            shortest,
            hop: shortest,
            told: shortest,
        }
    }

    pub(crate) fn hop_ms(&self) -> u64 {
        self.hop as u64
    }

    /// An inference took so long, waiting for a turn included. Gives the hop if it has changed so much
    /// that it is worth telling.
    pub(crate) fn took(&mut self, time: Duration) -> Option<u64> {
        let longest = self.shortest.max(LONGEST_MS);
        let needed = (time.as_secs_f64() * 1_000.0 / LOAD).clamp(self.shortest, longest);
        self.hop = if needed > self.hop {
            needed
        } else {
            let eased = self.hop + (needed - self.hop) * EASING;
            // The last bit of the way at once, or it would never be there.
            if eased < self.shortest * 1.05 {
                self.shortest
            } else {
                eased
            }
        };
        let ratio = self.hop / self.told;
        let back = self.hop <= self.shortest && self.told > self.shortest;
        (ratio >= TOLD || ratio <= 1.0 / TOLD || back).then(|| {
            self.told = self.hop;
            self.hop_ms()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_machine_is_asked_less_often_and_a_fast_one_as_set() {
        // Inferences that take so many milliseconds, and the hop after the last; whether each was told.
        let cases: [(&[u64], u64, &[bool]); 5] = [
            (&[100, 300, 800], 1_000, &[false, false, false]),
            (&[1_600], 2_000, &[true]),
            (&[820], 1_025, &[false]),
            (&[60_000], 10_000, &[true]),
            (
                &[1_600, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400],
                1_000,
                &[
                    true, false, true, false, false, true, false, false, false, false, false, true,
                ],
            ),
        ];
        for (times, hop, told) in cases {
            let mut pace = Pace::new(1_000);
            let said: Vec<bool> = times
                .iter()
                .map(|ms| pace.took(Duration::from_millis(*ms)).is_some())
                .collect();
            assert_eq!((pace.hop_ms(), &*said), (hop, told), "{times:?}");
        }
    }
}
