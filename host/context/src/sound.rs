//! What happens, as far as sound tells without words.
//!
//! Of each 100 ms of sound (16 kHz) the level is measured, as RMS in decibels of full scale.
//!
//! | kind | known by | confidence |
//! | --- | --- | --- |
//! | `shouting` | somebody speaks, and the median level of 0.8 s is 9 dB above that of the last minute of speech, of which there were 10 s at least | 0.6, and 0.03 for each further dB, to 0.9 |
//!
//! A shout is over, and may come again, once speech is near its usual level.
//!
//! Measured on seven minutes of espeak-ng, alone and with music under it, and on three pieces of music
//! (the sounds of Debian's frozen-bubble-data, 11 minutes): none in speech; twice in the music if all of it
//! is taken for speech, which the voice activity prevents.
//!
//! Applause and cheering are not looked for in sound: level, spectral flatness and centroid were
//! tried, and what finds a recording of applause (flatness above 0.15 and centroid above 1.1 kHz for 1 s)
//! finds drums and hi-hats, too, three times in these 11 minutes. Words tell of them: `[applause]`.

use crate::event::{Event, round};
use std::collections::VecDeque;

/// Samples a second.
const RATE: usize = 16_000;
/// Samples of a piece of 100 ms.
const PIECE: usize = RATE / 10;
/// Pieces of a minute.
const MINUTE: usize = 600;
/// Nothing is quieter, in decibels of full scale: 16-bit silence.
const FLOOR_DB: f32 = -90.0;
/// Sound that does not follow within so many milliseconds begins anew.
const SLACK_MS: u64 = 50;
/// What is quieter is silence.
const SILENCE_DB: f32 = -55.0;

/// A shout is by so much louder than what was said in the last minute.
const SHOUT_DB: f32 = 9.0;
/// It is over when speech is less than so much louder.
const CALM_DB: f32 = 4.0;
/// It lasts so many pieces.
const SHOUT_PIECES: usize = 8;
/// So much speech must be known, in pieces.
const MIN_SPEECH: usize = 100;

/// So many pieces wait for somebody to say whether there was a voice in them.
const MAX_WAITING: usize = 100;

/// 100 ms of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measure {
    /// When they end.
    end_ms: u64,
    /// In decibels of full scale.
    level_db: f32,
}

/// Hears what happens in sound. What it is given must follow in time.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    /// Less than a piece, and when it begins.
    rest: Vec<f32>,
    rest_ms: u64,
    shout: Shout,
}

impl Ear {
    /// Takes in the next sound; when something was heard in it last that is no silence.
    pub(crate) fn hear(&mut self, at_ms: u64, mut samples: &[f32]) -> Option<u64> {
        if self.rest.is_empty() || at_ms > self.rest_ms + ms(self.rest.len()) + SLACK_MS {
            self.rest.clear();
            self.rest_ms = at_ms;
        }
        let mut heard_ms = None;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(PIECE - self.rest.len()));
            self.rest.extend_from_slice(now);
            samples = later;
            if self.rest.len() < PIECE {
                break;
            }
            let measure = self.measure();
            self.rest.clear();
            self.rest_ms = measure.end_ms;
            if measure.level_db > SILENCE_DB {
                heard_ms = Some(measure.end_ms);
            }
            self.shout.hear(measure);
        }
        heard_ms
    }

    /// Up to then somebody spoke, or nobody.
    pub(crate) fn listened(&mut self, until_ms: u64, is_speech: bool) -> Option<Event> {
        self.shout.listened(until_ms, is_speech)
    }

    fn measure(&self) -> Measure {
        let finite = |x: &f32| {
            if x.is_finite() {
                x.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        };
        let power = self.rest.iter().map(finite).map(|x| x * x).sum::<f32>() / PIECE as f32;
        Measure {
            end_ms: self.rest_ms + ms(PIECE),
            level_db: (10.0 * power.max(f32::MIN_POSITIVE).log10()).max(FLOOR_DB),
        }
    }
}

const fn ms(samples: usize) -> u64 {
    (samples * 1000 / RATE) as u64
}

/// The levels of a minute.
#[derive(Debug, Default)]
struct Usual {
    levels: VecDeque<f32>,
}

impl Usual {
    fn push(&mut self, level_db: f32) {
        if self.levels.len() == MINUTE {
            self.levels.pop_front();
        }
        self.levels.push_back(level_db);
    }

    /// The median, if enough is known.
    fn level(&self, least: usize) -> Option<f32> {
        if self.levels.len() < least {
            return None;
        }
        Some(median(&self.levels))
    }
}

fn median(levels: &VecDeque<f32>) -> f32 {
    let mut sorted: Vec<f32> = levels.iter().copied().collect();
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[derive(Debug, Default)]
struct Shout {
    usual: Usual,
    /// Sound of which it is not known whether it is speech.
    waiting: VecDeque<Measure>,
    /// The latest pieces of speech, in a row.
    latest: VecDeque<f32>,
    is_on: bool,
}

impl Shout {
    fn hear(&mut self, measure: Measure) {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(measure);
    }

    fn listened(&mut self, until_ms: u64, is_speech: bool) -> Option<Event> {
        let mut event = None;
        while let Some(measure) = self.waiting.pop_front_if(|it| it.end_ms <= until_ms) {
            if is_speech {
                event = event.or(self.speech(measure));
            } else {
                self.latest.clear();
            }
        }
        event
    }

    fn speech(&mut self, measure: Measure) -> Option<Event> {
        let usual = self.usual.level(MIN_SPEECH);
        self.usual.push(measure.level_db);
        if self.latest.len() == SHOUT_PIECES {
            self.latest.pop_front();
        }
        self.latest.push_back(measure.level_db);
        if self.latest.len() < SHOUT_PIECES {
            return None;
        }
        let above = median(&self.latest) - usual?;
        let was_on = self.is_on;
        self.is_on = if was_on {
            above >= CALM_DB
        } else {
            above >= SHOUT_DB
        };
        (self.is_on && !was_on).then(|| {
            let confidence = (0.6 + 0.03 * (above - SHOUT_DB)).min(0.9);
            let at_ms = measure.end_ms.saturating_sub((SHOUT_PIECES * 100) as u64);
            let text = format!("somebody speaks up, by {above:.0} dB");
            let mut event = Event::new("shouting", &text, at_ms, round(f64::from(confidence)));
            event.due_ms = measure.end_ms;
            event
        })
    }
}

#[cfg(test)]
mod tests;
