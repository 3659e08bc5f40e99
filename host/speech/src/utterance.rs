//! The sound of one voice from where it begins to where it ends, as far as it is still of use.

use crate::{RATE, Word, agreement::Agreement};

/// Sound from before a voice was noticed that belongs to it: words begin softly. With 320 ms here and after
/// the end, `tiny` has two in a hundred words more wrong.
pub(crate) const LEAD_MS: u64 = 480;
/// Sound that is kept after a voice ends, for the same reason.
const TRAIL_MS: u64 = 480;
/// With less sound after it, a voice's last word may be heard otherwise.
const CLEAR_END_MS: u64 = 96;
/// A voice that goes on within so much is the same one.
pub(crate) const LONGEST_PAUSE_MS: u64 = 2_000;
/// What is shorter is a click or a cough.
const SHORTEST_MS: u64 = 200;
/// How much is left of a window that had to be cut without any word agreed upon.
const REST_MS: u64 = 3_000;

/// One voice, or the end of it.
#[derive(Debug)]
pub(crate) struct Utterance {
    /// When its sound begins, on the stream's clock.
    pub(crate) start_ms: u64,
    pub(crate) sound: Vec<f32>,
    /// How many of its samples are from before the voice was noticed: fewer than [`LEAD_MS`] where there was no
    /// more sound, or where another voice had just ended, whose own it is.
    lead: usize,
    /// Whether the sound was broken off before it, and nothing of it was listened to yet.
    pub(crate) after_gap: bool,
    /// How many of its samples the latest inference looked at, be it only in vain for the language.
    pub(crate) looked_at: usize,
    /// How many of them the latest hypothesis is about.
    pub(crate) recognised: usize,
    /// Whether the voice has ended, so that nothing is added.
    pub(crate) whole: bool,
    /// Whether all of it was listened to.
    pub(crate) is_done: bool,
    pub(crate) agreement: Agreement,
}

impl Utterance {
    pub(crate) fn new(start_ms: u64, sound: Vec<f32>, lead: usize, after_gap: bool) -> Self {
        Self {
            start_ms,
            sound,
            lead,
            after_gap,
            looked_at: 0,
            recognised: 0,
            whole: false,
            is_done: false,
            agreement: Agreement::default(),
        }
    }

    pub(crate) fn ms(&self) -> u64 {
        milliseconds(self.sound.len())
    }

    pub(crate) fn end_ms(&self) -> u64 {
        self.start_ms + self.ms()
    }

    /// How much of it no inference has looked at.
    pub(crate) fn new_ms(&self) -> u64 {
        milliseconds(self.sound.len() - self.looked_at)
    }

    /// Everything before this has been told.
    pub(crate) fn until_ms(&self) -> u64 {
        self.start_ms.max(self.agreement.end_ms())
    }

    /// Whether the latest hypothesis is about all of a voice that ended so many samples ago, and a little more.
    pub(crate) fn was_heard(&self, ago: usize) -> bool {
        self.recognised + ago >= self.sound.len() + samples(CLEAR_END_MS)
    }

    /// Whether it is more than a click or a cough, if it ended so many samples ago.
    pub(crate) fn is_voice(&self, ago: usize) -> bool {
        let voice = self.sound.len().saturating_sub(ago + self.lead);
        self.recognised > 0 || milliseconds(voice) >= SHORTEST_MS
    }

    /// The voice ended so many samples ago. Gives the sound that is no longer part of it.
    pub(crate) fn close(&mut self, ago: usize) -> Vec<f32> {
        let voice = self.sound.len().saturating_sub(ago);
        let end = self.sound.len().min(voice + samples(TRAIL_MS));
        self.whole = true;
        self.looked_at = self.looked_at.min(end);
        self.recognised = self.recognised.min(end);
        self.sound.split_off(end)
    }

    /// A voice begins again, with so many samples at the end of this sound, which is all since it ended. Goes
    /// on with it if that is soon and both are no more than a window: whisper is better at long windows. What
    /// was between belongs to it then: words that are too soft for the voice activity detector, which would
    /// be lost, and a room's own noise rather than holes in it (of speaking freely, six in a hundred words).
    pub(crate) fn goes_on(
        &mut self,
        start_ms: u64,
        length: usize,
        sound: &[f32],
        window_ms: u64,
    ) -> bool {
        let pause_ms = start_ms.saturating_sub(self.end_ms());
        if pause_ms > LONGEST_PAUSE_MS || self.ms() + pause_ms + milliseconds(length) > window_ms {
            return false;
        }
        let from = sound.len().saturating_sub(samples(pause_ms) + length);
        self.sound.extend_from_slice(&sound[from..]);
        self.whole = false;
        self.is_done = false;
        true
    }

    /// Lets go of sound whose words are confirmed, if the window is longer than it should be: up to the end
    /// of the last sentence if that makes it short enough, else up to the last confirmed word. A window
    /// of twice the length without anything agreed upon is cut as well; what the latest hypothesis has up
    /// to there counts as confirmed then. Gives those words, and all words that are no longer in the window.
    pub(crate) fn trim(&mut self, window_ms: u64) -> (Vec<Word>, Vec<Word>) {
        if milliseconds(self.looked_at) <= window_ms {
            return Default::default();
        }
        let looked_to = self.start_ms + milliseconds(self.looked_at);
        let enough = |word: &&Word| looked_to.saturating_sub(word.end_ms) < window_ms;
        let confirmed = self.agreement.confirmed();
        let sentence = confirmed
            .iter()
            .rev()
            .filter(enough)
            .find(|word| ends_sentence(&word.text));
        let cut = sentence
            .or_else(|| confirmed.last().filter(enough))
            .map(|word| word.end_ms);
        let (cut, forced) = match cut {
            Some(cut) => (cut, Vec::new()),
            None if milliseconds(self.looked_at) < 2 * window_ms => return Default::default(),
            None => {
                let cut = looked_to - REST_MS;
                (cut, self.agreement.force(cut))
            }
        };
        let gone = self.agreement.trim(cut);
        self.drop_front(samples(cut.saturating_sub(self.start_ms)));
        (forced, gone)
    }

    /// Drops sound that was never looked at, down to so much, and all that was known of it.
    pub(crate) fn skip_to(&mut self, rest_ms: u64) {
        self.agreement = Agreement::default();
        self.looked_at = 0;
        self.recognised = 0;
        self.drop_front(self.sound.len().saturating_sub(samples(rest_ms)));
    }

    fn drop_front(&mut self, count: usize) {
        let count = count.min(self.sound.len());
        self.sound.drain(..count);
        self.lead = self.lead.saturating_sub(count);
        self.looked_at = self.looked_at.saturating_sub(count);
        self.recognised = self.recognised.saturating_sub(count);
        self.start_ms += milliseconds(count);
    }
}

pub(crate) fn samples(ms: u64) -> usize {
    (ms * RATE / 1_000) as usize
}

pub(crate) fn milliseconds(samples: usize) -> u64 {
    samples as u64 * 1_000 / RATE
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '\'', '”', '’', ')'])
        .ends_with(['.', '!', '?', '…', '。', '！', '？'])
}
