//! What the persona remembers.

pub use crate::bindings::chatter::persona::memory::{Entry, Error, Kind, NewEntry};

/// The longest text of an entry, in characters.
pub const MAX_ENTRY_CHARS: usize = 1000;

impl NewEntry {
    /// Something to be remembered, of which one is quite sure (0.8).
    #[must_use]
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            about: None,
            confidence: 0.8,
            source: None,
        }
    }

    /// The id of the author it is about.
    #[must_use]
    pub fn about(mut self, author_id: impl Into<String>) -> Self {
        self.about = Some(author_id.into());
        self
    }

    /// The id of the message it came from.
    #[must_use]
    pub fn source(mut self, message_id: impl Into<String>) -> Self {
        self.source = Some(message_id.into());
        self
    }

    /// How sure, 0 to 1.
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }
}
