//! One call of a persona: what it is given, what it gives back, and the record of it.
//!
//! These are the host's own call types: whichever version of the contract a component was built
//! for, the runtime translates from and to these. Together, a [`CallRecord`] and the component's
//! bytes (kept under their digest) are all that a replay needs.

use crate::{
    AuthorId, CallId, ChatMessage, ChatTrends, MessageId, PersonaId, RoomId, StreamContext,
    Timestamp, V1, llm, memory,
    persona::ModuleRef,
    schema::{Share, Shift},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

// === What a persona is given ===

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
    /// What the host will accept.
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

/// What the host accepts from one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TurnLimits {
    /// Lines.
    pub max_lines: u32,
    /// Characters in a line.
    pub max_line_chars: u32,
    /// Bytes of state.
    pub max_state_bytes: u32,
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

// === What it gives back ===

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

// === The record ===

/// All that happened in one call; travels on `persona.calls`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallRecord {
    /// Version of this format.
    pub v: V1,
    /// The component it ran on.
    pub module: Arc<ModuleRef>,
    /// What it was given.
    pub turn: Arc<Turn>,
    /// What it was called with.
    pub input: CallInput,
    /// The bounds it ran under.
    pub limits: CallLimits,
    /// Each question that it put to the host, in order, with the answer.
    pub imports: Vec<ImportRecord>,
    /// What it logged.
    #[serde(default)]
    pub log: Vec<LogLine>,
    /// How it ended.
    pub end: CallEnd,
    /// The messages that its lines became.
    #[serde(default)]
    pub submitted: Vec<MessageId>,
    /// When and how long.
    pub times: CallTimes,
}

/// How a call ended. Only after [`CallEnd::Returned`] anything of it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum CallEnd {
    /// Well.
    Returned {
        /// What it came to.
        outcome: Outcome,
    },
    /// The persona answered with an error of its own.
    Declined {
        /// Its words.
        detail: String,
    },
    /// What it returned broke a rule of the contract.
    Invalid {
        /// Which, and where.
        detail: String,
    },
    /// It trapped.
    Trapped {
        /// The trap and, where known, the functions it was in.
        detail: String,
    },
    /// It used more CPU time than it may.
    OutOfCpu {
        /// The bound, in milliseconds.
        cpu_ms: u32,
    },
    /// It asked for more memory than it may, and trapped on the refusal.
    OutOfMemory {
        /// The bound, in bytes.
        memory_bytes: u64,
    },
    /// It took longer than it may, waiting included.
    TimedOut {
        /// The bound, in milliseconds.
        wall_ms: u32,
    },
    /// It never started: the pool stayed full until the deadline.
    Busy,
    /// It never started: there is no such module, or it was refused.
    Unavailable {
        /// Why, in words an author can act on.
        detail: String,
    },
}

/// The bounds of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CallLimits {
    /// CPU time, in milliseconds, in steps of the epoch's tick.
    #[schemars(range(min = 1, max = 60_000))]
    pub cpu_ms: u32,
    /// Time from start to end, in milliseconds, waiting for the LLM included.
    #[schemars(range(min = 1, max = 600_000))]
    pub wall_ms: u32,
    /// Linear memory, in bytes.
    #[schemars(range(min = 65_536, max = 268_435_456))]
    pub memory_bytes: u64,
    /// Elements of each table.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub table_elements: u32,
    /// Lines in an outcome.
    #[schemars(range(max = 16))]
    pub lines: u32,
    /// Characters in a line.
    #[schemars(range(min = 1, max = 500))]
    pub line_chars: u32,
    /// Bytes of state.
    #[schemars(range(max = 1_048_576))]
    pub state_bytes: u32,
    /// LLM calls.
    #[schemars(range(max = 64))]
    pub llm_calls: u32,
    /// LLM tokens that may be asked for, over all calls.
    #[schemars(range(max = 100_000))]
    pub llm_tokens: u32,
    /// Memory searches.
    #[schemars(range(max = 256))]
    pub memory_searches: u32,
    /// Memory writes.
    #[schemars(range(max = 64))]
    pub memory_writes: u32,
    /// Bytes of log; what is beyond is cut off.
    #[schemars(range(max = 1_048_576))]
    pub log_bytes: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            cpu_ms: 100,
            wall_ms: 10_000,
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            lines: 3,
            line_chars: 300,
            state_bytes: 64 << 10,
            llm_calls: 4,
            llm_tokens: 1_000,
            memory_searches: 8,
            memory_writes: 8,
            log_bytes: 16 << 10,
        }
    }
}

/// When a call was, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallTimes {
    /// Microseconds it waited for a place in the pool.
    pub queued_us: u64,
    /// Microseconds from its start to its end.
    pub ran_us: u64,
    /// Ticks of the epoch in which the guest ran.
    pub cpu_ticks: u32,
}

/// One question to the host, with the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "import", rename_all = "snake_case")]
pub enum ImportRecord {
    /// `llm.complete`
    Complete {
        /// What was asked.
        request: llm::Request,
        /// What came back.
        answer: Result<llm::Completion, llm::Error>,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// `llm.remaining`
    Remaining {
        /// What is left.
        answer: llm::Budget,
    },
    /// `memory.search`
    Search {
        /// What was asked.
        request: memory::Query,
        /// What came back.
        answer: Result<Vec<memory::Entry>, memory::Error>,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// `memory.remember`
    Remember {
        /// What it asked to be remembered.
        request: memory::NewEntry,
        /// Whether it was taken.
        answer: Result<(), memory::Error>,
    },
}

/// A line of a persona's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// How grave.
    pub level: LogLevel,
    /// Its text.
    pub text: String,
}

/// How grave a line of a persona's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
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
