//! Words: what the text methods count.

use crate::{stop_words, writing};
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};
use std::sync::LazyLock;
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

/// The words of a text, by the boundaries of Unicode (UAX #29), and by dictionaries in scripts that set no
/// spaces between them.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut end = 0;
    let found: Vec<(usize, &str)> = match writing::has_unspaced(text) {
        true => by_dictionary(text),
        false => text.unicode_word_indices().collect(),
    };
    found
        .into_iter()
        .map(|(start, written)| {
            let between = &text[end..start];
            // A space that no word needs sets phrases apart.
            let is_space = |c: char| {
                c.is_whitespace()
                    && !(text[..end].ends_with(writing::is_unspaced)
                        && written.starts_with(writing::is_unspaced))
            };
            let after_break = end > 0
                && between
                    .chars()
                    .any(|c| !is_space(c) && !"-'\"’“”".contains(c));
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

/// The dictionaries are Unicode's, as ICU4X brings them. Its other way for Thai, Lao, Khmer and Burmese, a small
/// neural network, is slower by far.
fn by_dictionary(text: &str) -> Vec<(usize, &str)> {
    static DICTIONARIES: LazyLock<WordSegmenterBorrowed<'static>> =
        LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));
    let mut from = 0;
    let mut words = Vec::new();
    for to in DICTIONARIES.segment_str(text) {
        let word = &text[from..to];
        if word.contains(char::is_alphanumeric) {
            words.push((from, word));
        }
        from = to;
    }
    words
}

/// How many words a text has: what stands between spaces, where its script has them.
pub(crate) fn count(text: &str) -> usize {
    match writing::has_unspaced(text) {
        true => words(text).len(),
        false => text.split_whitespace().count(),
    }
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
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| OPENING.contains(c)) {
        let inside = &rest[at + open.len_utf8()..];
        let close = closing(open);
        match inside.split_once(close) {
            Some((direction, after)) if is_direction(close, direction) => {
                out.push_str(&rest[..at]);
                out.push('.');
                rest = after;
            }
            _ => {
                out.push_str(&rest[..at + open.len_utf8()]);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a stage direction may begin with.
pub(crate) const OPENING: [char; 6] = ['[', '(', '*', '［', '【', '（'];

/// What a stage direction ends with.
pub(crate) fn closing(open: char) -> char {
    match open {
        '[' => ']',
        '(' => ')',
        '［' => '］',
        '【' => '】',
        '（' => '）',
        _ => '*',
    }
}

/// Square brackets always hold a direction; the others only if it is short.
fn is_direction(close: char, inside: &str) -> bool {
    let is_square = matches!(close, ']' | '］' | '】');
    inside.chars().nth(80).is_none() && (is_square || count(inside) <= 3)
}

/// The first characters of a text, cut between words where possible, with an ellipsis. A character that is
/// written with several, as vowels of Thai and Hindi are, stays whole.
pub(crate) fn shorten(text: &str, max_chars: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(max_chars.saturating_sub(1)) else {
        return text.to_owned();
    };
    if text[end..].chars().nth(1).is_none() {
        return text.to_owned();
    }
    let at = last_gap(text, end)
        .filter(|&at| at > end / 2)
        .unwrap_or_else(|| whole_characters(text, end));
    format!("{}\u{2026}", text[..at].trim_end())
}

/// The last place between two words that is not behind `end`, in bytes; after the space where there is one.
pub(crate) fn last_gap(text: &str, end: usize) -> Option<usize> {
    // As much of what follows as shows whether a word goes on.
    const BEHIND: usize = 64;
    let space = text[..end].rfind(' ').map(|at| at + 1);
    let from = space.unwrap_or(0);
    if !writing::has_unspaced(&text[from..end]) {
        return space;
    }
    let seen = &text[from..text.floor_char_boundary(end + BEHIND)];
    let starts = words(seen).into_iter().map(|word| from + word.start);
    starts.filter(|&at| at > from && at <= end).max().or(space)
}

/// Not behind `end`, in bytes, and as near as no character is cut that several make.
pub(crate) fn whole_characters(text: &str, end: usize) -> usize {
    let seen = &text[..text.ceil_char_boundary(end + 1)];
    let starts = seen.grapheme_indices(true).map(|(at, _)| at);
    let whole = starts.take_while(|&at| at <= end).last();
    match whole {
        // One alone that is longer.
        None | Some(0) => text.floor_char_boundary(end),
        Some(at) => at,
    }
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
            ("好（笑）走", "好.走"),
            ("【掌声】谢谢", ".谢谢"),
            (
                "灯（我们昨天一起做的那个）漏了",
                "灯（我们昨天一起做的那个）漏了",
            ),
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
    fn words_are_those_of_the_script() {
        let cases: [(&str, &str, &[&str]); 9] = [
            (
                "Chinese",
                "黄铜灯笼漏油了，我们去公园",
                &["黄铜", "灯笼", "漏油", "了", "我们", "去", "公园"],
            ),
            (
                "Japanese",
                "ランタンを直します。",
                &["ランタン", "を", "直し", "ます"],
            ),
            ("Thai", "เราจะซ่อมตะเกียง", &["เรา", "จะ", "ซ่อม", "ตะเกียง"]),
            ("Khmer", "ថ្ងៃនេះយើង", &["ថ្ងៃនេះ", "យើង"]),
            ("Korean", "오늘은 등불을", &["오늘은", "등불을"]),
            ("Arabic", "نصلح الفانوس، الآن؟", &["نصلح", "الفانوس", "الآن"]),
            ("Hindi", "हम लालटेन ठीक", &["हम", "लालटेन", "ठीक"]),
            (
                "Greek",
                "Φτιάχνουμε το φανάρι.",
                &["φτιάχνουμε", "το", "φανάρι"],
            ),
            (
                "German",
                "Die Öllampe läuft aus.",
                &["die", "öllampe", "läuft", "aus"],
            ),
        ];
        for (case, text, expected) in cases {
            let lower: Vec<String> = words(text).into_iter().map(|word| word.lower).collect();
            assert_eq!(lower, expected, "{case}");
        }
    }

    #[test]
    fn a_space_that_no_word_needs_is_a_break() {
        let cases = [
            ("黄铜 灯笼", true),
            ("黄铜灯笼", false),
            ("ซ่อม ตะเกียง", true),
            ("用 Rust", false),
            ("등불을 고칩니다", false),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text)[1].after_break, expected, "{text}");
        }
    }

    #[test]
    fn long_text_is_cut_between_words() {
        assert_eq!(shorten("one two three", 13), "one two three");
        assert_eq!(shorten("one two three", 10), "one two\u{2026}");
        assert_eq!(shorten("aaaaaaaaaaaaaaaa", 5), "aaaa\u{2026}");
        assert_eq!(shorten("今天我们修理灯笼", 8), "今天我们修理灯笼");
        assert_eq!(shorten("今天我们修理灯笼", 6), "今天我们\u{2026}");
        assert_eq!(shorten("ซ่อมตะเกียง", 8), "ซ่อม\u{2026}");
        // Not in the midst of a letter and its vowel.
        assert_eq!(shorten("कीकीकी", 4), "की\u{2026}");
    }
}
