//! What a listener needs of models. Whisper and Silero are behind it; tests put scripts there.

use std::{
    fmt::Debug,
    sync::{Arc, atomic::AtomicBool},
};

/// What is asked of a speech model.
#[cfg_attr(
    not(feature = "whisper"),
    allow(dead_code, reason = "only a model reads it")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// The window, of [`RATE`](crate::RATE), and not longer than [`LONGEST_MS`].
    pub(crate) sound: &'a [f32],
    /// The language that is spoken.
    pub(crate) language: &'a str,
    /// What was said before the window; may be empty.
    pub(crate) prompt: &'a str,
    /// Breaks it off when it is set; it fails then.
    pub(crate) stop: &'a Arc<AtomicBool>,
}

/// The longest window that a speech model takes in one go; whisper's is 30 s.
pub(crate) const LONGEST_MS: u64 = 28_000;

/// A word as the model has it, with times in milliseconds from the window's start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guess {
    pub(crate) text: String,
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
    pub(crate) probability: f32,
}

/// What the model takes a window for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hypothesis {
    pub(crate) words: Vec<Guess>,
    /// How likely the model finds it that nobody speaks.
    pub(crate) no_speech: f32,
    /// The mean of the natural logarithms of all tokens' probabilities.
    pub(crate) log_probability: f32,
}

/// The model could not be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(pub(crate) String);

/// A speech model, with the memory that one inference needs. It remembers nothing between two.
pub(crate) trait Recognise: Send + Debug {
    /// Takes down what is said.
    fn recognise(&mut self, ask: &Ask<'_>) -> Result<Hypothesis, Failed>;

    /// Which language is spoken, with its probability. The window has the bounds of [`Ask::sound`].
    fn language(&mut self, sound: &[f32], stop: &Arc<AtomicBool>) -> Result<(String, f32), Failed>;
}

/// Samples in a frame of the voice activity detector: 32 ms.
pub(crate) const FRAME: usize = 512;

/// A voice activity detector.
pub(crate) trait Detect: Send + Debug {
    /// For each [`FRAME`] how likely somebody speaks in it. Each call begins as if nothing had been
    /// before, so the first few frames are there to get used to the sound.
    fn probabilities(&mut self, sound: &[f32]) -> Result<Vec<f32>, Failed>;
}
