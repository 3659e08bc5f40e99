//! Which of many draws is said.
//!
//! Overgenerate and rank (Langkilde and Knight, "Generation that exploits corpus-based statistical
//! knowledge", ACL 1998): the grammar draws many lines, and the one with the highest sum of these
//! wins:
//!
//! - **relevance**, 2.2 if the line takes up what it is about, which is a keyword of the stream; an
//!   answer gets 2.9 for what is known about the question, 2.2 for a word of it and 1.5 for a
//!   keyword, and small talk nothing;
//! - **novelty**, 3 times the share of the line's 3-grams (with its beginning and end as words) that
//!   stand in none of the persona's earlier lines nor in the chat, and 1 time that of its 2-grams,
//!   against its own lines alone; minus 10 if the same words were said already;
//! - **length**, `exp(-ln(words / target)²)`, the target drawn anew for each line;
//! - **style**, 0.3 times how well the tones of its productions fit the voice, within -1 and 1;
//! - **chance**, up to 0.5 plus 0.5 times the temperature.

use super::{
    facts::Facts,
    intent::{Goal, Intent},
    prompt::Moment,
    terms::Term,
    text::{contains, grams, lower_words, stem},
};
use std::collections::HashSet;

pub(super) struct Ranking<'a> {
    terms: &'a [Term],
    facts: &'a Facts,
    /// What is known for an answer, in words.
    known: Vec<Vec<String>>,
    goal: Goal,
    lines: HashSet<Vec<String>>,
    threes: HashSet<String>,
    own_twos: HashSet<String>,
    target_words: f64,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(
        moment: &Moment,
        terms: &'a [Term],
        intent: &Intent,
        facts: &'a Facts,
        target_words: f64,
    ) -> Self {
        let own = || moment.earlier.iter().map(String::as_str);
        let all = || own().chain(moment.chat.iter().map(|said| said.text.as_str()));
        let known = facts
            .said
            .iter()
            .flat_map(|fact| [&fact.quoted, &fact.reported])
            .chain(&facts.memory)
            .chain(&facts.of_them);
        Self {
            terms,
            facts,
            known: known.map(|text| lower_words(text)).collect(),
            goal: intent.goal,
            lines: all().map(lower_words).collect(),
            threes: all().flat_map(|line| grams(line, 3)).collect(),
            own_twos: own().flat_map(|line| grams(line, 2)).collect(),
            target_words,
        }
    }

    pub(super) fn score(&self, line: &str, fit: f64) -> f64 {
        let words = lower_words(line);
        let mut score = 2.2 * self.relevance(&words);
        score += 3.0 * share_of_new(&grams(line, 3), &self.threes)
            + share_of_new(&grams(line, 2), &self.own_twos);
        if self.lines.contains(&words) {
            score -= 10.0;
        }
        let ratio = (words.len().max(1) as f64 / self.target_words).ln();
        score + (-ratio * ratio).exp() + 0.3 * fit.clamp(-1.0, 1.0)
    }

    fn relevance(&self, words: &[String]) -> f64 {
        let has_keyword = self.terms.iter().any(|term| contains(words, &term.words));
        match self.goal {
            Goal::Comment => return f64::from(has_keyword),
            Goal::SmallTalk => return 0.0,
            Goal::Answer => {}
        }
        let on_topic = words
            .iter()
            .any(|word| self.facts.stems.contains(&stem(word)));
        let tells = self.known.iter().any(|known| contains(words, known));
        if tells {
            1.3
        } else if on_topic {
            1.0
        } else {
            0.7 * f64::from(has_keyword)
        }
    }
}

fn share_of_new(grams: &[String], seen: &HashSet<String>) -> f64 {
    let new = grams.iter().filter(|gram| !seen.contains(*gram)).count();
    new as f64 / grams.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::prompt::Said;

    #[test]
    fn what_is_new_relevant_and_of_the_right_length_wins() {
        let moment = Moment {
            earlier: vec!["the boss is so big".into()],
            chat: vec![Said {
                name: "ana".into(),
                text: "what a jump that was".into(),
            }],
            ..Moment::default()
        };
        let terms = [Term::new("boss", ["the boss"]).unwrap()];
        let intent = Intent::of(&moment, true);
        let facts = Facts::default();
        let ranking = Ranking::new(&moment, &terms, &intent, &facts, 5.0);
        let cases = [
            (
                "that boss fights like a goat",
                "that cake looks like a goat",
                "a keyword",
            ),
            (
                "never trust a big boss",
                "the boss is so clean",
                "new 3-grams",
            ),
            (
                "never trust a big boss",
                "boss boss what a jump that",
                "the chat's 3-grams",
            ),
            ("never trust any boss again", "boss", "the length"),
        ];
        for (better, worse, why) in cases {
            let (better, worse) = (ranking.score(better, 0.0), ranking.score(worse, 0.0));
            assert!(better > worse, "{why}: {better} > {worse}");
        }
        assert!(ranking.score("The boss is SO big!", 1.0) < 0.0);
        assert!(ranking.score("boss time", 1.0) > ranking.score("boss time", -1.0));
    }
}
