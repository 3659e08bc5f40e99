//! Phrases that go round in a chat, and become its running jokes.

use persona_sdk::{ChatMessage, Latest, words};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How many people have to say the same.
const PEOPLE: usize = 3;

/// Within how long: ten minutes, in milliseconds.
const WINDOW_MS: u64 = 10 * 60 * 1000;

/// How many words a phrase has.
const WORDS: RangeInclusive<usize> = 2..=4;

/// Only so many words of a message are looked at.
const MESSAGE_WORDS: usize = 12;

/// At most so many phrases are kept; the one unheard for longest goes first.
const PHRASES: usize = 64;

/// The longest phrase, in characters.
const PHRASE_CHARS: usize = 48;

/// What was said, by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Phrases {
    /// Unheard for longest first.
    heard: Vec<Phrase>,
    /// Those that it has made a note of.
    noted: Latest<24>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Phrase {
    text: String,
    /// Hashes of the authors' ids: an id would take more room than the phrase.
    by: Vec<u32>,
    at: u64,
}

impl Phrases {
    /// Somebody wrote something. Gives the phrase that has now gone round, once. What the stream is
    /// about is no joke: phrases of its keywords alone don't count.
    pub(crate) fn hear(&mut self, message: &ChatMessage, keywords: &[String]) -> Option<String> {
        self.heard
            .retain(|phrase| message.sent_at.saturating_sub(phrase.at) < WINDOW_MS);
        let by = fnv1a(&message.author.id);
        let words: Vec<String> = words::all(&message.text).take(MESSAGE_WORDS).collect();
        let topic: Vec<String> = keywords
            .iter()
            .flat_map(|keyword| words::all(keyword))
            .collect();
        let mut gone_round: Option<String> = None;
        for length in WORDS {
            for window in words.windows(length) {
                let telling = window
                    .iter()
                    .filter(|word| !words::is_stop_word(word))
                    .count();
                let off_topic = window
                    .iter()
                    .any(|word| !words::is_stop_word(word) && !topic.contains(word));
                if telling < 2 || !off_topic {
                    continue;
                }
                let text = window.join(" ");
                if text.chars().count() > PHRASE_CHARS {
                    continue;
                }
                // Longer ones come later, and say more.
                if self.count(&text, by, message.sent_at) >= PEOPLE {
                    gone_round = Some(text);
                }
            }
        }
        let excess = self.heard.len().saturating_sub(PHRASES);
        self.heard.drain(..excess);
        let text = gone_round?;
        let known = self
            .noted
            .iter()
            .any(|noted| words::has_phrase(noted, &text) || words::has_phrase(&text, noted));
        self.noted.push(text.clone());
        (!known).then_some(text)
    }

    /// How many people have said it by now.
    fn count(&mut self, text: &str, by: u32, at: u64) -> usize {
        let known = self.heard.iter().position(|phrase| phrase.text == text);
        let mut phrase = known.map_or_else(
            || Phrase {
                text: text.into(),
                ..Phrase::default()
            },
            |known| self.heard.remove(known),
        );
        phrase.at = at;
        if !phrase.by.contains(&by) && phrase.by.len() < PEOPLE {
            phrase.by.push(by);
        }
        let people = phrase.by.len();
        self.heard.push(phrase);
        people
    }
}

/// FNV-1a, 32 bits (G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, RFC 9923).
pub(crate) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::message;

    fn hear(phrases: &mut Phrases, name: &str, text: &str) -> Option<String> {
        phrases.hear(&message(name, text), &["boss".into(), "fight".into()])
    }

    #[test]
    fn three_people_make_a_joke_once() {
        let mut phrases = Phrases::default();
        assert_eq!(hear(&mut phrases, "Ana", "total skill issue"), None);
        assert_eq!(
            hear(&mut phrases, "Ana", "skill issue skill issue"),
            None,
            "the same person again"
        );
        assert_eq!(hear(&mut phrases, "Bo", "Skill Issue!!"), None);
        assert_eq!(
            hear(&mut phrases, "Cy", "its a skill issue"),
            Some("skill issue".into())
        );
        assert_eq!(
            hear(&mut phrases, "Di", "skill issue"),
            None,
            "noted already"
        );
        assert_eq!(hear(&mut phrases, "Ed", "total skill issue"), None);
    }

    #[test]
    fn small_talk_and_the_topic_are_no_joke() {
        for text in ["what is this", "boss fight", "lol"] {
            let mut phrases = Phrases::default();
            for name in ["Ana", "Bo", "Cy", "Di"] {
                assert_eq!(hear(&mut phrases, name, text), None, "{text}");
            }
        }
    }

    #[test]
    fn what_was_said_long_ago_does_not_count() {
        let mut phrases = Phrases::default();
        hear(&mut phrases, "Ana", "skill issue");
        hear(&mut phrases, "Bo", "skill issue");
        let mut late = message("Cy", "skill issue");
        late.sent_at += WINDOW_MS;
        assert_eq!(phrases.hear(&late, &[]), None);
    }

    #[test]
    fn stays_small() {
        let mut phrases = Phrases::default();
        for i in 0..500 {
            hear(
                &mut phrases,
                "Ana",
                &format!("red{i} blue{i} green{i} pink{i}"),
            );
        }
        assert!(phrases.heard.len() <= PHRASES);
    }

    /// Test vectors of RFC 9923.
    #[test]
    fn is_fnv1a() {
        assert_eq!(
            (fnv1a(""), fnv1a("a"), fnv1a("foobar")),
            (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968)
        );
    }
}
