//! What is asked of a language model, and what comes back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request for one completion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LlmRequest")]
pub struct Request {
    /// The conversation so far: as a rule one `system` message and one `user` message.
    pub messages: Vec<Message>,
    /// The longest answer, in tokens.
    pub max_tokens: u32,
    /// 0 (the likeliest words) to 2 (wild).
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: f32,
    /// The JSON Schema that the answer must obey, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<String>,
}

/// One message of a conversation with a language model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LlmMessage")]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What.
    pub content: String,
}

/// Who speaks in a conversation with a language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// What a language model answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completion {
    /// Its words.
    pub text: String,
    /// Which model it was.
    pub model: String,
    /// Tokens of the request, as counted by whoever answered.
    pub input_tokens: u32,
    /// Tokens of the answer, as counted by whoever answered.
    pub output_tokens: u32,
}

/// Why there is no completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LlmError")]
pub enum Error {
    /// Too many requests are under way.
    #[error("the language model is busy")]
    Busy,
    /// The call or the persona has used up what it may.
    #[error("no language model budget is left")]
    OverBudget,
    /// No answer came within the deadline.
    #[error("the language model did not answer in time")]
    Timeout,
    /// The server can't be reached or answers wrongly.
    #[error("the language model is unavailable: {0}")]
    Unavailable(String),
    /// The request is not one that can be answered.
    #[error("the language model refused the request: {0}")]
    Refused(String),
}

/// What a call may still ask of the language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// Completions.
    pub calls: u32,
    /// Tokens, over all of them.
    pub tokens: u32,
}
