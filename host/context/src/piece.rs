//! Pieces: cues as they are told.

use crate::cue::Cue;
use unicode_segmentation::UnicodeSegmentation;

/// Speech takes at most so many milliseconds a character (some 120 words a minute): what stays on
/// the screen for longer has been said by then.
const MS_PER_CHAR: u64 = 100;
/// Added to that for every cue.
const MS_PER_CUE: u64 = 600;
/// A cue whose speech takes longer than this is told in pieces, in milliseconds.
const MAX_MS: u64 = 6000;
/// A piece has no more bytes than this, as long as it can be cut between two characters.
const MAX_BYTES: usize = 400;

/// A stretch of speech that is told at once, when it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// When it begins, in milliseconds of the file.
    pub(crate) start_ms: u64,
    /// When its last word has been said, in milliseconds of the file.
    pub(crate) end_ms: u64,
    /// Never empty.
    pub(crate) text: String,
    /// When each of its words (between spaces) begins, in milliseconds after `start_ms`; empty if that is
    /// not known.
    pub(crate) word_ms: Vec<u32>,
}

impl Piece {
    /// Its words, each with the times at which it begins and ends: as they were heard if that is known,
    /// else as if speech were even.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        let mut byte = 0;
        self.text.split(' ').enumerate().map(move |(i, word)| {
            let (from, to) = (byte, byte + word.len());
            byte = to + 1;
            let heard = |i| self.word_ms.get(i).map(|&ms| self.start_ms + u64::from(ms));
            let start_ms = heard(i).unwrap_or_else(|| self.moment(from));
            let end_ms = match self.word_ms.is_empty() {
                true => self.moment(to),
                false => heard(i + 1).unwrap_or(self.end_ms),
            };
            (word, start_ms, end_ms)
        })
    }

    /// When a byte of the text is said, if speech is even.
    fn moment(&self, byte: usize) -> u64 {
        let (span, length) = (
            u128::from(self.end_ms - self.start_ms),
            self.text.len().max(1) as u128,
        );
        let passed = span * (byte as u128).min(length) / length;
        self.start_ms + u64::try_from(passed).unwrap_or(0)
    }
}

/// The pieces of cues, in the order in which they end.
pub(crate) fn pieces(cues: &[Cue]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = cues.iter().flat_map(split).collect();
    pieces.sort_by_key(|piece| piece.end_ms);
    pieces
}

fn split(cue: &Cue) -> Vec<Piece> {
    let chars = cue.text.chars().count() as u64;
    let spoken_ms = (cue.end_ms - cue.start_ms).min(MS_PER_CUE + chars.saturating_mul(MS_PER_CHAR));
    let whole = Piece {
        start_ms: cue.start_ms,
        end_ms: cue.start_ms + spoken_ms,
        text: cue.text.clone(),
        word_ms: Vec::new(),
    };
    let parts = spoken_ms
        .div_ceil(MAX_MS)
        .max(whole.text.len().div_ceil(MAX_BYTES) as u64);
    if parts <= 1 {
        return vec![whole];
    }
    let share = whole
        .text
        .len()
        .div_ceil(usize::try_from(parts).unwrap_or(1))
        .max(1);
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < whole.text.len() {
        let to = from + cut(&whole.text[from..], share);
        let text = whole.text[from..to].trim();
        if !text.is_empty() {
            let (start_ms, end_ms) = (whole.moment(from), whole.moment(to));
            pieces.push(Piece {
                start_ms,
                end_ms,
                text: text.into(),
                word_ms: Vec::new(),
            });
        }
        from = to;
    }
    pieces
}

/// Where to cut, at most `share` bytes in: after a sentence, else between two words, else between
/// two characters. Never 0 for a text that is not empty.
fn cut(text: &str, share: usize) -> usize {
    if text.len() <= share {
        return text.len();
    }
    let head = &text[..text.floor_char_boundary(share)];
    let stop = [". ", "? ", "! "]
        .iter()
        .filter_map(|stop| head.rfind(stop))
        .max()
        .map(|at| at + 2);
    let word = head.rfind(' ').map(|at| at + 1);
    stop.filter(|&at| at * 2 > share)
        .or(word.filter(|&at| at * 4 > share))
        .or_else(|| (!head.is_empty()).then_some(head.len()))
        .unwrap_or_else(|| text.graphemes(true).next().map_or(text.len(), str::len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_into(start_ms: u64, end_ms: u64, text: &str) -> Vec<(u64, u64, String)> {
        pieces(&[Cue {
            start_ms,
            end_ms,
            text: text.into(),
        }])
        .into_iter()
        .map(|piece| (piece.start_ms, piece.end_ms, piece.text))
        .collect()
    }

    #[test]
    fn an_ordinary_cue_is_one_piece() {
        let text = "and that is why the lantern goes at the bow";
        assert_eq!(
            split_into(1000, 4000, text),
            [(1000, 4000, text.to_owned())]
        );
    }

    #[test]
    fn what_stays_on_the_screen_has_been_said() {
        assert_eq!(
            split_into(1000, 60_000, "Wow!"),
            [(1000, 2000, "Wow!".to_owned())]
        );
    }

    #[test]
    fn a_long_cue_is_told_in_pieces_that_end_where_they_may() {
        let text = "This is the first sentence of it. This is the second sentence. And the third, which ends it.";
        let pieces = split_into(0, 9_200, text);
        let texts: Vec<&str> = pieces.iter().map(|(_, _, text)| text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "This is the first sentence of it.",
                "This is the second sentence.",
                "And the third, which ends it."
            ]
        );
        assert!(
            pieces.windows(2).all(|pair| pair[0].1 == pair[1].0),
            "{pieces:?}"
        );
        assert_eq!(pieces.last().unwrap().1, 9_200);
    }

    #[test]
    fn text_without_spaces_is_cut_between_characters() {
        let text = "é".repeat(3000);
        let pieces = split_into(0, 1000, &text);
        assert!(pieces.iter().all(|(_, _, text)| text.len() <= MAX_BYTES));
        assert_eq!(
            pieces
                .iter()
                .map(|(_, _, text)| text.as_str())
                .collect::<String>(),
            text
        );
    }
}
