//! What is heard of a stream, as it is told.

/// A word that was said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
    pub(crate) probability: f32,
}

/// What a listener tells, in the order of time.
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code, reason = "told by a listener, which is not wired yet")]
pub(crate) enum Heard {
    Words(Vec<Word>),
    Voice { at_ms: u64 },
    Quiet { at_ms: u64 },
    Until { at_ms: u64 },
    Language(String),
    Pace { hop_ms: u64, behind_ms: u64 },
    Missed { from_ms: u64, to_ms: u64 },
    Stopped { why: String },
}
