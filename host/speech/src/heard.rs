//! What comes out: words, and what is known about the sound around them.

/// A word that was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// With its punctuation and its case, without white space around it.
    pub text: String,
    /// When it begins, on the stream's clock.
    pub start_ms: u64,
    /// When it ends; never before it begins.
    pub end_ms: u64,
    /// How sure the model is of it, 0..=1: the mean of its tokens' probabilities.
    pub probability: f32,
}

/// What a listener tells, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Words that are sure now. They begin no earlier than those before them, and are never taken back.
    Words(Vec<Word>),
    /// Somebody began to speak.
    Voice {
        /// When.
        at_ms: u64,
    },
    /// Nobody speaks any more.
    Quiet {
        /// When the voice ended.
        at_ms: u64,
    },
    /// All sound before this was listened to, and whatever was said in it has been told, but for what a
    /// pause of up to two seconds turns out to hold when the voice goes on.
    Until {
        /// The end of it.
        at_ms: u64,
    },
    /// The language that is spoken, as an ISO 639-1 code; told once it is known, and when it changes.
    Language(String),
    /// How often the model is asked has changed: it falls behind, or has caught up.
    Pace {
        /// How much new sound there is from one inference to the next.
        hop_ms: u64,
        /// How much sound waits to be listened to.
        behind_ms: u64,
    },
    /// Sound that was not listened to, because there was more of it than could be.
    Missed {
        /// Where it begins.
        from_ms: u64,
        /// Where it ends.
        to_ms: u64,
    },
    /// Listening has ended, because something failed that can't be mended here. The last of all.
    Stopped {
        /// What, in words for an operator.
        why: String,
    },
}
