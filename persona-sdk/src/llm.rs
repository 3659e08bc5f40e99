//! What is asked of the language model, and what comes back.

pub use crate::bindings::chatter::persona::llm::{Budget, Completion, Error, Message, Role};

/// A request for one completion. [`Prompt::request`](crate::Prompt::request) makes one for chat.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The conversation so far: as a rule one system message and one user message.
    pub messages: Vec<Message>,
    /// The longest answer, in tokens. The host shortens it to what the call's budget has left; what
    /// the answer then really has is taken off the budget.
    pub max_tokens: u32,
    /// 0 (the likeliest words) to 2 (wild).
    pub temperature: f32,
    /// The JSON Schema that the answer must obey, as JSON text.
    pub json_schema: Option<String>,
}

impl Error {
    /// In a few words, fit for [`Reply::silent`](crate::Reply::silent). What the server said is not
    /// among them; that belongs in the log.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Busy => "the language model is busy",
            Self::OverBudget => "no language model budget is left",
            Self::Timeout => "the language model did not answer in time",
            Self::Unavailable(_) => "the language model is unavailable",
            Self::Refused(_) => "the language model refused the request",
        }
    }
}
