//! From a stream's sound to words with their times.
//!
//! The only crate that knows whisper. It owns the models while they are in memory ([`Model`], shared by
//! all rooms, which take turns at it), and one [`Listener`] for each room: sound goes in as it comes, and
//! words come out ([`Heard`]), with their times on the stream's clock, once two inferences in a row agree on
//! them or more sound would not change them. It promises that a word that was told is never taken back; that nothing but what a
//! voice says becomes words, as far as the voice activity detector and the model's own doubts can tell;
//! and that a machine that is too slow is asked less often, then hears less, and says so, but never
//! keeps more sound than is bounded. It must not know where the sound comes from or what words are for.

mod agreement;
mod ear;
mod engine;
mod gate;
mod heard;
mod language;
mod listener;
mod model;
mod pace;
mod prompt;
#[cfg(test)]
mod scripted;
mod seats;
mod sense;
#[cfg(feature = "whisper")]
mod tokens;
mod utterance;
#[cfg(feature = "whisper")]
mod whisper;

pub use ear::{Ear, ListenError};
pub use heard::{Heard, Word};
pub use language::{LANGUAGES, language};
pub use listener::{Hearing, Listener, StartError};
pub use model::{LoadError, Model, ModelConfig};

/// How a room is listened to.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenConfig {
    /// The language that is spoken, as an ISO 639-1 code; without one it is found out.
    pub language: Option<String>,
    /// How much new sound there is from one inference to the next, as long as the machine keeps up.
    pub hop_ms: u64,
    /// The longest stretch of sound that is looked at anew each time; above it, what is confirmed is let go.
    pub window_ms: u64,
    /// Whether the model is told what was said before the window. Small models then leave out what is
    /// alike (`tiny` heard three in a hundred words less), so it is off unless it is asked for.
    pub prompted: bool,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            language: None,
            hop_ms: 700,
            window_ms: 8_000,
            prompted: false,
        }
    }
}

/// Samples a second, of all sound here; one channel.
pub const RATE: u64 = 16_000;
