//! The contract's types under good names, and what authors ask of them most.

pub use crate::bindings::{
    chatter::persona::types::{
        Author, AuthorKind, Calls, ChatMessage, ChatQuestion, Count, Fate, Impulse, ImpulsePart,
        Keyword, Limits, Line, LineFate, Profile, Relationship, Room, Segment, State,
        StreamContext, StreamEvent, TraitValue, Trends, Turn,
    },
    exports::chatter::persona::guest::{Digest, RelationshipDelta},
};
use crate::{Rng, words};

impl Turn {
    /// Randomness for this call: the same turn gives the same numbers.
    #[must_use]
    pub const fn rng(&self) -> Rng {
        Rng::new(self.seed)
    }

    /// The latest message of this id, if it is still among the recent ones.
    #[must_use]
    pub fn message(&self, id: &str) -> Option<&ChatMessage> {
        self.recent.iter().rev().find(|message| message.id == id)
    }

    /// Whether the persona wrote this itself.
    #[must_use]
    pub fn is_mine(&self, message: &ChatMessage) -> bool {
        self.profile.is(&message.author.id)
    }

    /// Whether the message speaks to the persona: by the room's own mark, or by its name as a word
    /// of its own.
    #[must_use]
    pub fn is_named_in(&self, message: &ChatMessage) -> bool {
        message.mentions.iter().any(|id| self.profile.is(id))
            || words::has_phrase(&message.text, &self.profile.name)
    }
}

impl Profile {
    /// Whether this author id is the persona's own.
    #[must_use]
    pub fn is(&self, author_id: &str) -> bool {
        author_id.strip_prefix("persona:") == Some(&self.id)
    }

    /// A trait with its drift, 0 to 1; `default` if it is not configured.
    #[must_use]
    pub fn value(&self, name: &str, default: f64) -> f64 {
        let find = |values: &[TraitValue]| {
            values
                .iter()
                .find(|value| value.name == name)
                .map(|value| value.value)
        };
        let drift = find(&self.drift).unwrap_or(0.0);
        (find(&self.traits).unwrap_or(default) + drift).clamp(0.0, 1.0)
    }

    /// How it stands to this author, if it knows them.
    #[must_use]
    pub fn relationship(&self, author_id: &str) -> Option<&Relationship> {
        self.relationships
            .iter()
            .find(|relationship| relationship.author_id == author_id)
    }
}

impl ChatMessage {
    /// Whether a person wrote it.
    #[must_use]
    pub const fn is_human(&self) -> bool {
        self.author.kind.is_human()
    }
}

impl AuthorKind {
    /// Whether it is a person.
    #[must_use]
    pub const fn is_human(self) -> bool {
        matches!(self, Self::Viewer | Self::Moderator)
    }
}
