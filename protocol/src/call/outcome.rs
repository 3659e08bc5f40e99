//! What a persona gives back.

use super::State;
use crate::{MessageId, memory, schema::Shift};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a call came to, after the host has checked it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The new state; without one the old state stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What it says.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// Why it said nothing; absent if it spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_because: Option<String>,
    /// What it asked to be remembered; written when the call is committed.
    #[serde(default)]
    pub memories: Vec<memory::NewEntry>,
    /// Only from `reflect`: by how much each trait should move, -1 to 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Shift>")]
    pub trait_deltas: BTreeMap<String, f64>,
    /// Only from `reflect`: by how much each warmth should move, -1 to 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Shift>")]
    pub relationship_deltas: BTreeMap<String, f64>,
    /// Room to grow: JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<String>,
}

/// A line that a persona submits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// One line of text.
    pub text: String,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}
