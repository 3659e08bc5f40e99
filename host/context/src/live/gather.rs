//! Words that were heard, gathered into pieces.

use crate::{piece::Piece, sentence::ends_sentence};
use chatter_speech::Word;

/// A pause of so many milliseconds ends a piece.
const PAUSE_MS: u64 = 700;
/// A piece takes no longer than this, in milliseconds, but for a single word.
const MAX_MS: u64 = 6000;
/// Nor has it more bytes than this.
const MAX_BYTES: usize = 200;
/// A word has no more characters than this.
const MAX_WORD_CHARS: usize = 64;

/// Puts pieces together. One ends with a sentence, at a pause, or when it is long enough.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    open: Option<Piece>,
}

impl Gather {
    /// Takes in the next word; the pieces that end before or with it.
    pub(crate) fn push(&mut self, word: &Word) -> Vec<Piece> {
        let text: String = word.text.split_whitespace().collect::<Vec<_>>().join("");
        let text: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_WORD_CHARS)
            .collect();
        if text.is_empty() {
            return Vec::new();
        }
        let (start_ms, end_ms) = (word.start_ms, word.end_ms.max(word.start_ms));
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
            word_ms: Vec::new(),
        });
        if !open.text.is_empty() {
            open.text.push(' ');
        }
        open.text.push_str(&text);
        let after_ms = start_ms.saturating_sub(open.start_ms);
        open.word_ms
            .push(u32::try_from(after_ms).unwrap_or(u32::MAX));
        open.end_ms = open.end_ms.max(end_ms);
        if ends_sentence(&text) {
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
            .map(|piece| (piece.start_ms, piece.end_ms, piece.text, piece.word_ms))
            .collect()
    }

    #[test]
    fn a_piece_ends_with_a_sentence_at_a_pause_or_when_it_is_long() {
        type Case = (
            &'static str,
            &'static [Said],
            &'static [(u64, u64, &'static str)],
        );
        let cases: [Case; 5] = [
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
