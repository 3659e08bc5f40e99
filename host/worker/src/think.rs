//! How long a persona thinks before it speaks: a documented formula, and nothing else.
//!
//! People read, make up their minds and type, each in their own time. Without that, all who are
//! chosen on one event would speak at the same instant, none of them having read the others, and a
//! question would be answered before its author has let go of the keyboard.
//!
//! ```text
//! t = think_time_s · (a + pace · (x - a)),   x triangular on [a, b] with its peak at c
//! pace = 1 - 0.5 · excitability
//! ```
//!
//! | speaks | `a` | `c` | `b` |
//! | --- | --- | --- | --- |
//! | to a person | 0.5 | 0.8 | 1.5 |
//! | about anything else | 0.4 | 0.8 | 2.0 |
//!
//! With 2 s that is 1 to 3 s, and 0.8 to 4 s. Two that think at the same time are to speak at least
//! `0.3 · think_time_s` apart: whoever is chosen later waits until there is such a gap, if one comes
//! within its own bound `b · think_time_s`, and keeps its own time if none does.
//!
//! The figures are a choice, made for a chat that feels alive, and no measurement. People are slower:
//! at the 52 words per minute of Dhakal et al., "Observations on Typing from 136 Million Keystrokes"
//! (CHI 2018), a line of seven words alone takes 8 s.

use chatter_protocol::{Timestamp, Tuning};
use std::time::Duration;

/// The least distance of two that think at the same time, in parts of `think_time_s`.
const APART: f64 = 0.3;

/// What excitability 1 takes off the time beyond the shortest.
const HASTE: f64 = 0.5;

/// The bounds and the peak of a think time, in parts of `think_time_s`.
#[derive(Clone, Copy, Debug)]
struct Range {
    shortest: f64,
    peak: f64,
    longest: f64,
}

const TO_A_PERSON: Range = Range {
    shortest: 0.5,
    peak: 0.8,
    longest: 1.5,
};

const OTHERWISE: Range = Range {
    shortest: 0.4,
    peak: 0.8,
    longest: 2.0,
};

impl Range {
    const fn of(to_a_person: bool) -> Self {
        if to_a_person { TO_A_PERSON } else { OTHERWISE }
    }

    /// The triangular distribution's quantile for `roll` in `[0, 1)`.
    fn quantile(self, roll: f64) -> f64 {
        let Self {
            shortest,
            peak,
            longest,
        } = self;
        let width = longest - shortest;
        if roll * width < peak - shortest {
            shortest + (roll * width * (peak - shortest)).sqrt()
        } else {
            longest - ((1.0 - roll) * width * (longest - peak)).sqrt()
        }
    }
}

/// The time that a persona takes by itself. `roll` is a random number in `[0, 1)`.
pub(crate) fn time(tuning: &Tuning, excitability: f64, to_a_person: bool, roll: f64) -> Duration {
    let range = Range::of(to_a_person);
    let pace = 1.0 - HASTE * excitability.clamp(0.0, 1.0);
    seconds(
        tuning,
        range.shortest + pace * (range.quantile(roll) - range.shortest),
    )
}

/// When a persona that is chosen now and takes this `time` begins to speak, next to those that begin
/// at `others`.
pub(crate) fn starts_at(
    tuning: &Tuning,
    now: Timestamp,
    time: Duration,
    to_a_person: bool,
    others: &mut [Timestamp],
) -> Timestamp {
    let own = now.plus(time);
    let apart = seconds(tuning, APART);
    let latest = now.plus(seconds(tuning, Range::of(to_a_person).longest));
    others.sort_unstable();
    let mut at = own;
    for &mut other in others {
        if at.since(other).max(other.since(at)) < apart {
            at = other.plus(apart);
        }
    }
    if at > latest { own } else { at }
}

fn seconds(tuning: &Tuning, parts: f64) -> Duration {
    // Bounded by the schema to 10 s; whatever else a caller hands in must not panic.
    Duration::try_from_secs_f64(tuning.think_time_s * parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn tuning() -> Tuning {
        Tuning {
            think_time_s: 2.0,
            ..Tuning::default()
        }
    }

    fn millis(excitability: f64, to_a_person: bool, roll: f64) -> u128 {
        time(&tuning(), excitability, to_a_person, roll).as_millis()
    }

    #[test]
    fn the_formula_is_as_documented() {
        // The quantile of the peak is (c - a) / (b - a).
        let table = [
            ("the shortest", 0.0, false, 0.0, 800),
            ("the most likely", 0.0, false, 0.25, 1600),
            ("the longest", 0.0, false, 1.0, 4000),
            ("the shortest to a person", 0.0, true, 0.0, 1000),
            ("the most likely to a person", 0.0, true, 0.3, 1600),
            ("the longest to a person", 0.0, true, 1.0, 3000),
            ("the longest of an excitable one", 1.0, false, 1.0, 2400),
            ("the shortest of an excitable one", 1.0, false, 0.0, 800),
        ];
        for (what, excitability, to_a_person, roll, expected) in table {
            let got = millis(excitability, to_a_person, roll);
            assert!(
                got.abs_diff(expected) <= 1,
                "{what}: {got} ms, not {expected} ms"
            );
        }
    }

    #[test]
    fn it_is_spread_out_and_bounded() {
        let times: Vec<u128> = (0..1000)
            .map(|n| millis(0.5, false, f64::from(n) / 1000.0))
            .collect();
        assert!(times.is_sorted());
        assert!(times[0] >= 800 && times[999] <= 4000);
        let close = times.windows(100).map(|some| some[99] - some[0]).min();
        assert!(
            close > Some(100),
            "a tenth of them lies within {close:?} ms"
        );
    }

    #[test]
    fn two_keep_apart_as_far_as_there_is_room() {
        let ms = |millis| at(0).plus(Duration::from_millis(millis));
        // Alone it would begin at 1600 ms; the bound is 4000 ms, the gap 600 ms.
        let table: [(&str, &[u64], u64); 6] = [
            ("alone", &[], 1600),
            ("far from the other", &[1000, 2200], 1600),
            ("behind the other", &[1300], 1900),
            ("behind both, given in any order", &[2100, 1700], 2700),
            ("the gap is too narrow", &[1500, 2600], 3200),
            ("no room", &[1200, 1800, 2300, 2800, 3300, 3700], 1600),
        ];
        for (what, others, expected) in table {
            let mut others: Vec<Timestamp> = others.iter().copied().map(ms).collect();
            let got = starts_at(
                &tuning(),
                at(0),
                Duration::from_millis(1600),
                false,
                &mut others,
            );
            assert_eq!(got.since(at(0)).as_millis(), u128::from(expected), "{what}");
        }
    }

    #[test]
    fn nonsense_is_no_time_at_all() {
        for think_time_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let tuning = Tuning {
                think_time_s,
                ..tuning()
            };
            assert_eq!(time(&tuning, 0.5, true, 0.5), Duration::ZERO);
        }
    }
}
