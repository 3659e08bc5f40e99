//! Names that are said: whoever bears one likes to hear it.
//!
//! A name is said if its words stand in a sentence in their order, whatever their case. Written with a
//! capital where the sentence does not begin: 0.9. At its beginning, or all in small letters: 0.7 if no
//! word of it is a stop word, else it is none (`will it work?` calls no Will). A name is told once in
//! 20 s.

use crate::{
    event::{Event, NAME},
    sentence::Sentence,
    stop_words, text,
};
use std::collections::HashMap;

/// A name that is said again within so many milliseconds is not told again.
const AGAIN_MS: u64 = 20_000;
/// A name of fewer characters is not looked for.
const MIN_CHARS: usize = 2;
/// The most names that are looked for.
const MAX_NAMES: usize = 256;

/// The names that are looked for, and when each was said last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    names: Vec<(String, Vec<String>)>,
    /// By place in `names`.
    told: HashMap<usize, u64>,
}

impl Names {
    pub(crate) fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let name = |name: S| {
            let name = name.as_ref().trim();
            let words: Vec<String> = text::words(name).into_iter().map(|it| it.lower).collect();
            let is_name = name.chars().count() >= MIN_CHARS && !words.is_empty();
            is_name.then(|| (name.to_owned(), words))
        };
        Self {
            names: names.into_iter().filter_map(name).take(MAX_NAMES).collect(),
            told: HashMap::new(),
        }
    }

    /// The names that are said in a sentence and were not told a moment ago.
    pub(crate) fn said(&mut self, sentence: &Sentence) -> Vec<Event> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let spoken = text::spoken(&sentence.text);
        let words = text::words(&spoken);
        let mut events = Vec::new();
        for (place, (_, name)) in self.names.iter().enumerate() {
            let Some(confidence) = confidence(&words, name) else {
                continue;
            };
            let told = self.told.get(&place);
            if told.is_some_and(|&at_ms| sentence.end_ms < at_ms.saturating_add(AGAIN_MS)) {
                continue;
            }
            self.told.insert(place, sentence.end_ms);
            let mut event = Event::new(NAME, &sentence.text, sentence.end_ms, confidence);
            event.due_ms = sentence.due_ms;
            events.push(event);
        }
        // Several names in one sentence are one event: its text holds them all.
        events.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        events.truncate(1);
        events
    }
}

fn confidence(words: &[text::Word<'_>], name: &[String]) -> Option<f64> {
    let fits = |at: &usize| {
        let said = words[*at..].iter().map(|word| base(&word.lower));
        said.take(name.len()).eq(name.iter().map(String::as_str))
    };
    let places = (0..(words.len() + 1).saturating_sub(name.len())).filter(fits);
    let is_common = name.iter().all(|word| stop_words::is_stop_word(word));
    places
        .filter_map(|at| {
            let capital = words[at].written.starts_with(char::is_uppercase);
            match (capital && at > 0, is_common) {
                (true, _) => Some(0.9),
                (false, false) => Some(0.7),
                (false, true) => None,
            }
        })
        .max_by(f64::total_cmp)
}

/// `nova's` is `nova`.
fn base(lower: &str) -> &str {
    lower.strip_suffix("'s").unwrap_or(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(end_ms: u64, text: &str) -> Sentence {
        Sentence {
            text: text.into(),
            start_ms: end_ms,
            end_ms,
            due_ms: end_ms,
        }
    }

    #[test]
    fn names_are_heard_and_words_are_not() {
        let cases = [
            ("And what does Nova say?", Some(0.9)),
            ("nova, what do you think?", Some(0.7)),
            ("Nova's idea was better.", Some(0.7)),
            ("Ask Captain Beans.", Some(0.9)),
            ("The captain has beans.", None),
            ("Ask Captain.", None),
            ("will it work?", None),
            ("Will it work?", None),
            ("I think Will knows.", Some(0.9)),
            ("Novation is a brand.", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let mut names = Names::new(["Nova", "Captain Beans", "Will", " ", "x"]);
            let said = names.said(&sentence(1000, text));
            assert_eq!(
                said.first().map(|event| event.confidence),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_is_told_once_in_a_while() {
        let mut names = Names::new(["Nova", "Rex"]);
        let mut told = |at_ms, text: &str| names.said(&sentence(at_ms, text)).len();
        assert_eq!(told(1000, "Hello Nova."), 1);
        assert_eq!(told(2000, "Nova!"), 0);
        assert_eq!(told(3000, "Hello Rex."), 1);
        assert_eq!(told(4000, "Rex and Nova."), 0);
        assert_eq!(told(21_000, "Nova and Rex."), 1);
    }
}
