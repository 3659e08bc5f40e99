//! Anthropic's [Messages](https://docs.anthropic.com/en/api/messages).

use super::{End, Said, Sampling, Wire, schema};
use crate::{budget::Usage, estimate_tokens, failure::Failure};
use chatter_http::{Auth, Secret};
use chatter_protocol::llm::{Request, Role};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) struct Anthropic;

/// The version of the API that is spoken, which has been the one since 2023.
const VERSION: &str = "2023-06-01";

/// A prompt is cached from so many tokens on, by the model that caches the shortest
/// ([prompt caching](https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching)).
const CACHED_FROM: u32 = 1024;

impl Wire for Anthropic {
    fn path(&self, _: &str) -> Vec<String> {
        vec!["messages".into()]
    }

    fn auth(&self, key: Secret) -> Auth {
        Auth::Header("x-api-key", key)
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", VERSION)]
    }

    fn body(
        &self,
        model: &str,
        request: &Request,
        sampling: Option<Sampling>,
    ) -> Result<Value, Failure> {
        let mut system = Vec::new();
        let mut messages = Vec::new();
        for message in &request.messages {
            let role = match message.role {
                Role::System => {
                    system.push(message.content.as_str());
                    continue;
                }
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            messages.push(json!({ "role": role, "content": message.content }));
        }
        if messages.is_empty() {
            return Err(Failure::Unfit(
                "there has to be a message of the user's".into(),
            ));
        }
        let mut body = json!({
            "model": model,
            "max_tokens": request.max_tokens,
            "messages": messages,
        });
        if !system.is_empty() {
            let system = system.join("\n\n");
            let mut block = json!({ "type": "text", "text": system });
            // What a persona says of itself stays the same; what is below the least length is not cached
            // anyway, and a mark on it would do nothing.
            if estimate_tokens(&system) >= CACHED_FROM {
                block["cache_control"] = json!({ "type": "ephemeral" });
            }
            body["system"] = json!([block]);
        }
        if let Some(sampling) = sampling {
            // Its range is 0 to 1; there is no seed.
            body["temperature"] = sampling.temperature.min(1.0).into();
        }
        if let Some(schema) = schema(request)? {
            body["output_config"] = json!({
                "format": { "type": "json_schema", "schema": closed(schema) },
            });
        }
        Ok(body)
    }

    fn said(&self, body: &[u8]) -> Result<Said, &'static str> {
        let response: Response = serde_json::from_slice(body)
            .map_err(|_| "with something that is no message; is base_url right?")?;
        let text: String = response
            .content
            .into_iter()
            .filter(|block| block.r#type == "text")
            .filter_map(|block| block.text)
            .collect();
        let end = match response.stop_reason.as_deref() {
            Some("refusal") if text.is_empty() => End::Declined("it gives no reason".into()),
            Some("refusal") => End::Declined(text.clone()),
            Some("max_tokens" | "model_context_window_exceeded") => End::Length,
            _ => End::Stop,
        };
        let usage = response.usage.map(|usage| {
            let cached = usage.cache_read_input_tokens.unwrap_or(0);
            let written = usage.cache_creation_input_tokens.unwrap_or(0);
            Usage {
                // Its count leaves out what went through the cache.
                input: usage
                    .input_tokens
                    .saturating_add(cached)
                    .saturating_add(written),
                cached_input: cached,
                output: usage.output_tokens,
            }
        });
        Ok(Said {
            text,
            model: response.model,
            usage,
            end,
        })
    }
}

#[derive(Deserialize)]
struct Response {
    content: Vec<Block>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Tokens>,
}

/// `text`, `thinking` and others.
#[derive(Deserialize)]
struct Block {
    r#type: String,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    input_tokens: u32,
    #[serde(default)]
    cache_creation_input_tokens: Option<u32>,
    #[serde(default)]
    cache_read_input_tokens: Option<u32>,
    #[serde(default)]
    output_tokens: u32,
}

/// A schema as [structured outputs](https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs)
/// take it: objects name all they hold, and bounds of numbers, lengths and counts are left out. The answer is
/// held to the whole schema here.
fn closed(schema: Value) -> Value {
    /// Keywords that are refused.
    const BOUNDS: [&str; 14] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "$schema",
    ];
    /// Under these, names are an author's and no keywords.
    const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];
    match schema {
        Value::Object(object) => {
            let is_object = object.get("type").is_some_and(|it| it == "object");
            let mut kept = Map::new();
            for (key, value) in object {
                if BOUNDS.contains(&key.as_str()) {
                    continue;
                }
                let value = match value {
                    Value::Object(parts) if NAMED.contains(&key.as_str()) => parts
                        .into_iter()
                        .map(|(name, part)| (name, closed(part)))
                        .collect(),
                    // What they hold are values and no schemas.
                    value if matches!(key.as_str(), "enum" | "const" | "default" | "examples") => {
                        value
                    }
                    value => closed(value),
                };
                kept.insert(key, value);
            }
            if is_object {
                kept.insert("additionalProperties".into(), false.into());
            }
            Value::Object(kept)
        }
        Value::Array(parts) => parts.into_iter().map(closed).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_closed_and_keep_their_names() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "pattern": { "type": "string", "maxLength": 9, "pattern": "^a" },
                "list": { "type": "array", "maxItems": 3, "items": { "$ref": "#/$defs/minimum" } },
                "one": { "enum": [{ "minimum": 1 }] },
            },
            "required": ["pattern"],
            "$defs": { "minimum": { "type": "object", "properties": { "n": { "type": "integer", "minimum": 0 } } } },
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "pattern": { "type": "string" },
                "list": { "type": "array", "items": { "$ref": "#/$defs/minimum" } },
                "one": { "enum": [{ "minimum": 1 }] },
            },
            "required": ["pattern"],
            "$defs": { "minimum": {
                "type": "object",
                "properties": { "n": { "type": "integer" } },
                "additionalProperties": false,
            } },
            "additionalProperties": false,
        });
        assert_eq!(closed(schema), expected);
    }

    #[test]
    fn a_long_prompt_is_marked_for_the_cache() {
        let message = |role, content: String| chatter_protocol::llm::Message { role, content };
        for (words, is_marked) in [(100, false), (1_100, true)] {
            let request = Request {
                messages: vec![
                    message(Role::System, "word ".repeat(words)),
                    message(Role::User, "hi".into()),
                ],
                max_tokens: 10,
                temperature: 1.0,
                json_schema: None,
            };
            let body = Anthropic.body("m", &request, None).unwrap();
            let mark = body.pointer("/system/0/cache_control");
            assert_eq!(mark.is_some(), is_marked, "{words}");
        }
    }
}
