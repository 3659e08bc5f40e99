//! Which of many draws is said.
//!
//! Overgenerate and rank (Langkilde and Knight, "Generation that exploits corpus-based statistical
//! knowledge", ACL 1998): the model draws many lines, and the one with the highest sum of these wins:
//!
//! - **length**, 3 times the smaller of its length and the wanted one by the larger;
//! - **novelty**, minus 10 if the same words were said already, minus 1 times the share of its
//!   words that stand in one of the persona's own latest lines, and minus 1.5 times the share of its
//!   2-grams that stand in the chat or in these;
//! - **relevance**, 1 if an answer has a word of what it is about or of what is known about it;
//! - **favourites**, 1.5 if it has a line that the style names as the persona's own;
//! - **chance**, up to 0.5 plus 0.5 times the temperature.

use super::{
    intent::Intent,
    prompt::Moment,
    text::{contains, grams, lower_words, stem},
    voice::Voice,
};
use std::collections::HashSet;

pub(super) struct Ranking<'a> {
    intent: &'a Intent,
    favourites: Vec<Vec<String>>,
    /// What is known for an answer, in words.
    known: Vec<Vec<String>>,
    said: HashSet<Vec<String>>,
    twos: HashSet<String>,
    own_words: HashSet<String>,
    target: u32,
}

/// The words of a line; marks and repetitions of a letter don't make it another one.
fn key(line: &str) -> Vec<String> {
    let mut words = lower_words(line);
    for word in &mut words {
        let mut last = None;
        word.retain(|c| last.replace(c) != Some(c));
    }
    words
}

impl<'a> Ranking<'a> {
    pub(super) fn new(moment: &Moment, intent: &'a Intent, voice: &Voice, target: u32) -> Self {
        let own = || moment.earlier.iter().map(String::as_str);
        let chat = || {
            moment
                .chat
                .iter()
                .rev()
                .take(12)
                .map(|said| said.text.as_str())
        };
        let facts = &intent.facts;
        let known = facts
            .said
            .iter()
            .flat_map(|fact| [&fact.exact, &fact.reported])
            .chain(
                [
                    &facts.place,
                    &facts.person,
                    &facts.amount,
                    &facts.when,
                    &facts.because,
                ]
                .into_iter()
                .flatten(),
            )
            .chain(&facts.options);
        Self {
            intent,
            favourites: voice
                .favourites
                .iter()
                .map(|line| lower_words(line))
                .collect(),
            known: known.map(|text| lower_words(text)).collect(),
            said: own().chain(chat()).map(key).collect(),
            twos: own()
                .chain(chat())
                .flat_map(|line| grams(line, 2))
                .filter(|two| !two.contains(['^', '$']))
                .collect(),
            own_words: moment
                .earlier
                .iter()
                .rev()
                .take(6)
                .flat_map(|line| lower_words(line))
                .collect(),
            target,
        }
    }

    pub(super) fn score(&self, line: &str) -> f64 {
        let words = lower_words(line);
        let length = u32::try_from(words.len().max(1)).unwrap_or(u32::MAX);
        let mut score =
            3.0 * f64::from(length.min(self.target)) / f64::from(length.max(self.target));
        if self.said.contains(&key(line)) {
            score -= 10.0;
        }
        let share = |of: usize, all: usize| of as f64 / all.max(1) as f64;
        score -= share(
            words
                .iter()
                .filter(|word| self.own_words.contains(*word))
                .count(),
            words.len(),
        );
        let twos: Vec<String> = words.windows(2).map(|two| two.join(" ")).collect();
        score -= 1.5
            * share(
                twos.iter().filter(|two| self.twos.contains(*two)).count(),
                twos.len(),
            );
        if self.intent.answers {
            let tells = self.known.iter().any(|known| contains(&words, known))
                || words
                    .iter()
                    .any(|word| self.intent.facts.stems.contains(&stem(word)));
            score += f64::from(u8::from(tells));
        }
        if self
            .favourites
            .iter()
            .any(|favourite| contains(&words, favourite))
        {
            score += 1.5;
        }
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::prompt::{Persona, Said};

    #[test]
    fn what_is_new_fitting_and_of_the_right_length_wins() {
        let said = |text: &str| Said {
            name: "ana".into(),
            text: text.into(),
            ai: false,
        };
        let moment = Moment {
            persona: Persona {
                style: "Favourite lines: oh dear.".into(),
                ..Persona::default()
            },
            earlier: vec!["the boss is so big".into()],
            chat: vec![said("what a jump that was")],
            transcript: vec!["The key is under the mat.".into()],
            answer: Some(said("where is the key?")),
            ..Moment::default()
        };
        let intent = Intent::of(&moment);
        let ranking = Ranking::new(&moment, &intent, &Voice::of(&moment.persona), 3);
        for (better, worse, why) in [
            ("what was this", "a jump that", "2-grams of the chat"),
            ("three words here", "here", "the length"),
            (
                "three words here",
                "well here are six words now",
                "the length",
            ),
            (
                "three words here",
                "boss words big",
                "words of its own lines",
            ),
            ("under the mat", "under a mat", "what is known"),
            ("oh dear well", "well oh hm", "a favourite"),
        ] {
            let (better, worse) = (ranking.score(better), ranking.score(worse));
            assert!(better > worse, "{why}: {better} > {worse}");
        }
        assert!(ranking.score("The BOSS is sooo big!") < 0.0);
    }
}
