//! The JSON that goes over the wire, as far as it is used.

use chatter_protocol::llm::{self, Error, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: &'a [Message],
    max_tokens: u32,
    temperature: f32,
    seed: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat>,
}

#[derive(Serialize)]
struct ResponseFormat {
    r#type: &'static str,
    json_schema: JsonSchema,
}

#[derive(Serialize)]
struct JsonSchema {
    name: &'static str,
    schema: Value,
}

impl<'a> Request<'a> {
    pub(super) fn new(model: &'a str, request: &'a llm::Request, seed: u64) -> Result<Self, Error> {
        let schema = request
            .json_schema
            .as_deref()
            .map(serde_json::from_str::<Value>)
            .transpose();
        let schema =
            schema.map_err(|error| Error::Refused(format!("json-schema is no JSON: {error}")))?;
        let response_format = schema.map(|schema| ResponseFormat {
            r#type: "json_schema",
            json_schema: JsonSchema {
                name: "answer",
                schema,
            },
        });
        Ok(Self {
            model,
            messages: &request.messages,
            max_tokens: request.max_tokens,
            temperature: if request.temperature.is_finite() {
                request.temperature.clamp(0.0, 2.0)
            } else {
                1.0
            },
            // Folded to 31 bits: what every server takes as a seed.
            seed: ((seed ^ (seed >> 32)) & 0x7fff_ffff) as u32,
            stream: false,
            response_format,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Response {
    #[serde(default)]
    pub(super) model: Option<String>,
    pub(super) choices: Vec<Choice>,
    #[serde(default)]
    pub(super) usage: Option<Usage>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    pub(super) message: Said,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: Option<u32>,
    #[serde(default)]
    pub(super) completion_tokens: Option<u32>,
}

/// What a server says of its refusal, in the forms that are about: OpenAI's `error.message`,
/// others' `error`, `message` and `detail`, or plain text.
pub(super) fn error_message(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        let is_page = text.trim_start().starts_with('<');
        return if is_page {
            String::new()
        } else {
            text.into_owned()
        };
    };
    ["/error/message", "/error", "/message", "/detail"]
        .iter()
        .find_map(|place| json.pointer(place).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
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
            (r#"{"error":"model not found"}"#, "model not found"),
            (r#"{"detail":"bad"}"#, "bad"),
            (r#"{"object":"error","message":"too long"}"#, "too long"),
            ("plain words", "plain words"),
            ("<html><body>nginx</body></html>", ""),
            (r#"{"x":1}"#, ""),
            ("", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(error_message(body.as_bytes()), expected, "{body}");
        }
    }
}
