//! Sentences: cues end where the screen is full, not where a thought does.

use crate::{piece::Piece, writing};

/// A pause of so many milliseconds ends a sentence without a full stop.
const PAUSE_MS: u64 = 2000;
/// The same in a text without punctuation, where pauses are all there is.
const UNPUNCTUATED_PAUSE_MS: u64 = 500;
/// A sentence is cut after so many characters.
const MAX_CHARS: usize = 400;
/// The same in a text without punctuation.
const UNPUNCTUATED_MAX_CHARS: usize = 120;
/// Fewer than one full stop in so many words: a text without punctuation.
const WORDS_PER_STOP: usize = 60;
/// A full stop after one of these ends nothing.
const ABBREVIATIONS: [&str; 14] = [
    "mr.", "mrs.", "ms.", "dr.", "st.", "vs.", "etc.", "e.g.", "i.e.", "prof.", "no.", "approx.",
    "jr.", "sr.",
];

/// What was said in one breath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// Its words.
    pub(crate) text: String,
    /// When its first word began, in milliseconds of the file.
    pub(crate) start_ms: u64,
    /// When its last word had been said.
    pub(crate) end_ms: u64,
    /// When it may be told: the end of the piece that holds its last word.
    pub(crate) due_ms: u64,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Without full stops and question marks, as many auto-captions are.
    pub(crate) unpunctuated: bool,
    /// In capitals, as captions of broadcasters are: capitals are no cry then.
    pub(crate) capitals: bool,
}

impl Manner {
    const fn pause_ms(self) -> u64 {
        if self.unpunctuated {
            UNPUNCTUATED_PAUSE_MS
        } else {
            PAUSE_MS
        }
    }

    const fn max_chars(self) -> usize {
        if self.unpunctuated {
            UNPUNCTUATED_MAX_CHARS
        } else {
            MAX_CHARS
        }
    }

    pub(crate) fn of<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Self {
        let (mut words, mut stops, mut cased, mut capital) = (0_usize, 0_usize, 0_usize, 0_usize);
        for word in pieces
            .into_iter()
            .flat_map(|piece| piece.text.split(' '))
            .flat_map(writing::parts)
            .filter(|word| !word.is_empty())
        {
            // Two characters are about a word where no spaces tell.
            let unspaced = word.chars().filter(|&c| writing::is_unspaced(c)).count();
            words += unspaced.div_ceil(2).max(1);
            stops += usize::from(ends_sentence(word));
            if word.chars().filter(|c| c.is_alphabetic()).count() >= 2 {
                cased += usize::from(word.chars().any(|c| c.is_lowercase() || c.is_uppercase()));
                capital += usize::from(is_capital(word));
            }
        }
        Self {
            unpunctuated: words >= 20 && stops * WORDS_PER_STOP < words,
            capitals: cased >= 10 && capital * 10 > cased * 4,
        }
    }
}

/// At least two letters, and all of them capitals.
pub(crate) fn is_capital(word: &str) -> bool {
    word.chars().filter(|c| c.is_uppercase()).count() >= 2 && !word.chars().any(char::is_lowercase)
}

/// Puts sentences together from pieces in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Sentences {
    open: Option<Sentence>,
}

impl Sentences {
    /// Takes in the next piece; the sentences that end in it.
    pub(crate) fn push(&mut self, piece: &Piece, manner: Manner) -> Vec<Sentence> {
        let mut ended: Vec<Sentence> = self.until(piece.start_ms, manner).into_iter().collect();
        for said in piece.words() {
            let (start_ms, end_ms) = (said.start_ms, said.end_ms);
            let sentence = self.open.get_or_insert_with(|| Sentence {
                text: String::new(),
                start_ms,
                end_ms: start_ms,
                due_ms: piece.end_ms,
            });
            if said.is_spaced && !sentence.text.is_empty() {
                sentence.text.push(' ');
                sentence.text.push_str(said.text);
            } else {
                writing::push(&mut sentence.text, said.text);
            }
            sentence.end_ms = sentence.end_ms.max(end_ms);
            sentence.due_ms = sentence.due_ms.max(piece.end_ms);
            if ends_sentence(said.text) || sentence.text.chars().count() >= manner.max_chars() {
                ended.extend(self.open.take());
            }
        }
        ended
    }

    /// The sentence that a pause ends, if nothing is said until then.
    pub(crate) fn until(&mut self, until_ms: u64, manner: Manner) -> Option<Sentence> {
        self.open
            .take_if(|open| until_ms > open.due_ms.saturating_add(manner.pause_ms()))
    }

    /// The sentence that the end ends.
    pub(crate) fn end(&mut self) -> Option<Sentence> {
        self.open.take()
    }
}

/// The sentences of pieces that are known in advance.
pub(crate) fn sentences(pieces: &[Piece], manner: Manner) -> Vec<Sentence> {
    let mut all = Sentences::default();
    let mut sentences: Vec<Sentence> = pieces
        .iter()
        .flat_map(|piece| all.push(piece, manner))
        .collect();
    sentences.extend(all.end());
    sentences
}

/// Whether a sentence ends with this word: `now.`, `now?"`, `[laughs]`.
pub(crate) fn ends_sentence(word: &str) -> bool {
    let bare = writing::bare(word);
    // `...` may be a pause, but what follows stands on its own often enough.
    writing::ends_with_stop(word)
        && !ABBREVIATIONS.contains(&bare.to_lowercase().as_str())
        // An initial: `J.`
        && !(bare.len() == 2 && bare.ends_with('.') && bare.starts_with(|c: char| c.is_uppercase() && c != 'I'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::piece::Heard;

    fn piece(start_ms: u64, end_ms: u64, text: &str) -> Piece {
        Piece {
            start_ms,
            end_ms,
            text: text.into(),
            heard: Vec::new(),
        }
    }

    fn texts(pieces: &[Piece]) -> Vec<String> {
        sentences(pieces, Manner::of(pieces))
            .into_iter()
            .map(|sentence| sentence.text)
            .collect()
    }

    #[test]
    fn sentences_go_over_cues_and_end_at_stops_and_pauses() {
        let cases: [(&[Piece], &[&str]); 4] = [
            (
                &[
                    piece(0, 2000, "So what should we"),
                    piece(2000, 4000, "name her? Tell me, Dr. J. Bean."),
                ],
                &["So what should we name her?", "Tell me, Dr. J. Bean."],
            ),
            (
                &[piece(0, 2000, "and then"), piece(9000, 10_000, "it broke")],
                &["and then", "it broke"],
            ),
            (
                &[piece(0, 2000, "\"Really?\" she said. [laughs] Yes!")],
                &["\"Really?\"", "she said.", "[laughs]", "Yes!"],
            ),
            (
                &[piece(0, 2000, "It cost 3.5 coins... I think.")],
                &["It cost 3.5 coins...", "I think."],
            ),
        ];
        for (pieces, expected) in cases {
            assert_eq!(texts(pieces), expected);
        }
    }

    #[test]
    fn sentences_end_with_the_stops_of_their_script() {
        let cases: [(&str, &[&str], &[&str]); 9] = [
            (
                "Chinese",
                &["今天天气", "很好。我们去公园吧？", "好！」他说。"],
                &["今天天气很好。", "我们去公园吧？", "好！」", "他说。"],
            ),
            (
                "Japanese",
                &["ランタンを", "直します。どうですか？"],
                &["ランタンを直します。", "どうですか？"],
            ),
            (
                "Thai",
                &["เราจะซ่อม", "ตะเกียง กันนะ! ดีไหม?"],
                &["เราจะซ่อมตะเกียง กันนะ!", "ดีไหม?"],
            ),
            ("Khmer", &["យើងជួសជុល។វាធ្លាយ។"], &["យើងជួសជុល។", "វាធ្លាយ។"]),
            (
                "Korean",
                &["등불을", "고칩니다. 좋아요?"],
                &["등불을 고칩니다.", "좋아요?"],
            ),
            (
                "Arabic",
                &["ماذا نسميها؟", "هذا فانوس."],
                &["ماذا نسميها؟", "هذا فانوس."],
            ),
            (
                "Hindi",
                &["यह लालटेन है। क्या यह", "टपकती है?"],
                &["यह लालटेन है।", "क्या यह टपकती है?"],
            ),
            (
                "Greek",
                &["Πώς τη λένε; Φανάρι."],
                &["Πώς τη λένε;", "Φανάρι."],
            ),
            (
                "German",
                &["„Wie heißt sie?“ Das", "ist die Öllampe."],
                &["„Wie heißt sie?“", "Das ist die Öllampe."],
            ),
        ];
        for (case, said, expected) in cases {
            let pieces: Vec<Piece> = (0_u64..)
                .zip(said)
                .map(|(i, text)| piece(i * 2000, i * 2000 + 2000, text))
                .collect();
            assert_eq!(texts(&pieces), *expected, "{case}");
        }
    }

    #[test]
    fn a_sentence_is_cut_after_characters_not_bytes() {
        for word in ["lantern", "фонарик", "ตะเกียง"] {
            let pieces: Vec<Piece> = (0..120)
                .map(|i| piece(i * 500, i * 500 + 500, word))
                .collect();
            let first = &texts(&pieces)[0];
            let chars = first.chars().count();
            assert!(
                (UNPUNCTUATED_MAX_CHARS..UNPUNCTUATED_MAX_CHARS + 10).contains(&chars),
                "{word}: {chars}"
            );
        }
    }

    #[test]
    fn a_sentence_ends_with_its_last_word_and_is_due_with_its_piece() {
        let pieces = [
            piece(0, 2000, "one two."),
            piece(2000, 4000, "aaaa aaaa. bbb"),
        ];
        let sentences = sentences(&pieces, Manner::of(&pieces));
        let times: Vec<_> = sentences
            .iter()
            .map(|s| (s.start_ms, s.end_ms, s.due_ms))
            .collect();
        assert_eq!(
            times,
            [(0, 2000, 2000), (2000, 3428, 4000), (3571, 4000, 4000)]
        );
    }

    #[test]
    fn words_that_were_heard_bring_their_times() {
        let heard = Piece {
            heard: [(0, 0), (3, 900), (6, 1500)]
                .map(|(at, after_ms)| Heard { at, after_ms })
                .to_vec(),
            ..piece(1000, 3000, "so it works.")
        };
        let mut sentences = Sentences::default();
        assert_eq!(
            sentences
                .push(&piece(0, 400, "Look."), Manner::default())
                .len(),
            1
        );
        let said = sentences.push(&heard, Manner::default());
        assert_eq!((said[0].start_ms, said[0].end_ms), (1000, 3000));
        let times: Vec<_> = heard
            .words()
            .iter()
            .map(|it| (it.start_ms, it.end_ms))
            .collect();
        assert_eq!(times, [(1000, 1900), (1900, 2500), (2500, 3000)]);
    }

    #[test]
    fn a_pause_ends_a_sentence_when_it_has_lasted() {
        let mut sentences = Sentences::default();
        assert_eq!(
            sentences.push(&piece(0, 1000, "and then"), Manner::default()),
            []
        );
        assert_eq!(sentences.until(3000, Manner::default()), None);
        let ended = sentences.until(3001, Manner::default());
        assert_eq!(ended.map(|it| it.text).as_deref(), Some("and then"));
        assert_eq!(sentences.end(), None);
    }

    #[test]
    fn the_manner_of_a_file_is_seen() {
        let lower = piece(0, 1, &"so we go on and on ".repeat(10));
        assert_eq!(
            Manner::of([&lower]),
            Manner {
                unpunctuated: true,
                capitals: false
            }
        );
        let upper = piece(0, 1, &"AND NOW THE NEWS. ".repeat(10));
        assert_eq!(
            Manner::of([&upper]),
            Manner {
                unpunctuated: false,
                capitals: true
            }
        );
        let bare = piece(0, 1, &"我们今天修理灯笼".repeat(10));
        assert!(Manner::of([&bare]).unpunctuated);
        let written = piece(0, 1, &"我们今天修理灯笼。".repeat(10));
        assert!(!Manner::of([&written]).unpunctuated);
        assert_eq!(
            Manner::of([&piece(0, 1, "OH NO.")]),
            Manner {
                unpunctuated: false,
                capitals: false
            }
        );
    }
}
