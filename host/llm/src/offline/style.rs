//! What the words of a style ask for.

use super::text::{clauses, lower_words};

/// Before what is ruled out.
const NOT: &str = "no not never without hardly avoids avoid rarely don't doesn't zero hates";

/// A style or a biography, clause by clause, in lower case.
pub(super) struct Told(Vec<Vec<String>>);

impl Told {
    pub(super) fn new(text: &str) -> Self {
        Self(clauses(text).map(lower_words).collect())
    }

    /// Whether it asks for what one of the words says (`Some(true)`), rules it out (`Some(false)`:
    /// `no emoji`, `never uses caps`), or doesn't speak of it. What is ruled out anywhere is out.
    pub(super) fn asks_for(&self, wanted: &str) -> Option<bool> {
        let is = |list: &str, word: &str| list.split_whitespace().any(|listed| listed == word);
        let mut found = None;
        for clause in &self.0 {
            if let Some(at) = clause.iter().position(|word| is(wanted, word)) {
                if clause[..at].iter().any(|word| is(NOT, word)) {
                    return Some(false);
                }
                found = Some(true);
            }
        }
        found
    }

    /// The length of a line that it speaks of, in words: the middle (geometric) of `three to ten
    /// words`, and two thirds of `up to thirty words`.
    pub(super) fn line_words(&self) -> Option<f64> {
        self.0.iter().find_map(|clause| {
            let last = clause
                .iter()
                .position(|word| word == "words" || word == "word")?
                .checked_sub(1)?;
            let high = number(&clause[last])?;
            let before = |back: usize| last.checked_sub(back).map_or("", |at| clause[at].as_str());
            let low = if matches!(before(1), "to" | "or") {
                number(before(2))
            } else {
                None
            };
            Some(low.map_or(high / 1.5, |low| (low * high).sqrt()))
        })
    }
}

fn number(word: &str) -> Option<f64> {
    const UP_TO_TWENTY: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen \
        fourteen fifteen sixteen seventeen eighteen nineteen twenty";
    let named = UP_TO_TWENTY
        .split_whitespace()
        .position(|name| name == word)
        .map(|at| at as f64);
    let tens = || {
        ["thirty", "forty", "fifty"]
            .iter()
            .position(|name| *name == word)
            .map(|at| 30.0 + 10.0 * at as f64)
    };
    let digits = || word.parse::<u8>().ok().map(f64::from);
    named
        .or_else(tens)
        .or_else(digits)
        .filter(|number| *number >= 1.0)
}

/// The emoji that a style shows.
pub(super) fn emoji_in(style: &str) -> Vec<String> {
    let is_emoji = |c: &char| matches!(*c as u32, 0x1f300..=0x1faff | 0x2600..=0x27bf);
    style.chars().filter(is_emoji).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_told_from_what_is_ruled_out() {
        let cases = [
            ("Uses emoji", Some(true)),
            ("dry, no emoji, ever", Some(false)),
            ("never uses any emoji", Some(false)),
            ("no capitals, emoji at times", Some(true)),
            ("One emoji. No more than one emoji", Some(false)),
            ("dry", None),
        ];
        for (style, expected) in cases {
            assert_eq!(
                Told::new(style).asks_for("emoji emojis"),
                expected,
                "{style}"
            );
        }
    }

    #[test]
    fn lengths_are_read() {
        let cases = [
            ("Very short: one to six words, never more", Some(2.45)),
            ("one sentence of eight to eighteen words", Some(12.0)),
            ("up to thirty words", Some(20.0)),
            ("4 to 9 words", Some(6.0)),
            ("few words", None),
            ("words, words", None),
        ];
        for (style, expected) in cases {
            let found = Told::new(style).line_words();
            let rounded = found.map(|words| (words * 100.0).round() / 100.0);
            assert_eq!(rounded, expected, "{style}");
        }
    }
}
