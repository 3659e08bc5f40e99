//! From a model's tokens, which may hold but a part of a character, to words.

use crate::{engine::Guess, language, sense};
use unicode_segmentation::GraphemeCursor;

/// Puts tokens together to words.
pub(crate) struct Words {
    spaced: bool,
    end_ms: u64,
    words: Vec<Piece>,
    bytes: Vec<u8>,
    start_ms: u64,
    until_ms: u64,
    probabilities: Vec<f32>,
}

/// A word, to which something may yet be added.
struct Piece {
    text: String,
    /// Whether white space follows.
    apart: bool,
    start_ms: u64,
    end_ms: u64,
    /// Its tokens'.
    probabilities: Vec<f32>,
}

impl Words {
    pub(crate) fn new(language: &str, end_ms: u64) -> Self {
        Self {
            spaced: language::is_spaced(language),
            end_ms,
            words: Vec::new(),
            bytes: Vec::new(),
            start_ms: 0,
            until_ms: 0,
            probabilities: Vec::new(),
        }
    }

    /// Times are in hundredths of a second; negative where there is none.
    pub(crate) fn add(&mut self, bytes: &[u8], start: i64, end: i64, probability: f32) {
        let is_whole = std::str::from_utf8(&self.bytes).is_ok();
        let begins = if self.spaced {
            bytes.first() == Some(&b' ')
        } else {
            !std::str::from_utf8(bytes).is_ok_and(is_mark)
        };
        if begins && is_whole {
            self.finish();
        }
        let ms = |t: i64| u64::try_from(t).ok().map(|t| (t * 10).min(self.end_ms));
        if self.probabilities.is_empty() {
            self.start_ms = ms(start).unwrap_or(self.until_ms).max(self.last_start());
            self.until_ms = self.start_ms;
        }
        self.until_ms = ms(end).unwrap_or(0).max(self.until_ms);
        self.bytes.extend_from_slice(bytes);
        self.probabilities.push(probability);
    }

    fn last_start(&self) -> u64 {
        self.words.last().map_or(0, |word| word.start_ms)
    }

    fn finish(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let probabilities = std::mem::take(&mut self.probabilities);
        // Of a character that the last token cuts off, nothing is known.
        let written = String::from_utf8_lossy(&bytes).replace(char::REPLACEMENT_CHARACTER, "");
        let text = written.trim();
        if text.is_empty() {
            return;
        }
        let apart = written.ends_with(char::is_whitespace);
        let last = self.words.last_mut();
        // Only now, with all of its bytes there, it is known what it is.
        if let Some(last) = last.filter(|last| !self.spaced && last.goes_on(&written)) {
            last.text.push_str(text);
            last.apart = apart;
            last.end_ms = last.end_ms.max(self.until_ms);
            last.probabilities.extend(probabilities);
            return;
        }
        self.words.push(Piece {
            text: text.to_owned(),
            apart,
            start_ms: self.start_ms,
            end_ms: self.until_ms,
            probabilities,
        });
    }

    pub(crate) fn done(mut self) -> Vec<Guess> {
        self.finish();
        let guesses = self.words.into_iter().map(|word| Guess {
            text: word.text,
            start_ms: word.start_ms,
            end_ms: word.end_ms,
            probability: word.probabilities.iter().sum::<f32>() / word.probabilities.len() as f32,
        });
        guesses.collect()
    }
}

impl Piece {
    /// Whether what is written next belongs to it, in a language without spaces.
    fn goes_on(&self, written: &str) -> bool {
        if is_mark(written) {
            return true;
        }
        let both = format!("{}{written}", self.text);
        let mut here = GraphemeCursor::new(self.text.len(), both.len(), true);
        let is_within = here.is_boundary(&both, 0) == Ok(false);
        // A word of a language with spaces, in several tokens.
        let is_one = !self.apart
            && self.text.ends_with(is_spaced_letter)
            && written.starts_with(is_spaced_letter);
        is_within || is_one
    }
}

/// Whether a text is nothing that is said by itself: punctuation, a mark on a letter. The bracket before a
/// description is a word's beginning.
fn is_mark(text: &str) -> bool {
    let is_bracket = |c: char| sense::closed_by(c).is_some_and(|closing| closing != c);
    !text.trim_start().starts_with(is_bracket) && !text.chars().any(char::is_alphanumeric)
}

/// Letters of Latin, Greek and Cyrillic, and digits.
fn is_spaced_letter(c: char) -> bool {
    c < '\u{530}' && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Hypothesis;

    /// The words that are left of tokens, 100 ms each, with a line between two.
    fn said(language: &str, tokens: &[&[u8]]) -> String {
        let mut words = Words::new(language, 10_000);
        for (at, bytes) in (0..).step_by(10).zip(tokens) {
            words.add(bytes, at, at + 10, 0.9);
        }
        let hypothesis = Hypothesis {
            words: words.done(),
            no_speech: 0.0,
            log_probability: -0.2,
        };
        let words = sense::said(hypothesis, language, 10_000).into_iter();
        words.map(|word| word.text).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn words_are_made_of_tokens() {
        // The language, its tokens with a line between two, and what is said.
        for (language, tokens, expected) in [
            ("en", " so| it| wo|rk|s|.", "so|it|works."),
            ("zh", "今天|我|们|去|。|好|！", "今天|我|们|去。|好！"),
            (
                "ja",
                "ラン|タ|ン|を|直|します|。",
                "ラン|タ|ン|を|直|します。",
            ),
            ("zh", "我|用| R|ust|写|。", "我|用|Rust|写。"),
            ("zh", "用| R|ust| |2|0|2|4|版", "用|Rust|2024|版"),
            ("zh", "好|（|音|乐|）|走", "好|走"),
            ("zh", "3|*|5", "3*|5"),
            ("th", "ว|ั|น|น|ี|้", "วั|น|นี้"),
            ("my", "မ|ြ|န|်|မ|ာ", "မြ|န်|မ|ာ"),
        ] {
            let tokens: Vec<&[u8]> = tokens.split('|').map(str::as_bytes).collect();
            assert_eq!(said(language, &tokens), expected, "{language}");
        }
    }

    #[test]
    fn of_characters_in_parts_nothing_is_lost_and_marks_stay_with_their_letters() {
        for (language, expected) in [
            ("km", "ខ្មែ|រ"),
            ("bo", "བོ|ད་|སྐ|ད།"),
            ("my", "မြ|န်|မ|ာ"),
            ("lo", "ບໍ່|ໄ|ດ້"),
            ("th", "วั|น|นี้"),
        ] {
            let text = expected.replace('|', "");
            // Each is three bytes long.
            let characters = text.as_bytes().chunks(3);
            let parts = characters.flat_map(|character| [&character[..2], &character[2..]]);
            let mut parts: Vec<&[u8]> = parts.collect();
            assert_eq!(said(language, &parts), expected, "{language}");
            parts.push(&text.as_bytes()[..2]);
            assert_eq!(said(language, &parts), expected, "{language}, cut off");
        }
    }
}
