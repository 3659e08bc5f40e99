//! What a persona is given.

use super::CallLimits;
use crate::{
    AuthorId, CallId, ChatMessage, ChatTrends, MessageId, PersonaId, RoomId, StreamContext,
    Timestamp, memory,
    schema::{Share, Shift},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// Everything that a persona knows when it is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Turn {
    /// This call.
    pub call_id: CallId,
    /// Where it sits.
    pub room: RoomInfo,
    /// Who it is.
    pub profile: Arc<Profile>,
    /// The guest's clock.
    pub now: Timestamp,
    /// What the guest's randomness comes from.
    pub seed: u64,
    /// The latest messages, oldest first.
    pub recent: Vec<Arc<ChatMessage>>,
    /// What the chat as a whole does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trends: Option<Arc<ChatTrends>>,
    /// Whether the host wants it to speak, and why.
    pub impulse: Impulse,
    /// What became of its latest lines.
    #[serde(default)]
    pub fates: Vec<LineFate>,
    /// What it stored last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What this call has.
    pub limits: TurnLimits,
    /// Room to grow: JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<String>,
}

/// The room as its personas see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomInfo {
    /// Its id.
    pub id: RoomId,
    /// Its title.
    pub title: Arc<str>,
}

/// Who a persona is in one room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// Its slug.
    pub id: PersonaId,
    /// Its display name.
    pub name: String,
    /// Who it is.
    #[serde(default)]
    pub bio: String,
    /// How it writes.
    #[serde(default)]
    pub style: String,
    /// Its traits as configured, 0 to 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Share>")]
    pub traits: BTreeMap<String, f64>,
    /// How far each trait has moved since, -1 to 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Shift>")]
    pub drift: BTreeMap<String, f64>,
    /// Whom it knows.
    #[serde(default)]
    pub relationships: Vec<Relationship>,
}

impl Profile {
    /// Its traits as they are now: as configured, moved by their drift, 0 to 1. One that drifted and
    /// is not configured comes from 0.5, where the host takes it to be.
    #[must_use]
    pub fn traits_now(&self) -> BTreeMap<String, f64> {
        let finite = |traits: &BTreeMap<String, f64>, name: &str| {
            traits.get(name).copied().filter(|value| value.is_finite())
        };
        self.traits
            .keys()
            .chain(self.drift.keys())
            .map(|name| {
                let base = finite(&self.traits, name).unwrap_or(0.5);
                let drift = finite(&self.drift, name).unwrap_or(0.0);
                (name.clone(), (base + drift).clamp(0.0, 1.0))
            })
            .collect()
    }
}

/// How a persona stands to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Relationship {
    /// To whom.
    pub author_id: AuthorId,
    /// Their display name when last seen.
    pub name: String,
    /// From -1 (can't stand them) to 1 (dear friend).
    #[schemars(range(min = -1.0, max = 1.0))]
    pub warmth: f64,
    /// In the persona's own words.
    #[serde(default)]
    pub note: String,
}

/// The host's decision whether a persona should speak now. `docs/protocols.md` has the formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Impulse {
    /// The probability that came out, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p: f64,
    /// What it was made of, in the order of the formula.
    pub parts: Vec<ImpulsePart>,
    /// The random number that it was compared with; `speak` if it is below `p`.
    pub roll: f64,
    /// Whether to speak.
    pub speak: bool,
    /// The message that asks for an answer, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<MessageId>,
}

/// One factor or summand of an [`Impulse`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImpulsePart {
    /// Its name in the formula.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: f64,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineFate {
    /// The line, as a message.
    pub message_id: MessageId,
    /// Its text as submitted.
    pub text: String,
    /// What became of it.
    pub fate: Fate,
}

/// See [`LineFate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Not yet known.
    Pending,
    /// It is in the room.
    Accepted,
    /// Moderation dropped it, by this rule.
    Dropped(String),
}

/// A persona's own state, opaque to the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// The state version of the component that wrote it.
    pub version: u32,
    /// Its bytes, in base64 on the wire.
    #[serde(with = "base64_bytes")]
    #[schemars(with = "String", extend("contentEncoding" = "base64"))]
    pub bytes: Arc<[u8]>,
}

/// What one call has, as its persona sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TurnLimits {
    /// Lines.
    pub max_lines: u32,
    /// Characters in a line.
    pub max_line_chars: u32,
    /// Bytes of state.
    pub max_state_bytes: u32,
    /// LLM calls. This and what follows is told since version 0.2 of the contract.
    #[serde(default)]
    pub llm_calls: u32,
    /// LLM tokens, over all calls.
    #[serde(default)]
    pub llm_tokens: u32,
    /// Memory searches.
    #[serde(default)]
    pub memory_searches: u32,
    /// Memory writes.
    #[serde(default)]
    pub memory_writes: u32,
    /// CPU time, in milliseconds.
    #[serde(default)]
    pub cpu_ms: u32,
}

impl From<&CallLimits> for TurnLimits {
    fn from(limits: &CallLimits) -> Self {
        Self {
            max_lines: limits.lines,
            max_line_chars: limits.line_chars,
            max_state_bytes: limits.state_bytes,
            llm_calls: limits.llm_calls,
            llm_tokens: limits.llm_tokens,
            memory_searches: limits.memory_searches,
            memory_writes: limits.memory_writes,
            cpu_ms: limits.cpu_ms,
        }
    }
}

/// What a persona is called with, beside the [`Turn`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallInput {
    /// `on-context`
    Context(Arc<StreamContext>),
    /// `on-firehose`
    Firehose(Vec<Arc<ChatMessage>>),
    /// `reflect`
    Reflect(Digest),
}

/// What happened since the last reflection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Digest {
    /// When the last reflection was.
    pub since: Timestamp,
    /// How many lines the persona said since.
    pub lines_said: u32,
    /// Messages worth thinking about: those that named it, and those it answered.
    pub highlights: Vec<Arc<ChatMessage>>,
    /// What it remembered since.
    pub memories: Vec<memory::Entry>,
}

mod base64_bytes {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::{borrow::Cow, sync::Arc};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[u8]>, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        BASE64_STANDARD
            .decode(text.as_bytes())
            .map(Into::into)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traits_move_with_their_drift_and_stay_in_range() {
        let traits = |pairs: &[(&str, f64)]| -> BTreeMap<String, f64> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect()
        };
        let profile = Profile {
            id: PersonaId::new("nova").unwrap(),
            name: "Nova".into(),
            bio: String::new(),
            style: String::new(),
            traits: traits(&[
                ("calm", 0.5),
                ("high", 0.9),
                ("humour", 0.25),
                ("low", 0.1),
                ("nan", f64::NAN),
            ]),
            drift: traits(&[
                ("calm", f64::INFINITY),
                ("high", 0.25),
                ("humour", 0.25),
                ("low", -0.25),
                ("new", 0.25),
            ]),
            relationships: Vec::new(),
        };
        let wanted = traits(&[
            ("calm", 0.5),
            ("high", 1.0),
            ("humour", 0.5),
            ("low", 0.0),
            ("nan", 0.5),
            ("new", 0.75),
        ]);
        assert_eq!(profile.traits_now(), wanted);
    }
}
