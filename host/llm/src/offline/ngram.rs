//! An n-gram model over the phrases of a kind, with weighted counts.
//!
//! A line is a walk: after the tokens `u v` comes `w` with the probability
//!
//! ```text
//! p(w | u v) = a(v) · c(u v w) / c(u v)  +  (1 - a(v)) · c(v w) / c(v)
//! ```
//!
//! which is Jelinek and Mercer's linear interpolation ("Interpolated estimation of Markov source
//! parameters from sparse data", 1980; compared with others by Chen and Goodman, "An empirical study
//! of smoothing techniques for language modeling", 1998), with these differences. A count `c` is not
//! of occurrences but of their weights: each phrase counts as much as it fits the voice, the length
//! that is wanted and what its slots can be filled with, so that every persona has a model of its
//! own. Slots are classes in the sense of Brown et al. ("Class-based n-gram models of natural
//! language", 1992): words are put in afterwards. The weight `a(v)` is 1 unless `v` holds a slot, and
//! [`AFTER_SLOT`] there in statements: after a noun phrase nearly anything may go on that went on after another
//! one, while elsewhere a single word says too little about what may follow. Questions go over into
//! questions only, and from the fifth token on `u` are three tokens, since long sentences have to hold
//! together. No use is made of
//! the unigram: the model writes and never has to score what it hasn't seen.

use super::corpus::{BEGIN, Kind, Place, Token};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How much a pair counts against a single token, if that holds a slot.
const AFTER_SLOT: f64 = 0.9;

/// From so many tokens on, so many have to agree.
const LONG: usize = 4;

/// The longest walk, in tokens.
const MAX_TOKENS: usize = 40;

/// Some phrases of a kind, each with its weight.
pub(super) struct Weighted<'a> {
    kind: &'a Kind,
    weights: Vec<f64>,
    total: f64,
}

impl<'a> Weighted<'a> {
    pub(super) fn new(kind: &'a Kind, weight: impl Fn(&super::corpus::Phrase) -> f64) -> Self {
        let weights: Vec<f64> = kind.phrases.iter().map(weight).collect();
        let total = weights.iter().sum();
        Self {
            kind,
            weights,
            total,
        }
    }

    /// A walk from the beginning of a line to its end.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Vec<&'a Token>> {
        let first = self.pick(
            (0_u32..)
                .zip(&self.weights)
                .map(|(phrase, weight)| (Place { phrase, at: 0 }, *weight)),
            self.total,
            rng,
        )?;
        let mut tokens = vec![self.token(first)?];
        let asks = self.kind.phrases[first.phrase as usize].asks();
        let mut before = BEGIN;
        let mut here = first;
        while tokens.len() < MAX_TOKENS {
            let last = *tokens.last()?;
            let single = self
                .kind
                .slots
                .get(&last.id)
                .filter(|_| !asks && rng.random::<f64>() >= AFTER_SLOT);
            let places = single.or_else(|| self.kind.pairs.get(&(before, last.id)))?;
            let weights = || {
                let alike = |place: &&Place| {
                    let phrase = &self.kind.phrases[place.phrase as usize];
                    phrase.asks() == asks
                        && (tokens.len() < LONG || phrase.agrees(place.at as usize, &tokens))
                };
                places
                    .iter()
                    .filter(alike)
                    .map(|place| (*place, self.weights[place.phrase as usize]))
            };
            // Where nothing agrees, the phrase that it is in goes on.
            let on = Place {
                phrase: here.phrase,
                at: here.at + 1,
            };
            let total = weights().map(|(_, weight)| weight).sum();
            here = self.pick(weights(), total, rng).unwrap_or(on);
            let Some(token) = self.token(here) else {
                return Some(tokens);
            };
            tokens.push(token);
            before = last.id;
        }
        None
    }

    /// What stands at a place; none at the end of a phrase.
    fn token(&self, place: Place) -> Option<&'a Token> {
        self.kind.phrases[place.phrase as usize]
            .tokens
            .get(place.at as usize)
    }

    fn pick(
        &self,
        places: impl Iterator<Item = (Place, f64)>,
        total: f64,
        rng: &mut ChaCha8Rng,
    ) -> Option<Place> {
        let mut left = rng.random::<f64>() * total;
        let mut latest = None;
        for (place, weight) in places.filter(|(_, weight)| *weight > 0.0) {
            latest = Some(place);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::corpus::Corpus;
    use rand::SeedableRng;
    use std::collections::BTreeMap;

    fn lines(
        text: &str,
        weight: impl Fn(&super::super::corpus::Phrase) -> f64,
    ) -> BTreeMap<String, usize> {
        let corpus = Corpus::of(text).unwrap();
        let model = Weighted::new(corpus.kind("k").unwrap(), weight);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut found = BTreeMap::new();
        for _ in 0..2000 {
            let tokens = model.draw(&mut rng).unwrap();
            let texts: Vec<_> = tokens.iter().map(|token| token.text.as_str()).collect();
            *found.entry(texts.join(" ")).or_default() += 1;
        }
        found
    }

    #[test]
    fn phrases_go_over_into_each_other_where_two_words_agree() {
        let found = lines("k:\n  z a b c / x a b d / q b e", |_| 1.0);
        let keys: Vec<_> = found.keys().map(String::as_str).collect();
        // `q b` and `a b` share one word only.
        assert_eq!(keys, ["q b e", "x a b c", "x a b d", "z a b c", "z a b d"]);
        let half = found["x a b c"] as f64 / (found["x a b c"] + found["x a b d"]) as f64;
        assert!((0.42..0.58).contains(&half), "{half}");
    }

    #[test]
    fn after_a_slot_one_token_is_enough_now_and_then() {
        let found = lines("k:\n  not {any} again / rip {any}", |_| 1.0);
        let share = found["rip {any} again"] as f64 / 1000.0;
        assert!((0.02..0.09).contains(&share), "{share}");
    }

    #[test]
    fn what_has_no_weight_is_not_there() {
        let found = lines("k:\n  a b / a c\n  2 d", |phrase| {
            if phrase.tokens.iter().any(|token| token.text == "b") {
                0.0
            } else {
                phrase.weight
            }
        });
        assert!(!found.contains_key("a b"), "{found:?}");
        assert!((1230..1430).contains(&found["d"]), "{found:?}");
        let corpus = Corpus::of("k:\n  a").unwrap();
        let none = Weighted::new(corpus.kind("k").unwrap(), |_| 0.0);
        assert!(none.draw(&mut ChaCha8Rng::seed_from_u64(1)).is_none());
    }
}
