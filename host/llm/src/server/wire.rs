//! The JSON that goes over the wire, as far as it is used, for each vendor.

mod anthropic;
mod gemini;
pub(crate) mod openai;

use super::{Kind, Reasoning};
use crate::{budget::Usage, failure::Failure};
use chatter_http::{Auth, Secret};
use chatter_protocol::llm::Request;
use serde::{Deserialize as _, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// What a vendor's API looks like.
pub(super) trait Wire: Send + Sync {
    /// What follows the base URL, in parts.
    fn path(&self, model: &str) -> Vec<String>;

    /// How the key is sent.
    fn auth(&self, key: Secret) -> Auth;

    /// Headers of every request.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Whether the vendor takes so much reasoning; if not, what it takes.
    fn check(&self, reasoning: Reasoning) -> Result<(), &'static str> {
        let _ = reasoning;
        Ok(())
    }

    /// How much a model reasons if it is told so: some can't do what others can.
    fn reasoning(&self, model: &str, wanted: Reasoning) -> Reasoning {
        let _ = model;
        wanted
    }

    /// A request.
    fn body(&self, model: &str, request: &Request, how: How) -> Result<Value, Failure>;

    /// An answer, or how it is wrong: what follows `the server answered`.
    fn said(&self, body: &[u8]) -> Result<Said, &'static str>;
}

pub(super) fn of(kind: Kind) -> &'static dyn Wire {
    match kind {
        Kind::OpenAi => &openai::OpenAi,
        Kind::Anthropic => &anthropic::Anthropic,
        Kind::Gemini => &gemini::Gemini,
    }
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct How {
    /// Whether the server is the vendor's own, and no other that speaks its API.
    pub(super) is_own: bool,
    /// By the vendor's own rule if absent.
    pub(super) sampling: Option<Sampling>,
    /// As the model does if absent.
    pub(super) reasoning: Option<Reasoning>,
}

impl How {
    /// The most tokens of a request's answer, and of what is thought before it.
    fn most(self, request: &Request) -> u32 {
        let headroom = self.reasoning.map_or(0, Reasoning::headroom);
        request.max_tokens.saturating_add(headroom)
    }
}

/// How words are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sampling {
    /// 0 to 2.
    temperature: f32,
    /// Folded to 31 bits: what every server takes as a seed.
    seed: u32,
}

impl Sampling {
    pub(super) fn new(request: &Request, seed: u64) -> Self {
        Self {
            temperature: if request.temperature.is_finite() {
                request.temperature.clamp(0.0, 2.0)
            } else {
                1.0
            },
            seed: ((seed ^ (seed >> 32)) & 0x7fff_ffff) as u32,
        }
    }
}

/// What a server said.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Usage>,
    pub(crate) end: End,
}

/// Why it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was done.
    Stop,
    /// It had no more tokens.
    Length,
    /// The model did not want to, or a filter.
    Declined(String),
}

/// A count that is missing or none is estimated; the words are there all the same.
fn if_it_is_one<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let usage = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(usage).ok())
}

/// The schema of a request.
fn schema(request: &Request) -> Result<Option<Value>, Failure> {
    let schema = request.json_schema.as_deref();
    schema
        .map(serde_json::from_str::<Value>)
        .transpose()
        .map_err(|error| Failure::Unfit(format!("json-schema is no JSON: {error}")))
}

/// What a server says of its refusal.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ErrorBody {
    pub(super) message: String,
    /// How long it wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// Whether the key is none.
    pub(super) is_key: bool,
}

impl ErrorBody {
    /// In the forms that are about: `error.message` of OpenAI, Anthropic and Google, others' `error`,
    /// `message` and `detail`, or plain text.
    pub(super) fn read(body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            let is_page = text.trim_start().starts_with('<');
            return Self {
                message: if is_page {
                    String::new()
                } else {
                    text.into_owned()
                },
                ..Self::default()
            };
        };
        let message = ["/error/message", "/error", "/message", "/detail"]
            .iter()
            .find_map(|place| json.pointer(place).and_then(Value::as_str))
            .unwrap_or_default()
            .to_owned();
        Self {
            message,
            retry_after: gemini::retry_after(&json),
            is_key: gemini::is_key_wrong(&json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_messages_are_found() {
        let cases = [
            (
                r#"{"error":{"message":"no such model","type":"x"}}"#,
                "no such model",
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                "Overloaded",
            ),
            (r#"{"error":"model not found"}"#, "model not found"),
            (r#"{"detail":"bad"}"#, "bad"),
            (r#"{"object":"error","message":"too long"}"#, "too long"),
            ("plain words", "plain words"),
            ("<html><body>nginx</body></html>", ""),
            (r#"{"x":1}"#, ""),
            ("", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(ErrorBody::read(body.as_bytes()).message, expected, "{body}");
        }
    }
}
