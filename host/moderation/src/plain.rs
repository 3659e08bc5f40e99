//! A text with compatibility forms as ordinary characters, which knows where each byte comes from.

use std::{borrow::Cow, ops::Range};
use unicode_normalization::char::decompose_compatible;

/// A text for patterns that are written in ASCII: full-width digits are digits in it.
pub(crate) struct Plain<'a> {
    pub(crate) text: Cow<'a, str>,
    /// For each byte the bytes that it was made of; empty if all are their own.
    origin: Vec<Range<usize>>,
}

impl<'a> Plain<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                text: Cow::Borrowed(text),
                origin: Vec::new(),
            };
        }
        let mut plain = String::with_capacity(text.len());
        let mut origin = Vec::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let mut push = |part: char| {
                plain.push(part);
                origin.resize(plain.len(), start..start + c.len_utf8());
            };
            match c {
                // The full stops that a browser takes for the dot between labels (UTS #46).
                '。' | '．' | '｡' => push('.'),
                c if c.is_whitespace() => push(' '),
                '‐'..='—' | '−' => push('-'),
                c => {
                    let (mut count, mut first) = (0, c);
                    decompose_compatible(c, |part| {
                        (count, first) = (count + 1, if count == 0 { part } else { first });
                    });
                    // What falls into several parts is a letter with its accent, or no digit.
                    push(if count == 1 { first } else { c });
                }
            }
        }
        Self {
            text: Cow::Owned(plain),
            origin,
        }
    }

    /// The bytes of the original that a stretch was made of.
    pub(crate) fn origin(&self, at: Range<usize>) -> Range<usize> {
        if self.origin.is_empty() || at.is_empty() {
            return at;
        }
        self.origin[at.start].start..self.origin[at.end - 1].end
    }
}
