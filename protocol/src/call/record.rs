//! The record of a call.

use super::{CallInput, CallLimits, Outcome, Turn};
use crate::{MessageId, V1, llm, memory, persona::ModuleRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

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

/// In words that its author can act on.
impl fmt::Display for CallEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned { .. } => f.write_str("it returned"),
            Self::Busy => f.write_str("no place in the pool of instances became free"),
            Self::Unavailable { detail } => f.write_str(detail),
            Self::Declined { detail } => write!(f, "the persona answered with an error: {detail}"),
            Self::Invalid { detail } => write!(f, "its answer breaks the contract: {detail}"),
            Self::Trapped { detail } => write!(f, "it trapped: {detail}"),
            Self::OutOfCpu { cpu_ms } => write!(f, "it used more than {cpu_ms} ms of CPU time"),
            Self::OutOfMemory { memory_bytes } => {
                write!(f, "it asked for more than {memory_bytes} bytes of memory")
            }
            Self::TimedOut { wall_ms } => write!(f, "it took longer than {wall_ms} ms"),
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
        /// What was asked, with as many tokens as there were left. Without its texts if the model was not
        /// asked.
        request: llm::Request,
        /// Whether the model was asked: a refusal without asking it costs nothing.
        #[serde(default = "yes")]
        asked: bool,
        /// What tells the persona's own question from others: half of a SHA-256, in hexadecimal digits.
        #[serde(default)]
        question: String,
        /// What came back.
        answer: Result<llm::Completion, llm::Error>,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// `llm.remaining`
    Remaining {
        /// What is left.
        answer: llm::Budget,
        /// How often in a row it was asked, and answered so.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        #[schemars(range(min = 1))]
        count: u32,
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
        /// What it asked to be remembered. If that was refused, as much of it as there is a place for: the
        /// beginning of its text (`…` stands for what is left out, or for nothing), and ids that are ids.
        request: memory::NewEntry,
        /// Whether it was taken.
        answer: Result<(), memory::Error>,
    },
}

/// Records that don't say it are of questions that were put to the model.
fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_once(count: &u32) -> bool {
    *count == 1
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
