//! The models in memory.

use crate::{
    engine::{Detect, Failed, Recognise},
    seats::Seats,
};
use std::{fmt, path::PathBuf, sync::Arc};

/// Where the models are, and how much of the machine they may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// Whisper in whisper.cpp's format (ggml).
    pub whisper: PathBuf,
    /// Silero's voice activity detector in the same format.
    pub voice: PathBuf,
    /// Threads of one inference, 1 at least.
    pub threads: usize,
    /// Inferences at a time, 1 at least; other rooms wait for their turn. Each needs memory of its own.
    pub at_once: usize,
}

/// Why a model can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// This program was built without whisper.
    #[error(
        "this chatter was built without speech recognition: build it with its cargo feature `whisper`, which is on by default"
    )]
    LeftOut,
    /// The processor lacks instructions that whisper was compiled to.
    #[error(
        "this processor has no {0}, which speech recognition was built to use; on such a machine build chatter itself, with GGML_NATIVE=ON in the environment"
    )]
    Processor(&'static str),
    /// The file can't be read.
    #[error("the model {} can't be read: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The file is something else.
    #[error(
        "{} is no {what} in whisper.cpp's format: get it anew with `chatter models pull`",
        path.display()
    )]
    NoModel {
        /// Which.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
    },
    /// The system has not enough memory for it.
    #[error("there is not enough memory for {0}")]
    Memory(&'static str),
}

/// The models, shared by all rooms that listen.
#[derive(Clone, Debug)]
pub struct Model(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    /// One for each inference that may run.
    pub(crate) seats: Seats<Box<dyn Recognise>>,
    /// Makes a room's own detector.
    pub(crate) detector: Box<dyn Fn() -> Result<Box<dyn Detect>, Failed> + Send + Sync>,
    /// The language of a model that knows but one.
    pub(crate) only_language: Option<&'static str>,
    /// Whether a code is a language that the model knows.
    pub(crate) knows: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("seats", &self.seats)
            .field("only_language", &self.only_language)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Reads the models into memory, which takes from a part of a second to several. Must be called where
    /// blocking is allowed.
    ///
    /// # Errors
    ///
    /// If they can't be used on this machine; the error says why and what helps.
    pub fn load(config: &ModelConfig) -> Result<Self, LoadError> {
        #[cfg(feature = "whisper")]
        return crate::whisper::load(config);
        #[cfg(not(feature = "whisper"))]
        {
            let _ = config;
            Err(LoadError::LeftOut)
        }
    }

    /// The language of a model that knows only one (such as `base.en`).
    #[must_use]
    pub fn only_language(&self) -> Option<&'static str> {
        self.0.only_language
    }

    /// Whether the model knows the language with this ISO 639-1 code.
    #[must_use]
    pub fn knows(&self, language: &str) -> bool {
        match self.0.only_language {
            Some(only) => only == language,
            None => (self.0.knows)(language),
        }
    }
}
