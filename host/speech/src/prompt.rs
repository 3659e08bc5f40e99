//! What a model is told of what was said before its window.

use crate::Word;

/// So much of what was confirmed, in characters: more costs time and gives little. Those of scripts without
/// spaces count twice: a token holds fewer of them.
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
            let begins = word.text.chars().next().is_some_and(is_unspaced);
            if !(begins && self.text.chars().next_back().is_none_or(is_unspaced)) {
                self.text.push(' ');
            }
            self.text.push_str(&word.text);
        }
        self.until_ms = last.end_ms;
        let cost = |c| 1 + usize::from(is_unspaced(c));
        let mut surplus = self.text.chars().map(cost).sum::<usize>();
        surplus = surplus.saturating_sub(LONGEST);
        if surplus > 0 {
            // A whole word's beginning.
            let begin = self.text.char_indices().find(|&(_, c)| {
                let begins = surplus == 0 && (c == ' ' || is_unspaced(c));
                surplus = surplus.saturating_sub(cost(c));
                begins
            });
            self.text
                .drain(..begin.map_or(self.text.len(), |(at, _)| at));
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

/// Whether a character is of a script that sets no spaces between words, or of its punctuation.
fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{109f}' // Thai, Lao, Tibetan, Burmese
            | '\u{1780}'..='\u{17ff}' // Khmer
            | '\u{2e80}'..='\u{312f}' | '\u{3190}'..='\u{9fff}' // Chinese and Japanese
            | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}'
    )
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
        let long_unspaced = ["今天"; 100].join(" ");
        // What was confirmed, when the window begins, and what the model is told.
        for (said, start_ms, expected) in [
            ("so it is", 2_000, " so it is".to_owned()),
            ("so it is", 31_000, " so it is".to_owned()),
            ("so it is", 31_001, String::new()),
            (&*long, 2_000, " n\u{e4}chste".repeat(20)),
            (&*"x".repeat(500), 2_000, String::new()),
            ("今天 我 们 去。 好", 2_000, "今天我们去。好".to_owned()),
            ("我 用 Rust 写", 2_000, "我用 Rust 写".to_owned()),
            ("오늘은 등불을", 2_000, " 오늘은 등불을".to_owned()),
            (&*long_unspaced, 2_000, "今天".repeat(40)),
        ] {
            let mut prompt = Prompt::default();
            prompt.add(&words(said));
            assert_eq!(prompt.before(start_ms), expected, "{said:?} at {start_ms}");
        }
    }
}
