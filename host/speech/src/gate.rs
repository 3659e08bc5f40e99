//! Where a voice begins and ends, from the detector's probabilities.

use crate::{
    RATE,
    engine::{Detect, FRAME, Failed},
};

/// A frame with at least this probability begins a voice, as in Silero's own examples.
const BEGINS: f32 = 0.5;
/// Below this, a voice ends: lower, so that it doesn't flicker.
const ENDS: f32 = 0.35;
/// So many of the last [`LOOKED_AT`] frames begin a voice: 96 of 128 ms, which clicks don't reach.
const ENOUGH: u32 = 3;
const LOOKED_AT: u32 = 4;
/// So many frames without voice end it, 512 ms: pauses within a sentence are shorter.
const PAUSE: u32 = 16;
/// The detector is run on so many frames at a time, 128 ms,
const BLOCK: usize = 4;
/// after so many that it has seen before, for it to get used to the sound.
const BEFORE: usize = 24;

/// Whether a voice is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// It began so many samples ago, counted from the end of the frame.
    Begins { ago: usize },
    /// It ended so many samples ago.
    Ends { ago: usize },
}

/// A frame that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) samples: Vec<f32>,
    pub(crate) edge: Option<Edge>,
}

#[derive(Debug)]
pub(crate) struct Gate {
    detector: Box<dyn Detect>,
    /// What was looked at already, and then what was not.
    sound: Vec<f32>,
    looked_at: usize,
    switch: Switch,
}

impl Gate {
    pub(crate) fn new(detector: Box<dyn Detect>) -> Self {
        Self {
            detector,
            sound: Vec::new(),
            looked_at: 0,
            switch: Switch::default(),
        }
    }

    /// How many milliseconds of sound wait to be looked at, because they fill no block yet.
    pub(crate) fn waiting_ms(&self) -> u64 {
        (self.sound.len() - self.looked_at) as u64 * 1_000 / RATE
    }

    /// For how long nobody has spoken, up to the end of what was looked at.
    pub(crate) fn quiet_ms(&self) -> u64 {
        u64::from(self.switch.since) * FRAME as u64 * 1_000 / RATE
    }

    /// Takes in sound; gives the frames that were looked at.
    pub(crate) fn hear(&mut self, samples: &[f32]) -> Result<Vec<Frame>, Failed> {
        self.sound.extend_from_slice(samples);
        let mut frames = Vec::new();
        while self.sound.len() - self.looked_at >= BLOCK * FRAME {
            self.look(BLOCK, &mut frames)?;
        }
        Ok(frames)
    }

    /// Looks at what is left, which may be less than a block, and forgets everything: what comes next
    /// has nothing to do with it. A voice that is on at the end of it ends; that edge comes beside the frames.
    pub(crate) fn finish(&mut self) -> Result<(Vec<Frame>, Option<Edge>), Failed> {
        let mut frames = Vec::new();
        let left = (self.sound.len() - self.looked_at).div_ceil(FRAME);
        if left > 0 {
            self.sound.resize(self.looked_at + left * FRAME, 0.0);
            self.look(left, &mut frames)?;
        }
        let end = self.switch.open.then(|| Edge::Ends {
            ago: self.switch.since as usize * FRAME,
        });
        self.sound.clear();
        self.looked_at = 0;
        self.switch = Switch::default();
        Ok((frames, end))
    }

    fn look(&mut self, count: usize, frames: &mut Vec<Frame>) -> Result<(), Failed> {
        let end = self.looked_at + count * FRAME;
        let probabilities = self.detector.probabilities(&self.sound[..end])?;
        let new = probabilities.len().saturating_sub(count);
        for (n, probability) in probabilities[new..].iter().enumerate() {
            let begin = self.looked_at + n * FRAME;
            frames.push(Frame {
                samples: self.sound[begin..begin + FRAME].to_vec(),
                edge: self.switch.step(*probability),
            });
        }
        self.looked_at = end;
        let surplus = self.looked_at.saturating_sub(BEFORE * FRAME);
        self.sound.drain(..surplus);
        self.looked_at -= surplus;
        Ok(())
    }
}

/// The decision alone.
#[derive(Clone, Debug, Default)]
struct Switch {
    open: bool,
    /// The latest frames, newest in the lowest bit: whether a voice was in them.
    voiced: u32,
    /// Frames since the last one with a voice.
    since: u32,
}

impl Switch {
    fn step(&mut self, probability: f32) -> Option<Edge> {
        let voiced = probability >= if self.open { ENDS } else { BEGINS };
        self.voiced = self.voiced << 1 | u32::from(voiced);
        self.since = if voiced {
            0
        } else {
            self.since.saturating_add(1)
        };
        if self.open {
            return (self.since >= PAUSE).then(|| {
                self.open = false;
                Edge::Ends {
                    ago: self.since as usize * FRAME,
                }
            });
        }
        let latest = self.voiced & ((1 << LOOKED_AT) - 1);
        (voiced && latest.count_ones() >= ENOUGH).then(|| {
            self.open = true;
            let oldest = u32::BITS - latest.leading_zeros();
            Edge::Begins {
                ago: oldest as usize * FRAME,
            }
        })
    }
}
