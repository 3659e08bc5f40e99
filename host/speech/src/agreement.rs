//! Which words are sure: those on which two hypotheses in a row agree, and those that more sound would
//! not change.
//!
//! The first is LocalAgreement-2 of Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription
//! System" (2023). A window of sound is looked at again and again while it grows; each time, the longest
//! common beginning of this hypothesis and the one before, after what is confirmed already, is confirmed.
//! Where in a hypothesis the confirmed words end is found by aligning them (edit distance), not by times:
//! the model's times move by some tenths of a second from one hypothesis to the next. In another language
//! there is nothing to align with, and times must do.
//!
//! Waiting for a second hypothesis costs a hop each time, although what changes in it is nearly always the
//! end: a word that the window cuts off. So a word is sure at once as well if it ends well before the window
//! does. That is the thought of AlignAtt (Papi, Turchi and Negri 2023, "AlignAtt: Using Attention-based
//! Audio-Translation Alignments as a Guide for Simultaneous Speech Translation"; with whisper in Macháček
//! and Polák's SimulStreaming, 2025), which asks the decoder's attention how far from the end a token is. As
//! whisper.cpp does not give that, the words' times stand for it, and because these are rougher, the last
//! word of a hypothesis is never sure by itself, nor one that the model doubts, up to a time: a word that
//! hypotheses can't agree on would hold up all that follow.

use crate::{Word, sense::bare};

/// The words of one window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agreement {
    /// The confirmed words that are in the window still, and were told.
    confirmed: Vec<Word>,
    /// The latest words that are no longer in the window. If it was cut a little too early, because the
    /// model had them end too soon, hypotheses begin with some of them.
    before: Vec<Word>,
    /// What the last hypothesis has after all these.
    tail: Vec<Word>,
    /// Where this begins, on the stream's clock: what was said before was told in another language.
    begin_ms: u64,
}

/// So many words are known of what was before the window.
const BEFORE: usize = 12;
/// Words from before the window that it begins with again end where those ended: the last of them begins
/// no later than so long after. Later ones are said a second time.
const SOON_MS: u64 = 300;

/// A word is sure by itself if it ends so long before the window,
const CLEAR_MS: u64 = 400;
/// and is at least so probable;
const PROBABLE: f32 = 0.6;
/// and if it ends so long before, then in any case.
const LONG_AGO_MS: u64 = 1_500;
/// In a pause no word is cut off: so probable ones are sure, the last one as well.
const PROBABLE_IN_PAUSE: f32 = 0.5;

/// What the sound of a window ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Somebody is speaking at this time on the stream's clock.
    Speech(u64),
    /// A pause, in which nobody speaks for now.
    Pause(u64),
    /// The end of the voice.
    Voice,
}

/// How much a difference of one second in where the confirmed words end counts, in words. It only
/// decides between places that fit equally well.
const SECOND: f64 = 0.2;

impl Agreement {
    /// Takes a hypothesis about the window and gives the words that it confirms: all, if its sound is complete.
    pub(crate) fn take(&mut self, hypothesis: Vec<Word>, end: End) -> Vec<Word> {
        let mut tail = hypothesis;
        tail.drain(..tail.partition_point(|word| middle(word) < self.begin_ms));
        tail.drain(..self.heard_before(&tail));
        tail.drain(..self.known(&tail));
        let pairs = self.tail.iter().zip(&tail);
        let agreed = pairs.take_while(|(old, new)| same(old, new)).count();
        let alone = &tail[agreed..];
        let alone = match end {
            End::Speech(to_ms) => alone[..alone.len().saturating_sub(1)]
                .iter()
                .take_while(|word| is_clear(word, to_ms))
                .count(),
            End::Pause(to_ms) => alone
                .iter()
                .take_while(|word| word.probability >= PROBABLE_IN_PAUSE || is_clear(word, to_ms))
                .count(),
            End::Voice => alone.len(),
        };
        let sure = tail.drain(..agreed + alone).collect();
        self.tail = tail;
        self.confirm(sure)
    }

    /// The window's sound is complete, and the latest hypothesis was about all of it: confirms the rest.
    pub(crate) fn finish(&mut self) -> Vec<Word> {
        let words = std::mem::take(&mut self.tail);
        self.confirm(words)
    }

    fn confirm(&mut self, mut sure: Vec<Word>) -> Vec<Word> {
        let mut from = self.end_ms();
        for word in &mut sure {
            word.start_ms = word.start_ms.max(from);
            word.end_ms = word.end_ms.max(word.start_ms);
            from = word.start_ms;
        }
        self.confirmed.extend_from_slice(&sure);
        sure
    }

    /// The hypotheses to come are in another language. None of their words are those that were told, so where
    /// these end is found by times, however roughly: by texts, all would be told again that are more than before.
    pub(crate) fn begin_anew(&mut self) {
        let last = self.confirmed.last().or(self.before.last());
        *self = Self {
            begin_ms: last.map_or(self.begin_ms, |word| word.end_ms),
            ..Self::default()
        };
    }

    /// Where the last confirmed word ends; without one, where this begins, or 0.
    pub(crate) fn end_ms(&self) -> u64 {
        self.confirmed
            .last()
            .map_or(self.begin_ms, |word| word.end_ms)
    }

    /// The confirmed words.
    pub(crate) fn confirmed(&self) -> &[Word] {
        &self.confirmed
    }

    /// Confirms what the latest hypothesis has before a time, although no other one agrees. Gives those words.
    pub(crate) fn force(&mut self, until_ms: u64) -> Vec<Word> {
        let count = self.tail.partition_point(|word| middle(word) < until_ms);
        let words = self.tail.drain(..count).collect();
        self.confirm(words)
    }

    /// The window begins later now. Gives the confirmed words that are no longer in it.
    pub(crate) fn trim(&mut self, from_ms: u64) -> Vec<Word> {
        let gone = self
            .confirmed
            .partition_point(|word| middle(word) < from_ms);
        let gone: Vec<Word> = self.confirmed.drain(..gone).collect();
        self.before.extend_from_slice(&gone);
        self.before
            .drain(..self.before.len().saturating_sub(BEFORE));
        gone
    }

    /// With how many of the words from before the window a hypothesis begins again, because the window was cut
    /// within them. Words that are said twice ("no, no") are none of these: they begin later, or the
    /// hypothesis before had them behind the cut already.
    fn heard_before(&self, hypothesis: &[Word]) -> usize {
        let Some(end_ms) = self.before.last().map(|last| last.end_ms) else {
            return 0;
        };
        let is_soon = |word: &&Word| word.start_ms <= end_ms + SOON_MS;
        let soon = hypothesis.iter().take_while(is_soon).count();
        let behind: Vec<&Word> = self.confirmed.iter().chain(&self.tail).collect();
        let again = (1..=self.before.len().min(soon)).rev().find(|count| {
            let new = &hypothesis[..*count];
            let old = &self.before[self.before.len() - count..];
            let is_behind = behind.len() >= *count
                && behind.iter().zip(new).all(|(known, new)| same(known, new));
            !is_behind && old.iter().zip(new).all(|(old, new)| same(old, new))
        });
        again.unwrap_or(0)
    }

    /// How many words of a hypothesis are the confirmed ones: the beginning of it that is least different
    /// from them.
    fn known(&self, hypothesis: &[Word]) -> usize {
        if self.confirmed.is_empty() {
            return 0;
        }
        let (rows, columns) = (self.confirmed.len(), hypothesis.len());
        let mut above: Vec<usize> = (0..=columns).collect();
        for row in 1..=rows {
            let mut this = vec![row; columns + 1];
            for column in 1..=columns {
                let word = &self.confirmed[row - 1];
                let different = usize::from(!same(word, &hypothesis[column - 1]));
                this[column] = (above[column - 1] + different)
                    .min(above[column] + 1)
                    .min(this[column - 1] + 1);
            }
            above = this;
        }
        let end = self.end_ms();
        let off = |known: usize| {
            let at = match known.checked_sub(1) {
                Some(last) => hypothesis[last].end_ms,
                None => hypothesis.first().map_or(end, |word| word.start_ms),
            };
            above[known] as f64 + at.abs_diff(end) as f64 / 1_000.0 * SECOND
        };
        (0..=columns)
            .min_by(|a, b| off(*a).total_cmp(&off(*b)))
            .unwrap_or(0)
    }
}

/// Whether more sound after the window's end would not change a word.
fn is_clear(word: &Word, to_ms: u64) -> bool {
    match to_ms.saturating_sub(word.end_ms) {
        ..CLEAR_MS => false,
        LONG_AGO_MS.. => true,
        _ => word.probability >= PROBABLE,
    }
}

fn middle(word: &Word) -> u64 {
    u64::midpoint(word.start_ms, word.end_ms)
}

/// Whether two hypotheses mean the same word: punctuation and case may still change.
fn same(a: &Word, b: &Word) -> bool {
    bare(&a.text) == bare(&b.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of 100 ms each, one after the other, from a time on.
    fn said(from_ms: u64, text: &str) -> Vec<Word> {
        let words = text.split_whitespace().enumerate();
        words
            .map(|(n, text)| Word {
                text: text.into(),
                start_ms: from_ms + n as u64 * 100,
                end_ms: from_ms + n as u64 * 100 + 100,
                probability: 1.0,
            })
            .collect()
    }

    #[test]
    fn what_two_hypotheses_agree_on_is_confirmed_and_never_again() {
        // Hypotheses in turn, each with the time at which it begins, and what it confirms. The last one is final.
        type Hypotheses = [(u64, &'static str, &'static str)];
        let cases: [(&str, &Hypotheses); 11] = [
            ("nothing", &[(0, "", ""), (0, "", "")]),
            (
                "at once, if it is all",
                &[(0, "hello there", "hello there")],
            ),
            (
                "the common beginning",
                &[
                    (0, "one two tree", ""),
                    (0, "one two three for", "one two"),
                    (0, "one two three four", "three four"),
                ],
            ),
            (
                "case and punctuation may change; the newest counts",
                &[
                    (0, "hello, there my", ""),
                    (0, "Hello there. My friend", "Hello there. My"),
                    (0, "hello there my friend", "friend"),
                ],
            ),
            (
                "what was confirmed is heard otherwise later",
                &[
                    (0, "a b c", ""),
                    (0, "a b c d", "a b c"),
                    (0, "a x c d e", "d"),
                    (0, "a x c d e", "e"),
                ],
            ),
            (
                "what was confirmed falls apart, or together",
                &[
                    (0, "a b c", ""),
                    (0, "a b c d", "a b c"),
                    (0, "ab c d e", "d"),
                    (0, "a b c d e f", "e f"),
                ],
            ),
            (
                "the same word again and again",
                &[
                    (0, "no no", ""),
                    (0, "no no no", "no no"),
                    (0, "no no no no", "no"),
                    (0, "no no no no", "no"),
                ],
            ),
            (
                "times move",
                &[
                    (0, "go go left", ""),
                    (150, "go go left now", "go go left"),
                    (50, "go go left now", "now"),
                ],
            ),
            (
                "a hypothesis that forgets the beginning",
                &[
                    (0, "a b c d", ""),
                    (0, "a b c d e", "a b c d"),
                    (200, "c d e f", "e"),
                    (200, "c d e f", "f"),
                ],
            ),
            (
                "a hypothesis without any word that was confirmed",
                &[(0, "a b", ""), (0, "a c", "a"), (300, "x y", "x y")],
            ),
            (
                "a hypothesis that says nothing once",
                &[
                    (0, "a b c", ""),
                    (0, "", ""),
                    (0, "a b c", ""),
                    (0, "a b c d", "a b c d"),
                ],
            ),
        ];
        // At the beginning of a stream, and an hour later.
        let begun = cases.map(|case| (0, case));
        let later = cases.map(|case| (3_600_000, case));
        for (at, (name, hypotheses)) in begun.into_iter().chain(later) {
            let mut agreement = Agreement::default();
            for (n, (from, text, expected)) in hypotheses.iter().enumerate() {
                let last = n + 1 == hypotheses.len();
                // Too soon for any word to be sure by itself.
                let end = if last { End::Voice } else { End::Speech(0) };
                let sure = agreement.take(said(at + from, text), end);
                let got: Vec<_> = sure.iter().map(|word| word.text.as_str()).collect();
                assert_eq!(
                    got.join(" "),
                    *expected,
                    "{name}, hypothesis {n} from {at} ms on"
                );
            }
            let confirmed = agreement.confirmed();
            assert!(confirmed.is_sorted_by_key(|word| word.start_ms), "{name}");
            assert!(
                confirmed.iter().all(|word| word.start_ms <= word.end_ms),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_trimmed_is_no_longer_looked_for() {
        let mut agreement = Agreement::default();
        agreement.take(said(0, "a b c d"), End::Speech(0));
        agreement.take(said(0, "a b c d"), End::Speech(0));
        let gone = agreement.trim(200);
        assert_eq!(gone, said(0, "a b"));
        assert_eq!(
            agreement.take(said(200, "c d e"), End::Voice),
            said(400, "e")
        );
    }

    #[test]
    fn what_a_cut_window_begins_with_again_is_no_word_said_twice() {
        // Words of 100 ms each up to a cut; what the last hypothesis has behind it; how long after it the new
        // one begins; what that is, and what of it is new.
        let cases: [(&str, &str, &str, u64, &str, &str); 13] = [
            (
                "one word again",
                "we go",
                "left",
                0,
                "go left now",
                "left now",
            ),
            ("one word again, alone", "we go", "", 0, "go", ""),
            ("two again", "we go", "", 0, "we go left", "left"),
            ("three again", "and we go", "", 0, "and we go left", "left"),
            ("other words", "we go", "", 0, "he went", "he went"),
            ("the end of one again", "we go", "", 0, "o left", "o left"),
            ("one said twice", "oh no", "no", 0, "no", "no"),
            (
                "one said three times",
                "oh no",
                "no no",
                0,
                "no no",
                "no no",
            ),
            ("twice, later", "oh no", "", 400, "no", "no"),
            (
                "two said twice",
                "let's go",
                "let's go",
                0,
                "let's go",
                "let's go",
            ),
            (
                "two said twice, later",
                "let's go",
                "",
                300,
                "let's go",
                "let's go",
            ),
            ("three, later", "go go go", "", 400, "go go go", "go go go"),
            (
                "begun twice, and on",
                "I think",
                "I think",
                0,
                "I think so",
                "I think so",
            ),
        ];
        for (name, before, behind, after_ms, new, expected) in cases {
            let mut agreement = Agreement::default();
            let cut = said(0, before).last().unwrap().end_ms;
            agreement.take(said(0, before), End::Voice);
            let all = format!("{before} {behind}");
            agreement.take(said(0, &all), End::Speech(0));
            agreement.trim(cut);
            let told = agreement.take(said(cut + after_ms, new), End::Voice);
            let told: Vec<_> = told.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(told.join(" "), expected, "{name}");
        }
    }

    #[test]
    fn what_was_told_is_not_told_again_in_another_language() {
        // What is in the other language from a time on, and what of it is told, after words up to 400 ms.
        for (from_ms, text, expected) in [
            (0, "alle in anderen worten neu gesagt", "neu gesagt"),
            // Its times are a little off.
            (40, "alle in anderen worten neu", "neu"),
            (60, "alle in anderen worten neu", "worten neu"),
            (300, "worten neu gesagt", "neu gesagt"),
            (500, "neu gesagt", "neu gesagt"),
            (0, "alle in", ""),
        ] {
            for window_from_ms in [0, 200, 400] {
                let mut agreement = Agreement::default();
                agreement.take(said(0, "all that was said"), End::Voice);
                agreement.take(said(0, "all that was said again"), End::Speech(0));
                agreement.trim(window_from_ms);
                agreement.begin_anew();
                assert_eq!(agreement.end_ms(), 400, "from {window_from_ms} ms on");
                // Once more, when it has been told as well.
                for expected in [expected, ""] {
                    let told = agreement.take(said(from_ms, text), End::Voice);
                    assert!(told.iter().all(|word| word.start_ms >= 400), "{told:?}");
                    let told: Vec<_> = told.iter().map(|word| word.text.as_str()).collect();
                    assert_eq!(told.join(" "), expected, "{text} from {from_ms} ms on");
                }
                assert_eq!(agreement.finish(), [], "{text} from {from_ms} ms on");
            }
        }
    }

    #[test]
    fn force_confirms_one_hypothesis_up_to_a_time() {
        let mut agreement = Agreement::default();
        agreement.take(said(0, "a b c d"), End::Speech(0));
        assert_eq!(agreement.force(200), said(0, "a b"));
        assert_eq!(agreement.end_ms(), 200);
    }

    #[test]
    fn one_hypothesis_confirms_what_more_sound_would_not_change() {
        // The probabilities of words of 100 ms each, where the window ends, and how many are sure.
        let sure = PROBABLE;
        let unsure = PROBABLE - 0.1;
        let pause = PROBABLE_IN_PAUSE;
        let none = PROBABLE_IN_PAUSE - 0.1;
        let cases: [(&str, &[f32], End, usize); 12] = [
            ("too near the end", &[1.0; 3], End::Speech(350), 0),
            ("far enough", &[sure; 3], End::Speech(500), 1),
            ("never the last one", &[1.0; 3], End::Speech(900), 2),
            ("not even after long", &[1.0; 3], End::Speech(9_000), 2),
            ("doubted", &[unsure, 1.0, 1.0], End::Speech(900), 0),
            ("in the middle", &[1.0, unsure, 1.0], End::Speech(900), 1),
            ("long ago", &[0.0, 0.0, 1.0], End::Speech(1_600), 1),
            ("not so long ago", &[0.0, 1.0, 1.0], End::Speech(1_590), 0),
            ("a pause", &[pause; 3], End::Pause(300), 3),
            (
                "a doubt in a pause",
                &[pause, none, pause],
                End::Pause(300),
                1,
            ),
            ("long before a pause", &[none; 3], End::Pause(1_700), 2),
            ("the end", &[0.0; 3], End::Voice, 3),
        ];
        for (name, probabilities, end, expected) in cases {
            let mut words = said(0, "a b c");
            for (word, probability) in words.iter_mut().zip(probabilities) {
                word.probability = *probability;
            }
            let mut agreement = Agreement::default();
            assert_eq!(agreement.take(words, end).len(), expected, "{name}");
            // What is left is not lost.
            assert_eq!(agreement.finish().len(), 3 - expected, "{name}");
            assert_eq!(agreement.confirmed().len(), 3, "{name}");
        }
    }
}
