//! What a persona remembers.

use crate::{AuthorId, MessageId, PersonaId, RoomId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which memory is meant: one persona's, in one room. Bound by the host; a persona never names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The room.
    pub room: RoomId,
    /// The persona.
    pub persona: PersonaId,
}

/// As Mem0 and the embedded memory spell it: `room:{room_id}|agent:{agent_name}`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "room:{}|agent:{}", self.room, self.persona)
    }
}

/// What a memory is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "MemoryKind")]
pub enum Kind {
    /// How one stands to somebody.
    Relationship,
    /// A joke that keeps coming back.
    RunningJoke,
    /// What somebody likes or wants.
    Preference,
    /// A note to oneself.
    PersonaNote,
    /// How one has changed.
    Drift,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Relationship,
        Self::RunningJoke,
        Self::Preference,
        Self::PersonaNote,
        Self::Drift,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relationship => "relationship",
            Self::RunningJoke => "running-joke",
            Self::Preference => "preference",
            Self::PersonaNote => "persona-note",
            Self::Drift => "drift",
        }
    }
}

/// Something to be remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "NewMemory")]
pub struct NewEntry {
    /// What it is of.
    pub kind: Kind,
    /// In words.
    #[schemars(length(min = 1, max = 1000))]
    pub text: String,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<AuthorId>,
    /// How sure, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// The message it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<MessageId>,
}

/// Something remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Memory")]
pub struct Entry {
    /// Its id in the memory that holds it.
    pub id: String,
    /// What was stored.
    #[serde(flatten)]
    pub entry: NewEntry,
    /// When.
    pub at: Timestamp,
    /// How well it fits the query, 0 to 1; 1 is the best of this answer.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub score: f64,
}

/// A search in a persona's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MemoryQuery")]
pub struct Query {
    /// Words to look for. Without any, the latest entries are found.
    pub text: String,
    /// Only these kinds; all if empty.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// At most so many.
    pub limit: u32,
}

/// Why a memory did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MemoryError")]
pub enum Error {
    /// The call has used up its searches or writes.
    #[error("no memory budget is left")]
    OverBudget,
    /// The entry breaks a rule.
    #[error("the memory refused the entry: {0}")]
    Refused(String),
    /// The memory can't be reached.
    #[error("the memory is unavailable: {0}")]
    Unavailable(String),
}
