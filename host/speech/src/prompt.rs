//! What a model is told of what was said before its window.

use crate::Word;

/// So much of what was confirmed, in characters: more costs time and gives little.
const LONGEST: usize = 160;
/// What was said longer ago than this is no context any more.
const RECENT_MS: u64 = 30_000;

/// What was confirmed last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompt {
    text: String,
    /// When it ended.
    until_ms: u64,
}

impl Prompt {
    /// Adds confirmed words that are no longer in a window.
    pub(crate) fn add(&mut self, words: &[Word]) {
        let Some(last) = words.last() else {
            return;
        };
        for word in words {
            self.text.push(' ');
            self.text.push_str(&word.text);
        }
        self.until_ms = last.end_ms;
        let surplus = self.text.chars().count().saturating_sub(LONGEST);
        if surplus > 0 {
            // A whole word's beginning.
            let begin = self.text.char_indices().nth(surplus);
            let begin = begin.map_or(0, |(at, _)| at);
            let space = self.text[begin..].find(' ');
            let begin = space.map_or(self.text.len(), |at| begin + at);
            self.text.drain(..begin);
        }
    }

    /// What there is to tell before a window that begins then; empty if that is long ago.
    pub(crate) fn before(&self, start_ms: u64) -> &str {
        match start_ms.saturating_sub(self.until_ms) {
            ..=RECENT_MS => &self.text,
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_latest_whole_words_for_a_while() {
        let words = |text: &str| -> Vec<Word> {
            let words = text.split(' ').map(|text| Word {
                text: text.into(),
                start_ms: 0,
                end_ms: 1_000,
                probability: 1.0,
            });
            words.collect()
        };
        let long = ["n\u{e4}chste"; 30].join(" ");
        // What was confirmed, when the window begins, and what the model is told.
        for (said, start_ms, expected) in [
            ("so it is", 2_000, " so it is".to_owned()),
            ("so it is", 31_000, " so it is".to_owned()),
            ("so it is", 31_001, String::new()),
            (&*long, 2_000, " n\u{e4}chste".repeat(20)),
            (&*"x".repeat(500), 2_000, String::new()),
        ] {
            let mut prompt = Prompt::default();
            prompt.add(&words(said));
            assert_eq!(prompt.before(start_ms), expected, "{said:?} at {start_ms}");
        }
    }
}
