//! Words that were heard, gathered into pieces.

use crate::{
    piece::{Heard, Piece},
    sentence::ends_sentence,
    writing,
};
use chatter_speech::Word;
use unicode_segmentation::UnicodeSegmentation;

/// A pause of so many milliseconds ends a piece.
const PAUSE_MS: u64 = 700;
/// A piece takes no longer than this, in milliseconds, but for a single word.
const MAX_MS: u64 = 6000;
/// Nor has it more bytes than this.
const MAX_BYTES: usize = 200;
/// A word that is longer than this, in bytes, is taken for several, so that a piece can end within it.
const MAX_WORD_BYTES: usize = 192;

/// Puts pieces together. One ends with a sentence, at a pause, or when it is long enough.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    open: Option<Piece>,
}

impl Gather {
    /// Takes in the next word; the pieces that end before or with it.
    pub(crate) fn push(&mut self, word: &Word) -> Vec<Piece> {
        let is_seen = |c: &char| !c.is_control() && !c.is_whitespace();
        let text: String = word.text.chars().filter(is_seen).collect();
        let end_ms = word.end_ms.max(word.start_ms);
        let span = end_ms - word.start_ms;
        let mut ended = Vec::new();
        let mut at = 0;
        let mut from_ms = word.start_ms;
        for part in parts(&text) {
            let is_first = at == 0;
            at += part.len();
            let to_ms = word.start_ms + span * at as u64 / text.len() as u64;
            ended.extend(self.add(part, from_ms, to_ms, !is_first));
            from_ms = to_ms;
        }
        ended
    }

    /// Takes in a word, or what follows of one.
    fn add(&mut self, text: &str, start_ms: u64, end_ms: u64, follows: bool) -> Vec<Piece> {
        let ends = |open: &mut Piece| {
            start_ms >= open.end_ms.saturating_add(PAUSE_MS)
                || end_ms.saturating_sub(open.start_ms) > MAX_MS
                || open.text.len() + 1 + text.len() > MAX_BYTES
        };
        let mut ended: Vec<Piece> = self.open.take_if(ends).into_iter().collect();
        let open = self.open.get_or_insert_with(|| Piece {
            start_ms,
            end_ms,
            text: String::new(),
            heard: Vec::new(),
        });
        match follows {
            true => open.text.push_str(text),
            false => writing::push(&mut open.text, text),
        }
        let after_ms = start_ms.saturating_sub(open.start_ms);
        open.heard.push(Heard {
            at: open.text.len() - text.len(),
            after_ms: u32::try_from(after_ms).unwrap_or(u32::MAX),
        });
        open.end_ms = open.end_ms.max(end_ms);
        if ends_sentence(text) {
            ended.extend(self.open.take());
        }
        ended
    }

    /// The piece that a pause ends, if nothing is said until then.
    pub(crate) fn until(&mut self, until_ms: u64) -> Option<Piece> {
        self.open
            .take_if(|open| until_ms >= open.end_ms.saturating_add(PAUSE_MS))
    }

    /// The words so far, since they are to be told now.
    pub(crate) fn cut(&mut self) -> Option<Piece> {
        self.open.take()
    }
}

/// A word, or one that is too long in pieces of whole characters.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, character) in word.grapheme_indices(true) {
        if at > from && at + character.len() > from + MAX_WORD_BYTES {
            parts.push(&word[from..at]);
            from = at;
        }
    }
    if from < word.len() {
        parts.push(&word[from..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, start, end.
    type Said = (&'static str, u64, u64);

    fn gathered(words: &[Said]) -> Vec<(u64, u64, String, Vec<u32>)> {
        let mut gather = Gather::default();
        let mut pieces: Vec<Piece> = words
            .iter()
            .flat_map(|&(text, start_ms, end_ms)| {
                gather.push(&Word {
                    text: text.into(),
                    start_ms,
                    end_ms,
                    probability: 1.0,
                })
            })
            .collect();
        pieces.extend(gather.cut());
        pieces
            .into_iter()
            .map(|piece| {
                let word_ms = piece.word_ms();
                (piece.start_ms, piece.end_ms, piece.text, word_ms)
            })
            .collect()
    }

    #[test]
    fn a_piece_ends_with_a_sentence_at_a_pause_or_when_it_is_long() {
        type Case = (
            &'static str,
            &'static [Said],
            &'static [(u64, u64, &'static str)],
        );
        let cases: [Case; 8] = [
            (
                "Chinese",
                &[
                    ("今天", 0, 300),
                    ("我", 300, 500),
                    ("们", 500, 600),
                    ("去。", 600, 900),
                    ("好", 900, 1000),
                ],
                &[(0, 900, "今天我们去。"), (900, 1000, "好")],
            ),
            (
                "Thai and English",
                &[("เราใช้", 0, 300), ("Rust", 300, 600), ("กัน", 600, 900)],
                &[(0, 900, "เราใช้ Rust กัน")],
            ),
            (
                "Arabic",
                &[("ماذا", 0, 300), ("نسميها؟", 300, 600), ("نعم", 600, 900)],
                &[(0, 600, "ماذا نسميها؟"), (600, 900, "نعم")],
            ),
            (
                "a sentence",
                &[("It", 0, 100), ("works.", 100, 500), ("Now", 500, 700)],
                &[(0, 500, "It works."), (500, 700, "Now")],
            ),
            (
                "a pause",
                &[("and", 0, 100), ("then", 100, 400), ("it", 1100, 1200)],
                &[(0, 400, "and then"), (1100, 1200, "it")],
            ),
            (
                "a long one",
                &[
                    ("one", 0, 900),
                    ("two", 1000, 2900),
                    ("three", 3000, 5900),
                    ("four", 5900, 6100),
                ],
                &[(0, 5900, "one two three"), (5900, 6100, "four")],
            ),
            (
                "words that are none",
                &[(" \n", 0, 100), ("a\u{7} b", 100, 200), ("", 200, 300)],
                &[(100, 200, "ab")],
            ),
            (
                "a word that ends before it begins",
                &[("a", 500, 100)],
                &[(500, 500, "a")],
            ),
        ];
        for (case, words, expected) in cases {
            let pieces = gathered(words);
            let pieces: Vec<_> = pieces
                .iter()
                .map(|(start, end, text, _)| (*start, *end, text.as_str()))
                .collect();
            assert_eq!(pieces, expected, "{case}");
        }
    }

    #[test]
    fn each_word_keeps_its_time() {
        let pieces = gathered(&[
            ("so", 1000, 1200),
            ("it", 1300, 1400),
            ("works.", 1500, 1900),
        ]);
        assert_eq!(pieces[0].3, [0, 300, 500]);
    }

    #[test]
    fn of_a_long_word_nothing_is_lost() {
        for character in ["ក្រុ", "a", "🚢", "e\u{301}"] {
            let text = character.repeat(300);
            let word = Word {
                text: text.clone(),
                start_ms: 0,
                end_ms: 6000,
                probability: 1.0,
            };
            let mut gather = Gather::default();
            let mut pieces = gather.push(&word);
            pieces.extend(gather.cut());
            let told: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            assert_eq!(told, text);
            for piece in &pieces {
                assert!(piece.text.len() <= MAX_BYTES, "{}", piece.text);
                assert_eq!(piece.text.replace(character, ""), "", "{}", piece.text);
            }
            assert_eq!(pieces.last().map(|piece| piece.end_ms), Some(6000));
            assert!(
                pieces
                    .windows(2)
                    .all(|two| two[0].end_ms == two[1].start_ms)
            );
        }
    }

    #[test]
    fn a_pause_is_known_when_it_has_lasted() {
        let mut gather = Gather::default();
        let word = Word {
            text: "so".into(),
            start_ms: 0,
            end_ms: 300,
            probability: 1.0,
        };
        assert_eq!(gather.push(&word), []);
        assert_eq!(gather.until(999), None);
        assert_eq!(gather.until(1000).map(|piece| piece.end_ms), Some(300));
        assert_eq!(gather.until(5000), None);
    }
}
