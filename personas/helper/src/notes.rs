//! What was said on the stream, as far back as there is room.

use crate::question::{self, Query};
use persona_sdk::{StreamContext, line};
use serde::{Deserialize, Serialize};

/// Takes in what is new at most so often, in milliseconds: each time is new state to be stored. What
/// is new stays in the context for a minute.
const LOOK_MS: u64 = 6_000;

/// So many bytes of notes are kept: of an hour of talk what tells most, and of the last
/// minutes all.
const KEPT_BYTES: usize = 20_000;

/// The longest note, in characters.
const NOTE_CHARS: usize = 220;

/// A pause in the speech that ends a sentence, in milliseconds.
const PAUSE_MS: u64 = 4_000;

/// A sentence that covers less of a question has nothing to do with it.
const LEAST_COVERAGE: f64 = 0.34;

/// What a word of a question weighs that was never said.
const UNHEARD: f64 = 0.7;

/// What was said, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Notes {
    said: Vec<Note>,
    /// The beginning of a sentence, and where on the stream it ended so far.
    begun: String,
    /// Up to here the stream was heard, in milliseconds on its clock.
    heard: u64,
    looked_at: u64,
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// When it was said, in milliseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) text: String,
}

impl Note {
    /// About as much as it takes in the state.
    fn bytes(&self) -> usize {
        self.text.len() + 32
    }
}

/// A sentence that has to do with a question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) at: u64,
    pub(crate) text: String,
    /// What was said right after it.
    pub(crate) next: Option<String>,
    /// How much of the question's words stand in it, 0 to 1, rare words counting more.
    coverage: f64,
    /// How much of them is enough.
    enough: f64,
    /// Whether it has what the question asks for.
    fits: bool,
}

impl Found {
    /// Whether it can be quoted for an answer.
    pub(crate) fn is_answer(&self) -> bool {
        self.fits && self.coverage >= self.enough
    }

    /// Whether it answers beyond doubt: enough to come back with it unasked.
    pub(crate) fn is_sure(&self) -> bool {
        self.fits && self.coverage >= 0.75 && !self.text.ends_with('?')
    }
}

impl Notes {
    /// Takes in what was said since the last time; gives the new sentences.
    pub(crate) fn take(&mut self, context: &StreamContext, now: u64) -> Vec<Note> {
        if now.saturating_sub(self.looked_at) < LOOK_MS {
            return Vec::new();
        }
        self.looked_at = now;
        if context.position < self.heard {
            // It began anew, or was wound back.
            self.heard = 0;
            self.begun.clear();
        }
        let mut new = Vec::new();
        for segment in &context.transcript {
            if segment.end <= self.heard || segment.end > context.position {
                continue;
            }
            let at = now.saturating_sub(context.position - segment.end);
            if segment.start.saturating_sub(self.heard) > PAUSE_MS {
                let rest = std::mem::take(&mut self.begun);
                new.extend(self.keep(&rest, at));
            }
            self.heard = segment.end;
            if !self.begun.is_empty() {
                self.begun.push(' ');
            }
            self.begun.push_str(segment.text.trim());
            let (whole, rest) = sentences(&self.begun);
            self.begun = rest;
            for sentence in whole {
                new.extend(self.keep(&sentence, at));
            }
        }
        self.forget();
        new
    }

    /// Keeps a sentence that says something. What is said again moves to the end, and is not new.
    fn keep(&mut self, sentence: &str, at: u64) -> Option<Note> {
        let text = line::tidy(sentence, NOTE_CHARS)?;
        if question::stems(&text).is_empty() || text.split(' ').count() < 2 {
            return None;
        }
        let known = self.said.iter().position(|note| note.text == text);
        let note = Note { at, text };
        match known {
            Some(known) => {
                self.said.remove(known);
                self.said.push(note);
                None
            }
            None => {
                self.said.push(note.clone());
                Some(note)
            }
        }
    }

    /// Of the older half, what tells least goes until the rest has room.
    fn forget(&mut self) {
        let mut bytes: usize = self.said.iter().map(Note::bytes).sum();
        if bytes <= KEPT_BYTES {
            return;
        }
        let older = &self.said[..self.said.len().div_ceil(2)];
        let weighed = older.iter().enumerate();
        let mut order: Vec<_> = weighed.map(|(at, note)| (weight(&note.text), at)).collect();
        order.sort_unstable();
        let mut gone = Vec::new();
        for (_, at) in order {
            if bytes <= KEPT_BYTES {
                break;
            }
            bytes -= self.said[at].bytes();
            gone.push(at);
        }
        let mut at = 0;
        self.said.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
    }

    /// The notes, to be looked up in.
    pub(crate) fn index(&self) -> Index<'_> {
        let stems = self.said.iter().map(|note| question::stems(&note.text));
        Index {
            said: &self.said,
            stems: stems.collect(),
        }
    }

    /// What tells most of what was said since then, in order.
    pub(crate) fn since(&self, at: u64, most: usize) -> Vec<&Note> {
        let mut notes: Vec<&Note> = self
            .said
            .iter()
            .filter(|note| note.at >= at && !note.text.ends_with('?'))
            .collect();
        // Stable: of equals the latest stays.
        notes.reverse();
        notes.sort_by_key(|note| std::cmp::Reverse(weight(&note.text)));
        notes.truncate(most);
        notes.sort_by_key(|note| note.at);
        notes
    }
}

/// Notes with the stems of their words.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    said: &'a [Note],
    stems: Vec<Vec<String>>,
}

impl Index<'_> {
    /// The sentences that have most to do with a question, best first; of equals the latest.
    pub(crate) fn find(&self, query: &Query, most: usize) -> Vec<Found> {
        let weights: Vec<f64> = query
            .words
            .iter()
            .map(|word| {
                let count = self
                    .stems
                    .iter()
                    .filter(|stems| stems.contains(word))
                    .count();
                #[expect(clippy::cast_precision_loss, reason = "a few hundred notes")]
                let rarity = 1.0 / (count as f64).sqrt();
                if count == 0 { UNHEARD } else { rarity }
            })
            .collect();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return Vec::new();
        }
        let mut found: Vec<(f64, Found)> = self
            .said
            .iter()
            .zip(&self.stems)
            .enumerate()
            .filter_map(|(at, (note, stems))| {
                let shared = query
                    .words
                    .iter()
                    .zip(&weights)
                    .filter(|(word, _)| has(stems, word));
                let coverage = shared.map(|(_, weight)| weight).sum::<f64>() / total;
                let fits = query.fits(&note.text);
                let asks = note.text.ends_with('?');
                let bonus = |holds: bool| if holds { 0.3 } else { 0.0 };
                let score =
                    coverage + bonus(fits) + bonus(query.is_counted(&note.text)) - bonus(asks);
                (coverage >= LEAST_COVERAGE).then(|| {
                    let next = self.said.get(at + 1).map(|next| next.text.clone());
                    let Note { at, text } = note.clone();
                    (
                        score,
                        Found {
                            at,
                            text,
                            next,
                            coverage,
                            enough: query.least_coverage(),
                            fits: fits && !asks,
                        },
                    )
                })
            })
            .collect();
        found.reverse();
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        found
            .into_iter()
            .map(|(_, found)| found)
            .take(most)
            .collect()
    }
}

/// Whether a question's words and a sentence's stems have one in common.
pub(crate) fn share(stems: &[String], words: &[String]) -> bool {
    words.iter().any(|word| has(stems, word))
}

fn has(stems: &[String], word: &str) -> bool {
    stems.iter().any(|stem| question::is_same(stem, word))
}

/// How much a sentence tells: its telling words, numbers and names.
fn weight(sentence: &str) -> usize {
    question::stems(sentence).len().min(8)
        + 2 * question::numbers(sentence).count().min(2)
        + 2 * question::names(sentence).count().min(2)
}

/// The whole sentences in a text, and what is left over. A text without an end is cut at a length.
fn sentences(text: &str) -> (Vec<String>, String) {
    let mut whole = Vec::new();
    let mut begin = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let rest = &text[end..];
        let is_end = matches!(c, '.' | '!' | '?' | '…')
            && (rest.is_empty() || rest.starts_with([' ', '"', '”']));
        let length = end - begin;
        let too_long = length > NOTE_CHARS && c == ' ' || length > 4 * NOTE_CHARS;
        if is_end || too_long {
            whole.push(
                text[begin..end]
                    .trim_start_matches(['"', '”', ' '])
                    .to_owned(),
            );
            begin = end;
        }
    }
    let rest = text[begin..].trim_start_matches(['"', '”', ' ']).to_owned();
    (whole, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::{NOW, context};

    fn heard(lines: &[&str]) -> Notes {
        let stream = lines
            .iter()
            .fold(context(), |stream, text| stream.said(text));
        let mut notes = Notes::default();
        notes.take(&stream.build(), NOW);
        notes
    }

    fn best(notes: &Notes, question: &str) -> Option<(String, bool)> {
        let found = notes.index().find(&Query::of(question, "Pip"), 1);
        found
            .first()
            .map(|found| (found.text.clone(), found.is_answer()))
    }

    #[test]
    fn makes_sentences_of_captions() {
        let notes = heard(&[
            "This is the Brontolo Three, built in nineteen eighty-one",
            "by two brothers in Turin. I paid forty",
            "euros for it! And",
        ]);
        let said: Vec<_> = notes.said.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(
            said,
            [
                "This is the Brontolo Three, built in nineteen eighty-one by two brothers in Turin.",
                "I paid forty euros for it!"
            ]
        );
        assert_eq!(notes.begun, "And");
    }

    #[test]
    fn hears_each_caption_once_and_a_loop_twice() {
        let stream = context().said("There are nine screws.").build();
        let mut notes = Notes::default();
        assert_eq!(notes.take(&stream, NOW).len(), 1);
        let more = context()
            .said("There are nine screws.")
            .said("The lid is off.")
            .build();
        assert_eq!(
            notes.take(&more, NOW + 10_000).len(),
            1,
            "the first it had heard"
        );
        assert_eq!(notes.take(&more, NOW + 11_000), [], "looked a moment ago");
        assert!(notes.take(&stream, NOW + 60_000).is_empty(), "said before");
        assert_eq!(notes.said.last().unwrap().text, "There are nine screws.");
        assert_eq!(notes.said.last().unwrap().at, NOW + 60_000);
    }

    #[test]
    fn finds_what_a_question_asks_for() {
        let notes = heard(&[
            "There are nine screws in this lid.",
            "Okay, screw number nine has left the building.",
            "The screws go into a jam jar.",
            "This little monster is my cat, she is called Biscotto.",
            "The cat sleeps on the schematic.",
            "Should we take the screws out?",
            "It is dead because the capacitors have leaked.",
            "I paid forty euros for it at a flea market.",
        ]);
        let cases = [
            (
                "how many screws?",
                Some("There are nine screws in this lid."),
                true,
            ),
            (
                "where do the screws go",
                Some("The screws go into a jam jar."),
                true,
            ),
            (
                "what's the cat called",
                Some("This little monster is my cat, she is called Biscotto."),
                true,
            ),
            (
                "why is it dead",
                Some("It is dead because the capacitors have leaked."),
                true,
            ),
            (
                "how much was it at the flea market?",
                Some("I paid forty euros for it at a flea market."),
                true,
            ),
            (
                "how many cats?",
                Some("The cat sleeps on the schematic."),
                false,
            ),
            ("what about the dragon?", None, false),
            ("what?", None, false),
        ];
        for (question, text, is_answer) in cases {
            let wanted = text.map(|text| (text.to_owned(), is_answer));
            assert_eq!(best(&notes, question), wanted, "{question}");
        }
    }

    #[test]
    fn what_tells_most_stays_longest() {
        let mut notes = Notes::default();
        notes.keep("The cat is called Biscotto and has nine lives.", NOW);
        for i in 0..500u64 {
            notes.keep(&format!("well look at that thing number{i}"), NOW + i);
            notes.forget();
        }
        let bytes: usize = notes.said.iter().map(Note::bytes).sum();
        assert!(bytes <= KEPT_BYTES, "{bytes}");
        assert_eq!(
            best(&notes, "what is the cat called?"),
            Some((
                "The cat is called Biscotto and has nine lives.".into(),
                true
            ))
        );
    }

    #[test]
    fn sums_up_what_told_most() {
        let notes = heard(&[
            "The lid is off.",
            "Well look at that.",
            "Pim says the power supply gives twelve volts.",
            "Is that right?",
        ]);
        let said: Vec<_> = notes
            .since(0, 2)
            .iter()
            .map(|note| note.text.as_str())
            .collect();
        assert_eq!(
            said,
            [
                "The lid is off.",
                "Pim says the power supply gives twelve volts."
            ]
        );
    }
}
