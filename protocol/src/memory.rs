//! What a persona remembers.

use crate::{AuthorId, MessageId, PersonaId, RoomId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

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

/// As it is spelled.
impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let parts = text
            .strip_prefix("room:")
            .and_then(|text| text.split_once("|agent:"));
        let (room, persona) = parts.ok_or(InvalidScope)?;
        Ok(Self {
            room: RoomId::new(room).map_err(|_| InvalidScope)?,
            persona: PersonaId::new(persona).map_err(|_| InvalidScope)?,
        })
    }
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not `room:TENANT/ROOM|agent:PERSONA`")]
pub struct InvalidScope;

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

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is no kind of memory; there are {all}")
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_spelled() {
        let scope = Scope {
            room: RoomId::new("main/lobby").unwrap(),
            persona: PersonaId::new("nova").unwrap(),
        };
        assert_eq!(scope.to_string().parse(), Ok(scope));
        for wrong in [
            "",
            "nova",
            "room:main/lobby",
            "room:lobby|agent:nova",
            "room:main/lobby|agent:Nova",
            "room:main/lobby|agent:nova ",
            " room:main/lobby|agent:nova",
            "room:main/lobby|agent:nova|agent:rex",
        ] {
            assert_eq!(wrong.parse::<Scope>(), Err(InvalidScope), "{wrong:?}");
        }
    }
}
