//! In which order what was found is given.
//!
//! What the words find and what the meaning finds are two lists, joined by *reciprocal rank fusion*
//! (Cormack, Clarke and Büttcher 2009): an entry at place r of a list gets 1 / (60 + r) from it. The sum,
//! spread to 0..=1 over what was found, is its **relevance**.
//!
//! The order is by relevance, recency and importance, as in *Generative Agents* (Park et al. 2023):
//!
//! ```text
//! (3 · relevance + 0.5 · recency + 2 · importance) / 5.5
//! ```
//!
//! **Recency** is 0.995 to the power of the hours since the entry was last remembered. They are counted
//! back from the scope's newest entry, not from the clock: after a week without a stream the latest are
//! still the latest, and the same memory answers the same. **Importance** is the confidence that the
//! persona gave it. In two things this is not the paper's: there hours count since an entry was last found, by which every
//! search would change what the next one finds; and each of the three is spread to 0..=1 over what was found, by which the
//! least important of many important ones would count as nothing. The weights are those of the paper's published program; its text has 1 for each, by
//! which what was said just now on something else comes before what was asked for.

use std::collections::HashMap;

/// The constant k of reciprocal rank fusion.
const FUSION: f64 = 60.0;

/// What is left of recency after an hour.
const PER_HOUR: f64 = 0.995;

const RELEVANCE: f64 = 3.0;
const RECENCY: f64 = 0.5;
const IMPORTANCE: f64 = 2.0;

const HOUR_MS: f64 = 3_600_000.0;

/// Joins lists of ids, each best first with how well each fits; equal fits share a place.
pub(super) fn fuse(lists: &[Vec<(i64, f64)>]) -> HashMap<i64, f64> {
    let mut fused = HashMap::new();
    for list in lists {
        let mut place = 1;
        for (n, (id, fit)) in list.iter().enumerate() {
            if n > 0 && list[n - 1].1 != *fit {
                place = n + 1;
            }
            *fused.entry(*id).or_insert(0.0) += 1.0 / (FUSION + place as f64);
        }
    }
    spread(&mut fused);
    fused
}

/// To 0..=1; all 1 if there is no difference.
fn spread(scores: &mut HashMap<i64, f64>) {
    let least = scores.values().copied().fold(f64::INFINITY, f64::min);
    let most = scores.values().copied().fold(f64::NEG_INFINITY, f64::max);
    for score in scores.values_mut() {
        *score = if most > least {
            (*score - least) / (most - least)
        } else {
            1.0
        };
    }
}

/// How good an entry is, 0 to 1; `age` in milliseconds.
pub(super) fn score(relevance: f64, age: i64, confidence: f64) -> f64 {
    let recency = PER_HOUR.powf(age.max(0) as f64 / HOUR_MS);
    (RELEVANCE * relevance + RECENCY * recency + IMPORTANCE * confidence)
        / (RELEVANCE + RECENCY + IMPORTANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_fused_by_place() {
        let words = vec![(1, 9.0), (2, 5.0), (3, 5.0), (4, 1.0)];
        let meaning = vec![(2, 0.9), (5, 0.8)];
        let fused = fuse(&[words, meaning]);
        let at = |place: f64| 1.0 / (60.0 + place);
        let (most, least) = (at(2.0) + at(1.0), at(4.0));
        for (id, sum) in [
            (1, at(1.0)),
            (2, at(2.0) + at(1.0)),
            (3, at(2.0)),
            (4, at(4.0)),
            (5, at(2.0)),
        ] {
            let expected = (sum - least) / (most - least);
            assert!((fused[&id] - expected).abs() < 1e-9, "{id}: {}", fused[&id]);
        }
        assert_eq!(fuse(&[vec![(7, -3.0)], vec![]]), HashMap::from([(7, 1.0)]));
        assert!(fuse(&[]).is_empty());
    }

    #[test]
    fn recency_and_importance_count_as_they_should() {
        let hour = 3_600_000;
        let cases = [
            (1.0, 0, 1.0, 1.0),
            (0.0, 0, 0.0, 0.5 / 5.5),
            (0.0, hour, 0.0, 0.5 * 0.995 / 5.5),
            (1.0, 100_000 * hour, 0.0, 3.0 / 5.5),
            (0.0, -hour, 0.5, 1.5 / 5.5),
        ];
        for (relevance, age, confidence, expected) in cases {
            let got = score(relevance, age, confidence);
            assert!(
                (got - expected).abs() < 1e-9,
                "{relevance} {age} {confidence}: {got}"
            );
        }
    }
}
