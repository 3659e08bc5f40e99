//! A cue as it stands in the file, once it is text.

/// What a subtitle file shows from one moment to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cue {
    /// Milliseconds since the start of the file.
    pub(crate) start_ms: u64,
    /// Milliseconds since the start of the file; not before `start_ms`.
    pub(crate) end_ms: u64,
    /// One line of plain text, never empty.
    pub(crate) text: String,
}
