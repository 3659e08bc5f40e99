//! What a component may return, made without one: for tests of what is accepted of it.

use crate::{
    contract::{guest, memory as wit_memory, types as wit},
    host, lift,
};
use chatter_protocol::{
    call::{CallLimits, Outcome},
    memory,
};

/// An entry for the memory, as a component hands it over.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// In words.
    pub text: String,
    /// An author's id.
    pub about: Option<String>,
    /// 0 to 1.
    pub confidence: f64,
    /// A message's id.
    pub source: Option<String>,
}

/// What `on-context` and `on-firehose` return.
#[derive(Clone, Debug, Default)]
pub struct Returned {
    /// The new state.
    pub state: Option<Vec<u8>>,
    /// Each with the id of the message that it answers.
    pub lines: Vec<(String, Option<String>)>,
    /// The reason for silence; none if it says that it spoke.
    pub silent: Option<String>,
    /// JSON text.
    pub extensions: Option<String>,
    /// What it asked to be remembered.
    pub memories: Vec<Entry>,
}

/// What `reflect` returns.
#[derive(Clone, Debug, Default)]
pub struct Reflected {
    /// The new state.
    pub state: Option<Vec<u8>>,
    /// Names and deltas.
    pub traits: Vec<(String, f64)>,
    /// Authors' ids and deltas.
    pub relationships: Vec<(String, f64)>,
    /// What is worth remembering.
    pub memories: Vec<Entry>,
}

impl From<Entry> for wit_memory::NewEntry {
    fn from(entry: Entry) -> Self {
        Self {
            kind: wit_memory::Kind::PersonaNote,
            text: entry.text,
            about: entry.about,
            confidence: entry.confidence,
            source: entry.source,
        }
    }
}

/// What is accepted of it, or why nothing is. Memories that are refused are left out, as they are
/// when the component asks for them.
///
/// # Errors
///
/// Names the place.
pub fn outcome(returned: Returned, limits: &CallLimits) -> Result<Outcome, String> {
    let memories: Vec<memory::NewEntry> = returned
        .memories
        .into_iter()
        .filter_map(|entry| host::checked_entry(entry.into()).ok())
        .take(limits.memory_writes as usize)
        .collect();
    let outcome = wit::Outcome {
        state: returned.state,
        lines: returned
            .lines
            .into_iter()
            .map(|(text, reply_to)| wit::Line { text, reply_to })
            .collect(),
        decision: match returned.silent {
            Some(reason) => wit::Decision::Silent(reason),
            None => wit::Decision::Spoke,
        },
        extensions: returned.extensions,
    };
    lift::outcome(outcome, memories, limits, 1)
}

/// What is accepted of a reflection, or why nothing is.
///
/// # Errors
///
/// Names the place.
pub fn reflection(reflected: Reflected, limits: &CallLimits) -> Result<Outcome, String> {
    let reflection = guest::Reflection {
        state: reflected.state,
        traits: reflected
            .traits
            .into_iter()
            .map(|(name, value)| guest::TraitValue { name, value })
            .collect(),
        relationships: reflected
            .relationships
            .into_iter()
            .map(|(author_id, delta)| guest::RelationshipDelta { author_id, delta })
            .collect(),
        memories: reflected.memories.into_iter().map(Into::into).collect(),
    };
    lift::reflection(reflection, Vec::new(), limits, 1)
}
