//! Which words are sure: those on which two hypotheses in a row agree.
//!
//! This is LocalAgreement-2 of Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription
//! System" (2023). A window of sound is looked at again and again while it grows; each time, the longest
//! common beginning of this hypothesis and the one before, after what is confirmed already, is confirmed.
//! Where in a hypothesis the confirmed words end is found by aligning them (edit distance), not by times:
//! the model's times move by some tenths of a second from one hypothesis to the next.

use crate::{Word, sense::bare};

/// The words of one window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agreement {
    /// The confirmed words that are in the window still, and were told.
    confirmed: Vec<Word>,
    /// What the last hypothesis has after them.
    tail: Vec<Word>,
}

/// How much a difference of one second in where the confirmed words end counts, in words. It only
/// decides between places that fit equally well.
const SECOND: f64 = 0.2;

impl Agreement {
    /// Takes a hypothesis about the window and gives the words that it confirms. The sound of the `last`
    /// one of a window is complete: it confirms all its words.
    pub(crate) fn take(&mut self, hypothesis: Vec<Word>, last: bool) -> Vec<Word> {
        let known = self.known(&hypothesis);
        let mut tail = hypothesis;
        tail.drain(..known);
        let agreed = if last {
            tail.len()
        } else {
            let pairs = self.tail.iter().zip(&tail);
            pairs.take_while(|(old, new)| same(old, new)).count()
        };
        let sure = tail.drain(..agreed).collect();
        self.tail = tail;
        self.confirm(sure)
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

    /// Where the last confirmed word ends; 0 without one.
    pub(crate) fn end_ms(&self) -> u64 {
        self.confirmed.last().map_or(0, |word| word.end_ms)
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
        self.confirmed.drain(..gone).collect()
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
            let at = known
                .checked_sub(1)
                .map_or(0, |last| hypothesis[last].end_ms);
            above[known] as f64 + at.abs_diff(end) as f64 / 1_000.0 * SECOND
        };
        (0..=columns)
            .min_by(|a, b| off(*a).total_cmp(&off(*b)))
            .unwrap_or(0)
    }
}

fn middle(word: &Word) -> u64 {
    u64::midpoint(word.start_ms, word.end_ms)
}

/// Whether two hypotheses mean the same word: punctuation and case may still change.
fn same(a: &Word, b: &Word) -> bool {
    bare(&a.text) == bare(&b.text)
}
