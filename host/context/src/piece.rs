//! Pieces: cues as they are told.

use crate::{cue::Cue, text, writing};
use unicode_script::{Script, UnicodeScript};

/// Speech takes at most so many milliseconds a character (some 120 words a minute): what stays on
/// the screen for longer has been said by then.
const MS_PER_CHAR: u64 = 100;
/// The same where a character is a syllable. English has some 3 of those in 2 words.
const MS_PER_SYLLABLE: u64 = 300;
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
    /// Where and when each of its words begins; empty if that is not known.
    pub(crate) heard: Vec<Heard>,
}

/// A word that was heard, in a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// When it begins, in milliseconds after the piece.
    pub(crate) after_ms: u32,
}

/// A word of a piece: what stands between spaces, or was heard as one, or ends a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) text: &'a str,
    /// Whether a space stands before it.
    pub(crate) is_spaced: bool,
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
}

impl Piece {
    /// Its words, each with the times at which it begins and ends: as they were heard if that is known,
    /// else as if speech were even.
    pub(crate) fn words(&self) -> Vec<Said<'_>> {
        let mut words = Vec::new();
        for (from, to, start_ms, end_ms) in self.stretches() {
            let moment = |byte: usize| even(start_ms, end_ms, byte - from, to - from);
            let mut at = from;
            for run in self.text[from..to].split(' ') {
                let mut is_spaced = self.text[..at].ends_with(' ');
                for text in writing::parts(run) {
                    let start_ms = moment(at);
                    at += text.len();
                    words.push(Said {
                        text,
                        is_spaced,
                        start_ms,
                        end_ms: moment(at),
                    });
                    is_spaced = false;
                }
                at += 1;
            }
        }
        words
    }

    /// What is known to have been said when: from and to in bytes, from and to in milliseconds.
    fn stretches(&self) -> impl Iterator<Item = (usize, usize, u64, u64)> {
        let whole = self.heard.is_empty();
        let whole = whole.then_some((0, self.text.len(), self.start_ms, self.end_ms));
        let start_ms = |heard: &Heard| self.start_ms + u64::from(heard.after_ms);
        let heard = self.heard.iter().enumerate().map(move |(i, heard)| {
            let next = self.heard.get(i + 1);
            let to = next.map_or(self.text.len(), |next| next.at);
            let to = heard.at + self.text[heard.at..to].trim_end_matches(' ').len();
            (
                heard.at,
                to,
                start_ms(heard),
                next.map_or(self.end_ms, start_ms),
            )
        });
        whole.into_iter().chain(heard)
    }

    /// When each of its words begins that spaces set apart, in milliseconds after its start; empty if that is
    /// not known. In scripts without spaces these are few.
    pub(crate) fn word_ms(&self) -> Vec<u32> {
        let is_spaced = |heard: &&Heard| heard.at == 0 || self.text[..heard.at].ends_with(' ');
        let spaced = self.heard.iter().filter(is_spaced);
        spaced.map(|heard| heard.after_ms).collect()
    }

    /// When a byte of the text is said, if speech is even.
    fn moment(&self, byte: usize) -> u64 {
        even(self.start_ms, self.end_ms, byte, self.text.len())
    }
}

/// When so much of a length has passed.
fn even(start_ms: u64, end_ms: u64, at: usize, length: usize) -> u64 {
    let length = length.max(1) as u128;
    let span = u128::from(end_ms.saturating_sub(start_ms));
    let passed = span * (at as u128).min(length) / length;
    start_ms + u64::try_from(passed).unwrap_or(0)
}

/// The pieces of cues, in the order in which they end.
pub(crate) fn pieces(cues: &[Cue]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = cues.iter().flat_map(split).collect();
    pieces.sort_by_key(|piece| piece.end_ms);
    pieces
}

fn split(cue: &Cue) -> Vec<Piece> {
    let chars_ms = cue.text.chars().map(longest_ms).sum::<u64>();
    let spoken_ms = (cue.end_ms - cue.start_ms).min(MS_PER_CUE + chars_ms);
    let whole = Piece {
        start_ms: cue.start_ms,
        end_ms: cue.start_ms + spoken_ms,
        text: cue.text.clone(),
        heard: Vec::new(),
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
                heard: Vec::new(),
            });
        }
        from = to;
    }
    pieces
}

/// How long a character may take to say, in milliseconds.
fn longest_ms(c: char) -> u64 {
    let is_syllable = !c.is_ascii()
        && matches!(
            c.script(),
            Script::Han | Script::Hangul | Script::Hiragana | Script::Katakana
        );
    match is_syllable {
        true => MS_PER_SYLLABLE,
        false => MS_PER_CHAR,
    }
}

/// Where to cut, at most `share` bytes in: after a sentence, else between two words, else between
/// two characters. Never 0 for a text that is not empty.
fn cut(text: &str, share: usize) -> usize {
    if text.len() <= share {
        return text.len();
    }
    let first = text.chars().next().map_or(text.len(), char::len_utf8);
    let end = text.floor_char_boundary(share).max(first);
    let head = &text[..end];
    let (mut stop, mut at) = (None, 0);
    for word in head.split_inclusive(' ') {
        let end = at + word.len();
        for part in writing::parts(word) {
            at += part.len();
            let ends = part.ends_with(' ') && writing::ends_with_stop(part.trim_end());
            if ends || at < end {
                stop = Some(at);
            }
        }
    }
    let word = text::last_gap(text, end);
    stop.filter(|&at| at * 2 > share)
        .or(word.filter(|&at| at * 4 > share))
        .unwrap_or_else(|| text::whole_characters(text, end))
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

    #[test]
    fn speech_of_any_script_is_cut_where_it_may_be() {
        // Each longer than 6 s.
        let cases: [(&str, &str, &[&str]); 5] = [
            (
                "after a sentence",
                "今天天气很好，我们去公园散步。明天要在家里修理那个黄铜灯笼。",
                &[
                    "今天天气很好，我们去公园散步。",
                    "明天要在家里修理那个黄铜灯笼。",
                ],
            ),
            (
                "between words of a dictionary",
                "今天我们修理那个漏油的黄铜灯笼和它的油箱",
                &["今天我们修理那个漏油", "的黄铜灯笼和它的油箱"],
            ),
            (
                "Thai",
                "วันนี้เราจะซ่อมตะเกียงทองเหลืองที่รั่วและถังน้ำมันที่แตกของมันด้วยกัน",
                &[
                    "วันนี้เราจะซ่อมตะเกียงทองเหลืองที่",
                    "รั่วและถังน้ำมันที่แตกของมันด้วย",
                    "กัน",
                ],
            ),
            (
                "Hindi",
                "आज हम पीतल की लालटेन ठीक करेंगे। फिर हम नाव पर जाएँगे और देखेंगे।",
                &["आज हम पीतल की लालटेन ठीक करेंगे।", "फिर हम नाव पर जाएँगे और देखेंगे।"],
            ),
            (
                "Korean",
                "오늘은 등불을 고칩니다. 내일은 기름을 채웁니다!",
                &["오늘은 등불을 고칩니다.", "내일은 기름을 채웁니다!"],
            ),
        ];
        for (case, text, expected) in cases {
            let pieces = split_into(0, 8_000, text);
            let texts: Vec<&str> = pieces.iter().map(|(_, _, text)| text.as_str()).collect();
            assert_eq!(texts, expected, "{case}");
        }
    }

    #[test]
    fn no_character_that_several_make_is_cut() {
        for character in ["น้ำ", "क्ष", "e\u{301}", "👩\u{200d}🚀"] {
            let text = character.repeat(300);
            for (_, _, piece) in split_into(0, 1000, &text) {
                assert!(piece.len() <= MAX_BYTES);
                assert_eq!(piece.replace(character, ""), "", "{piece}");
            }
        }
    }

    #[test]
    fn a_syllable_takes_longer_to_say_than_a_letter() {
        let cases = [
            ("now", 900),
            ("今天很好", 1800),
            ("오늘은", 1500),
            ("ランタン", 1800),
            ("วันนี้", 1200),
        ];
        for (text, expected) in cases {
            assert_eq!(
                split_into(0, 60_000, text),
                [(0, expected, text.to_owned())]
            );
        }
    }

    #[test]
    fn sentences_within_a_word_share_its_time() {
        let piece = |heard| Piece {
            start_ms: 1000,
            end_ms: 4000,
            text: "好。走吧！ Rust".into(),
            heard,
        };
        let told = |piece: &Piece| -> Vec<(String, bool, u64, u64)> {
            let words = piece.words().into_iter();
            words
                .map(|said| (said.text.into(), said.is_spaced, said.start_ms, said.end_ms))
                .collect()
        };
        let heard = [(0, 0), (6, 600), (16, 2000)]
            .map(|(at, after_ms)| Heard { at, after_ms })
            .to_vec();
        assert_eq!(
            told(&piece(heard.clone())),
            [
                ("好。".to_owned(), false, 1000, 1600),
                ("走吧！".to_owned(), false, 1600, 3000),
                ("Rust".to_owned(), true, 3000, 4000),
            ]
        );
        assert_eq!(piece(heard).word_ms(), [0, 2000]);
        assert_eq!(
            told(&piece(Vec::new())),
            [
                ("好。".to_owned(), false, 1000, 1900),
                ("走吧！".to_owned(), false, 1900, 3250),
                ("Rust".to_owned(), true, 3400, 4000),
            ]
        );
        assert_eq!(piece(Vec::new()).word_ms(), [0; 0]);
    }
}
