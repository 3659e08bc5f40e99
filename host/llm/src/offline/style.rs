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

    /// Whether some clause holds a word of each list.
    pub(super) fn holds(&self, lists: &[&str]) -> bool {
        let is = |list: &str, word: &str| list.split_whitespace().any(|listed| listed == word);
        self.0.iter().any(|clause| {
            lists
                .iter()
                .all(|list| clause.iter().any(|word| is(list, word)))
        })
    }

    /// Whether its lines are questions often, and not only end in one.
    pub(super) fn asks_often(&self) -> bool {
        let is = |word: &str, list: &[&str]| list.contains(&word);
        self.0.iter().any(|clause| {
            clause
                .iter()
                .any(|word| is(word, &["question", "questions"]))
                && clause
                    .iter()
                    .any(|word| is(word, &["often", "mostly", "always", "usually"]))
                && !clause
                    .iter()
                    .any(|word| is(word, &["ends", "end", "marks", "mark"]))
        })
    }

    /// The shortest and the longest line that it speaks of, in words: `three to ten words`, `up to
    /// thirty words`.
    pub(super) fn line_words(&self) -> Option<(u32, u32)> {
        self.0.iter().find_map(|clause| {
            let last = clause
                .iter()
                .position(|word| word == "words" || word == "word")?
                .checked_sub(1)?;
            let high = number(&clause[last])?;
            let before = |back: usize| last.checked_sub(back).map_or("", |at| clause[at].as_str());
            let low = match before(1) {
                "to" | "or" => number(before(2)).or(Some(1)),
                "least" => return Some((high, 2 * high)),
                _ => None,
            };
            let low = low.unwrap_or(if before(1).is_empty() { high } else { 1 });
            Some((low.min(high), high.max(low)))
        })
    }
}

fn number(word: &str) -> Option<u32> {
    const UP_TO_TWENTY: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen \
        fourteen fifteen sixteen seventeen eighteen nineteen twenty";
    let named = UP_TO_TWENTY
        .split_whitespace()
        .position(|name| name == word)
        .and_then(|at| u32::try_from(at).ok());
    let tens = || {
        let tens = [("thirty", 30), ("forty", 40), ("fifty", 50)];
        tens.iter()
            .find(|(name, _)| *name == word)
            .map(|(_, number)| *number)
    };
    let digits = || word.parse::<u8>().ok().map(u32::from);
    named
        .or_else(tens)
        .or_else(digits)
        .filter(|number| *number >= 1)
}

/// What a style lists behind a word and a colon: `u`, `idk` of `Slang: u, idk, lol.`
pub(super) fn listed(style: &str, heads: &str) -> Vec<String> {
    let mut found = Vec::new();
    for sentence in sentences(style) {
        for part in sentence.split(';') {
            let Some((head, list)) = part.split_once(": ") else {
                continue;
            };
            let told = lower_words(head);
            let wanted = |word: &String| heads.split_whitespace().any(|head| head == word);
            let of_emotes = told
                .iter()
                .any(|word| word.starts_with("emot") || word.starts_with("emoji"));
            if told.iter().any(wanted) && !of_emotes {
                let items = list
                    .split(',')
                    .map(|item| item.trim().trim_matches(['"', '.', '“', '”']));
                found.extend(
                    items
                        .filter(|item| {
                            item.contains(char::is_alphabetic)
                                && !item.contains(':')
                                && item.len() <= 40
                        })
                        .map(str::to_lowercase),
                );
            }
        }
    }
    found
}

/// The quoted words of the clauses that say `never` or `no`: `lol` of `never "lol"`.
pub(super) fn ruled_out(style: &str) -> Vec<String> {
    let mut found = Vec::new();
    for clause in style.split([',', '.', ';']) {
        if let Some((before, rest)) = clause.split_once('"')
            && let Some((word, _)) = rest.split_once('"')
            && lower_words(before)
                .iter()
                .any(|word| word == "never" || word == "no" || word == "not")
        {
            found.push(word.to_lowercase());
        }
    }
    found
}

/// Where a full stop ends a sentence.
pub(super) fn sentences(style: &str) -> impl Iterator<Item = &str> {
    style
        .split(". ")
        .flat_map(|part| part.split('\n'))
        .map(str::trim)
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
            ("Very short: one to six words, never more", Some((1, 6))),
            ("one sentence of eight to eighteen words", Some((8, 18))),
            ("up to thirty words", Some((1, 30))),
            ("at least five words", Some((5, 10))),
            ("4 to 9 words", Some((4, 9))),
            ("dry, two words", Some((2, 2))),
            ("few words", None),
            ("words, words", None),
        ];
        for (style, expected) in cases {
            assert_eq!(Told::new(style).line_words(), expected, "{style}");
        }
    }

    #[test]
    fn lists_and_quoted_words_are_read() {
        let style = "Short. Textspeak and slang: u, IDK, omg; typos now and then. Favourite lines: it's over, \
                     we're so back. Writes \"haha\", never \"lol\".";
        assert_eq!(listed(style, "slang"), ["u", "idk", "omg"]);
        assert_eq!(
            listed(style, "lines phrases"),
            ["it's over", "we're so back"]
        );
        assert!(listed(style, "emotes").is_empty());
        assert_eq!(ruled_out(style), ["lol"]);
    }
}
