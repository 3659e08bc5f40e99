//! Words: what the text methods count.

use crate::stop_words;
use unicode_segmentation::UnicodeSegmentation;

/// A word where it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// As it is written.
    pub(crate) written: &'a str,
    /// In lower case, with a plain apostrophe.
    pub(crate) lower: String,
    /// Where it starts, in bytes.
    pub(crate) start: usize,
    /// Whether more than a space, a hyphen or a quotation mark stands between it and the word before.
    pub(crate) after_break: bool,
}

impl Word<'_> {
    /// Where it ends, in bytes.
    pub(crate) fn end(&self) -> usize {
        self.start + self.written.len()
    }

    /// Whether it may tell what a text is about: no stop word, no number, not one letter alone.
    pub(crate) fn is_content(&self) -> bool {
        self.lower.chars().take(2).count() == 2
            && self.lower.chars().any(char::is_alphabetic)
            && !stop_words::is_stop_word(&self.lower)
    }

    /// What it is counted under: `lanterns` and `lantern` are one.
    pub(crate) fn stem(&self) -> String {
        stem(&self.lower)
    }
}

/// The words of a text, by the boundaries of Unicode (UAX #29).
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut end = 0;
    text.unicode_word_indices()
        .map(|(start, written)| {
            let between = &text[end..start];
            let after_break = end > 0
                && between
                    .chars()
                    .any(|c| !c.is_whitespace() && !"-'\"’“”".contains(c));
            end = start + written.len();
            Word {
                written,
                lower: written.to_lowercase().replace('’', "'"),
                start,
                after_break,
            }
        })
        .collect()
}

/// The S-stemmer of Harman, "How effective is suffixing?" (1991): plural and singular are one
/// word, and nothing else is touched. A possessive goes with its noun.
fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let ends = |suffix: &str, but: &[&str]| {
        word.strip_suffix(suffix)
            .filter(|_| !but.iter().any(|but| word.ends_with(but)))
    };
    if let Some(base) = ends("ies", &["eies", "aies"]) {
        format!("{base}y")
    } else if let Some(base) = ends("es", &["aes", "ees", "oes"]) {
        format!("{base}e")
    } else if let Some(base) = ends("s", &["us", "ss"]) {
        base.to_owned()
    } else {
        word.to_owned()
    }
}

/// Without stage directions: `[laughs]`, `(applause)`, `*sighs*`. They are not said.
pub(crate) fn spoken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['[', '(', '*']) {
        out.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        let close = match rest.as_bytes()[open] {
            b'[' => ']',
            b'(' => ')',
            _ => '*',
        };
        match inside.find(close) {
            Some(end) if is_direction(close, &inside[..end]) => {
                out.push('.');
                rest = &inside[end + 1..];
            }
            _ => {
                out.push_str(&rest[open..=open]);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Square brackets always hold a direction; the others only if it is short.
fn is_direction(close: char, inside: &str) -> bool {
    inside.len() <= 80 && (close == ']' || inside.split_whitespace().count() <= 3)
}

/// The first characters of a text, cut between words where possible, with an ellipsis.
pub(crate) fn shorten(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    let at = cut
        .rfind(' ')
        .filter(|&at| at > cut.len() / 2)
        .unwrap_or(cut.len());
    format!("{}\u{2026}", cut[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plural_and_singular_are_one_word() {
        let cases = [
            ("lanterns", "lantern"),
            ("lantern", "lantern"),
            ("batteries", "battery"),
            ("glass", "glass"),
            ("gallus", "gallus"),
            ("ship's", "ship"),
            ("shoes", "shoe"),
            ("pipes", "pipe"),
        ];
        for (word, expected) in cases {
            assert_eq!(stem(word), expected, "{word}");
        }
    }

    #[test]
    fn stage_directions_are_not_said() {
        let cases = [
            ("well [laughs] yes", "well . yes"),
            ("(laughter)", "."),
            ("*sighs* fine", ". fine"),
            (
                "it (the ship that I built yesterday) sank",
                "it (the ship that I built yesterday) sank",
            ),
            ("2 * 3 and [unclosed", "2 * 3 and [unclosed"),
        ];
        for (text, expected) in cases {
            assert_eq!(spoken(text), expected);
        }
    }

    #[test]
    fn a_break_is_more_than_a_space() {
        let breaks: Vec<bool> = words("well-known ship, so it’s \"mine\"")
            .iter()
            .map(|word| word.after_break)
            .collect();
        assert_eq!(breaks, [false, false, false, true, false, false]);
    }

    #[test]
    fn long_text_is_cut_between_words() {
        assert_eq!(shorten("one two three", 13), "one two three");
        assert_eq!(shorten("one two three", 10), "one two\u{2026}");
        assert_eq!(shorten("aaaaaaaaaaaaaaaa", 5), "aaaa\u{2026}");
    }
}
