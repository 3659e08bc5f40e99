//! A text with compatibility forms as ordinary characters, which knows where each byte comes from.

use crate::skeleton;
use std::{borrow::Cow, ops::Range};
use unicode_normalization::char::decompose_compatible;

/// A text for patterns that are written in ASCII: full-width digits are digits in it, those of other scripts, and
/// keycaps and digits that are struck out.
pub(crate) struct Plain<'a> {
    pub(crate) text: Cow<'a, str>,
    /// For each byte the bytes that it was made of; empty if all are their own.
    origin: Vec<Range<usize>>,
    /// Behind which of its bytes a mark was left out, other than one of direction at the end of a word.
    marked: Vec<usize>,
}

impl<'a> Plain<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                text: Cow::Borrowed(text),
                origin: Vec::new(),
                marked: Vec::new(),
            };
        }
        let mut plain = String::with_capacity(text.len());
        let mut origin: Vec<Range<usize>> = Vec::with_capacity(text.len());
        let mut marked = Vec::new();
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            let end = start + c.len_utf8();
            let mut part = ordinary(c);
            if !part.is_ascii() {
                let before = plain.chars().next_back();
                if before.is_some_and(|before| skeleton::is_decoration(before, part)) {
                    if let Some(last) = origin.last_mut() {
                        last.end = end;
                    }
                    if !ends_word(&text[start..]) {
                        marked.push(plain.len());
                    }
                    continue;
                }
                // A browser takes it for the dot between labels (UTS #46). Elsewhere it ends a sentence, and no
                // space follows.
                let is_between = |before: Option<char>, after: Option<char>| {
                    [before, after]
                        .iter()
                        .all(|c| c.is_some_and(|c| c.is_ascii_alphanumeric()))
                };
                if part == '。' && is_between(before, chars.peek().map(|(_, c)| ordinary(*c))) {
                    part = '.';
                }
            }
            plain.push(part);
            origin.resize(plain.len(), start..end);
        }
        Self {
            text: Cow::Owned(plain),
            origin,
            marked,
        }
    }

    /// The bytes of the original that a stretch was made of.
    pub(crate) fn origin(&self, at: Range<usize>) -> Range<usize> {
        if self.origin.is_empty() || at.is_empty() {
            return at;
        }
        self.origin[at.start].start..self.origin[at.end - 1].end
    }

    /// Whether marks stood on a stretch that are left out of it.
    pub(crate) fn is_marked(&self, at: &Range<usize>) -> bool {
        self.marked
            .iter()
            .any(|behind| at.start < *behind && *behind <= at.end)
    }
}

/// Whether nothing but marks of direction is left of a word. They are not seen there, and turn nothing in it.
fn ends_word(rest: &str) -> bool {
    rest.trim_start_matches(['\u{200e}', '\u{200f}', '\u{61c}'])
        .chars()
        .next()
        .is_none_or(char::is_whitespace)
}

fn ordinary(c: char) -> char {
    match c {
        c if c.is_whitespace() => ' ',
        c if c.is_ascii() => c,
        '‐'..='—' | '−' => '-',
        c => {
            let (mut count, mut first) = (0, c);
            decompose_compatible(c, |part| {
                (count, first) = (count + 1, if count == 0 { part } else { first });
            });
            // What falls into several parts is a letter with its accent, or no digit.
            let one = if count == 1 { first } else { c };
            digit(one).unwrap_or(one)
        }
    }
}

/// The zeros of the scripts whose digits people type: each is followed by the nine others (Unicode's
/// `DerivedNumericType.txt`, general category Nd).
const ZEROS: [char; 18] = [
    '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '០', '᠐',
];

/// The ASCII digit of the same value.
fn digit(c: char) -> Option<char> {
    let at = ZEROS.partition_point(|zero| *zero <= c).checked_sub(1)?;
    let value = u32::from(c) - u32::from(*ZEROS.get(at)?);
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_differently_is_plain() {
        for (text, plain) in [
            ("４１１１", "4111"),
            ("4\u{fe0f}1\u{fe0f}", "41"),
            ("0\u{fe0f}\u{20e3}1\u{fe0f}\u{20e3}7\u{20e3}", "017"),
            ("4\u{336}1\u{336}\u{332}", "41"),
            ("4\u{ff9e}1\u{e47}", "41"),
            ("４\u{336}１", "41"),
            ("٠٤٩ ۰۴۹ ०४९ ๐๔๙ ០៤៩", "049 049 049 049 049"),
            ("٪ ۔ ॐ ฿ ๚", "٪ ۔ ॐ ฿ ๚"),
            ("evil。com ｅｖｉｌ｡ｃｏｍ", "evil.com evil.com"),
            ("見た。gg。すごい", "見た。gg。すごい"),
            ("é e\u{301}", "é e"),
            ("かが か\u{3099} ที่", "かが か\u{3099} ที่"),
            ("❤\u{fe0f} a—b", "❤\u{fe0f} a-b"),
        ] {
            assert_eq!(Plain::of(text).text, plain, "{text}");
        }
    }

    #[test]
    fn a_stretch_knows_all_that_it_was_made_of() {
        let text = "é 4\u{336}1\u{fe0f}\u{20e3} ok";
        let plain = Plain::of(text);
        let at = plain.text.find("41").unwrap();
        let origin = plain.origin(at..at + 2);
        assert_eq!(&text[origin], "4\u{336}1\u{fe0f}\u{20e3}");
        assert!(plain.is_marked(&(at..at + 1)));
        assert!(!plain.is_marked(&(0..at)));
    }

    #[test]
    fn a_mark_of_direction_at_the_end_of_a_word_marks_nothing() {
        for (text, is_marked) in [
            ("ab\u{200e}", false),
            ("ab\u{200f}\u{200e} c", false),
            ("ab\u{61c}\u{a0}c", false),
            ("a\u{200f}b", true),
            ("ab\u{200f}.", true),
            ("ab\u{336}", true),
            ("ab\u{336}\u{200f}", true),
            ("ab\u{200f}\u{336}", true),
        ] {
            assert_eq!(Plain::of(text).is_marked(&(0..2)), is_marked, "{text:?}");
        }
    }
}
