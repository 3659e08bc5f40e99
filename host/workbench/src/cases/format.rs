//! The format of cases and timelines, as it is written.

mod check;

use chatter_protocol::{
    Timestamp, llm,
    memory::{self, Kind},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use std::{collections::BTreeMap, fmt, path::PathBuf};
use toml::Spanned;

/// The label of the persona's own latest line.
pub const OWN_LINE: &str = "own";

/// A file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What it is called in reports; the file's name if absent.
    pub name: Option<String>,
    /// The character, relative to this file; `../persona.toml` if absent.
    pub persona: Option<Spanned<PathBuf>>,
    /// Fields of the character that are otherwise here.
    pub with: Option<Spanned<toml::Table>>,
    /// What the persona's randomness comes from.
    #[serde(default)]
    pub seed: u64,
    /// When second 0 is.
    pub start: Option<Spanned<Timestamp>>,
    /// What it remembers when the case begins.
    #[serde(default)]
    pub memory: Vec<Remembered>,
    /// What searches of its memory come to, in place of what it remembers.
    #[serde(default)]
    pub search: Vec<Search>,
    /// The room's tuning, by which the impulse of a step with a `roll` is worked out.
    pub tuning: Option<Spanned<toml::Table>>,
    /// The language model's answers.
    #[serde(default)]
    pub llm: Vec<Answer>,
    /// What happens.
    #[serde(default)]
    pub step: Vec<Step>,
}

/// Something that the persona remembers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// What it is of.
    pub kind: Kind,
    /// In words.
    pub text: Spanned<String>,
    /// Whom it is about: a name of the chat.
    pub about: Option<String>,
    /// How sure.
    #[serde(default = "one")]
    pub confidence: f64,
}

/// What a search of the memory comes to, once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Only for a search with this in its words, in any letter case.
    pub when: Option<String>,
    /// What is found, best first.
    pub finds: Option<Vec<Remembered>>,
    /// Or why nothing is.
    pub error: Option<Spanned<MemoryError>>,
    /// Not once but every time.
    #[serde(default)]
    pub always: bool,
}

/// How the memory fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the contract's own")]
pub enum MemoryError {
    OverBudget,
    Refused,
    Unavailable,
}

impl From<MemoryError> for memory::Error {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::OverBudget => Self::OverBudget,
            MemoryError::Refused => Self::Refused("the case says so".into()),
            MemoryError::Unavailable => Self::Unavailable("the case says so".into()),
        }
    }
}

/// What the language model answers, once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Only to a prompt that holds this, in any letter case.
    pub when: Option<String>,
    /// Its words.
    pub answer: Option<Spanned<String>>,
    /// Or why there are none.
    pub error: Option<Spanned<ModelError>>,
    /// Not once but every time.
    #[serde(default)]
    pub always: bool,
}

/// How the language model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the contract's own")]
pub enum ModelError {
    Busy,
    OverBudget,
    Timeout,
    Unavailable,
    Refused,
}

impl From<ModelError> for llm::Error {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Busy => Self::Busy,
            ModelError::OverBudget => Self::OverBudget,
            ModelError::Timeout => Self::Timeout,
            ModelError::Unavailable => Self::Unavailable("the case says so".into()),
            ModelError::Refused => Self::Refused("the case says so".into()),
        }
    }
}

/// What happens at a moment, and what the persona is to make of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, in seconds since the start.
    pub at: Spanned<f64>,
    /// What has been said on the stream by then.
    pub said: Option<String>,
    /// What happened on the stream.
    pub event: Option<Event>,
    /// What the streamer asked the chat.
    pub question: Option<String>,
    /// What somebody wrote.
    pub chat: Option<Chat>,
    /// Which export is called; follows from what happened if absent.
    pub call: Option<Spanned<Export>>,
    /// Whether the host wants it to speak.
    pub speak: Option<bool>,
    /// The dice, from 0 up to, but not including, 1: with them, whether the host wants it to speak,
    /// and whom it should answer, follows from the room's own formula.
    pub roll: Option<Spanned<f64>>,
    /// The label of the message that waits for an answer.
    pub answer: Option<Spanned<String>>,
    /// The rule by which moderation drops what it says here.
    pub dropped: Option<String>,
    /// What is expected.
    pub expect: Option<Expect>,
}

/// Something that happens on the stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `hype`, `fail`, `laughter` or any other.
    pub kind: Spanned<String>,
    /// The words that show it.
    #[serde(default)]
    pub text: String,
    /// How sure the source is.
    #[serde(default = "one")]
    pub confidence: f64,
}

/// A line of the chat.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// Who writes it.
    pub name: String,
    /// What.
    pub text: String,
    /// Whether it is a person or another persona.
    #[serde(default)]
    pub kind: Who,
    /// By which `answer` and `reply_to` name it.
    pub label: Option<Spanned<String>>,
    /// The label of what it answers; `own` for the persona's latest line.
    pub reply_to: Option<Spanned<String>>,
}

/// What an author is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the contract's own")]
pub enum Who {
    #[default]
    Viewer,
    Moderator,
    Persona,
    System,
}

/// What a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Export {
    /// `on-context`
    Context,
    /// `on-firehose`
    Firehose,
    /// `reflect`
    Reflect,
    /// None: what is written waits for the next call of `on-firehose`.
    None,
}

/// What is expected of a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Its one line, exactly.
    pub line: Option<Spanned<String>>,
    /// How many lines.
    pub lines: Option<Spanned<usize>>,
    /// A line holds each of these, in any letter case.
    pub contains: Option<Spanned<Words>>,
    /// No line holds any of these.
    pub lacks: Option<Spanned<Words>>,
    /// A line matches this regular expression.
    pub matches: Option<Spanned<String>>,
    /// No line has more words.
    pub max_words: Option<Spanned<usize>>,
    /// It says nothing, for a reason that holds this.
    pub silent: Option<Spanned<Silent>>,
    /// Between which two the probability to speak is, in a step with a `roll`.
    pub p: Option<Spanned<[f64; 2]>>,
    /// The label of what its first line answers; empty if that answers nothing.
    pub reply_to: Option<Spanned<String>>,
    /// What it asks to be remembered holds each of these.
    pub remembers: Option<Spanned<Words>>,
    /// How many memories it writes.
    pub memories: Option<Spanned<usize>>,
    /// How often it asks the language model.
    pub llm_calls: Option<Spanned<usize>>,
    /// What it asks the language model holds each of these.
    pub prompt: Option<Spanned<Words>>,
    /// What it asks the language model holds none of these.
    pub prompt_lacks: Option<Spanned<Words>>,
    /// What it looks for in its memory holds each of these.
    pub searches: Option<Spanned<Words>>,
    /// Parts of its state, by JSON Pointer.
    pub state: Option<BTreeMap<String, Spanned<toml::Value>>>,
    /// Its log holds each of these.
    pub log: Option<Spanned<Words>>,
    /// How the call ends; well if absent.
    pub ends: Option<Spanned<End>>,
    /// The words in which it says why it did not end well hold each of these.
    pub because: Option<Spanned<Words>>,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the record's own")]
pub enum End {
    Returned,
    Declined,
    Invalid,
    Trapped,
    OutOfCpu,
    OutOfMemory,
    TimedOut,
}

impl End {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Declined => "declined",
            Self::Invalid => "invalid",
            Self::Trapped => "trapped",
            Self::OutOfCpu => "out-of-cpu",
            Self::OutOfMemory => "out-of-memory",
            Self::TimedOut => "timed-out",
        }
    }
}

const fn one() -> f64 {
    1.0
}

/// One text, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Words, E> {
                Ok(Words(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(text) = texts.next_element()? {
                    words.push(text);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

/// That nothing is said: for any reason, or for one that holds some words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silent {
    /// `true` or `false`
    Any(bool),
    /// Because of this.
    Because(String),
}

impl<'de> Deserialize<'de> for Silent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reason;
        impl Visitor<'_> for Reason {
            type Value = Silent;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or words of the reason")
            }
            fn visit_bool<E: de::Error>(self, silent: bool) -> Result<Silent, E> {
                Ok(Silent::Any(silent))
            }
            fn visit_str<E: de::Error>(self, reason: &str) -> Result<Silent, E> {
                Ok(Silent::Because(reason.to_owned()))
            }
        }
        deserializer.deserialize_any(Reason)
    }
}

impl Step {
    /// When, in milliseconds since the start.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        // Checked to be within 0..=86400.
        (self.at.get_ref() * 1000.0).round() as u64
    }

    /// Which export is called.
    #[must_use]
    pub fn export(&self) -> Export {
        let happens = self.said.is_some() || self.event.is_some() || self.question.is_some();
        match &self.call {
            Some(call) => *call.get_ref(),
            None if happens => Export::Context,
            None => Export::Firehose,
        }
    }
}

#[cfg(test)]
mod tests;
