//! Anthropic's [Messages](https://docs.anthropic.com/en/api/messages).

use super::{End, How, Reasoning, Said, Wire, schema};
use crate::{budget::Usage, estimate_tokens, failure::Failure};
use chatter_http::{Auth, Secret};
use chatter_protocol::llm::{Request, Role};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) struct Anthropic;

/// The version of the API that is spoken, which has been the one since 2023.
const VERSION: &str = "2023-06-01";

/// The least [thinking](https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking) with a number.
const LEAST_THINKING: u32 = 1024;

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

    fn check(&self, reasoning: Reasoning) -> Result<(), &'static str> {
        match reasoning {
            Reasoning::Tokens(0..LEAST_THINKING) => {
                Err("Anthropic's API takes 1024 tokens or more, or a level, such as \"off\"")
            }
            _ => Ok(()),
        }
    }

    fn body(&self, model: &str, request: &Request, how: How) -> Result<Value, Failure> {
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
            "max_tokens": how.most(request),
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
        let thinking = how.reasoning.map(thinking);
        if let Some((thinking, effort)) = thinking {
            body["thinking"] = thinking;
            if let Some(effort) = effort {
                body["output_config"]["effort"] = effort.into();
            }
        }
        // Whoever thinks takes no temperature.
        let is_thinking = !matches!(how.reasoning, None | Some(Reasoning::Off));
        if let Some(sampling) = how.sampling.filter(|_| !is_thinking) {
            // Its range is 0 to 1; there is no seed.
            body["temperature"] = sampling.temperature.min(1.0).into();
        }
        if let Some(schema) = schema(request)? {
            body["output_config"]["format"] =
                json!({ "type": "json_schema", "schema": closed(schema)? });
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
                cache_writes: written,
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

/// What is said of thinking, and of effort: a number of tokens for models up to version 4.5, levels for those that
/// [adapt](https://docs.anthropic.com/en/docs/build-with-claude/adaptive-thinking).
fn thinking(reasoning: Reasoning) -> (Value, Option<&'static str>) {
    match (reasoning, reasoning.level()) {
        (Reasoning::Off, _) => (json!({ "type": "disabled" }), None),
        (Reasoning::Tokens(tokens), _) => {
            (json!({ "type": "enabled", "budget_tokens": tokens }), None)
        }
        (Reasoning::Minimal, _) => (json!({ "type": "adaptive" }), Some("low")),
        (_, level) => (json!({ "type": "adaptive" }), level),
    }
}

#[derive(Deserialize)]
struct Response {
    content: Vec<Block>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default, deserialize_with = "super::if_it_is_one")]
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
///
/// # Errors
///
/// If it asks for objects whose names it doesn't say: closed, they could only be empty.
fn closed(schema: Value) -> Result<Value, Failure> {
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
    const NAMED: [&str; 4] = ["properties", "$defs", "definitions", "dependentSchemas"];
    let object = match schema {
        Value::Object(object) => object,
        Value::Array(parts) => return parts.into_iter().map(closed).collect(),
        other => return Ok(other),
    };
    let is_object = match object.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    let is_open = |rest: &Value| !matches!(rest, Value::Bool(false));
    let has_names = object
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(|names| !names.is_empty());
    let is_map = object.contains_key("patternProperties")
        || object
            .get("additionalProperties")
            .is_some_and(|rest| rest.is_object() || (is_open(rest) && !has_names))
        || (is_object && !has_names && object.get("additionalProperties").is_none_or(is_open));
    if is_map {
        return Err(Failure::Unfit(
            "json-schema asks for an object whose names it does not say, which Anthropic's API can't be asked for; \
             name its properties, or ask for a list of pairs"
                .into(),
        ));
    }
    let mut kept = Map::new();
    for (key, value) in object {
        if BOUNDS.contains(&key.as_str()) {
            continue;
        }
        let value = match value {
            Value::Object(parts) if NAMED.contains(&key.as_str()) => parts
                .into_iter()
                .map(|(name, part)| Ok((name, closed(part)?)))
                .collect::<Result<Value, Failure>>()?,
            // What they hold are values and no schemas.
            value if matches!(key.as_str(), "enum" | "const" | "default" | "examples") => value,
            value => closed(value)?,
        };
        kept.insert(key, value);
    }
    if is_object {
        kept.insert("additionalProperties".into(), false.into());
    }
    Ok(Value::Object(kept))
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
        assert_eq!(closed(schema), Ok(expected));
    }

    #[test]
    fn objects_without_names_are_refused_rather_than_emptied() {
        let number = || json!({ "type": "integer" });
        let maps = [
            json!({ "type": "object" }),
            json!({ "type": "object", "additionalProperties": number() }),
            json!({ "type": ["object", "null"], "additionalProperties": true }),
            json!({ "type": "object", "properties": { "a": number() }, "additionalProperties": number() }),
            json!({ "type": "object", "patternProperties": { "^a": number() } }),
            json!({ "type": "array", "items": { "type": "object" } }),
        ];
        for schema in maps {
            let refused = closed(schema.clone());
            assert!(matches!(refused, Err(Failure::Unfit(_))), "{schema}");
        }
        let named = json!({ "type": ["object", "null"], "properties": { "a": number() } });
        let closed = closed(named).unwrap();
        assert_eq!(closed["additionalProperties"], false);
        let nothing = json!({ "type": "object", "additionalProperties": false });
        assert_eq!(super::closed(nothing.clone()), Ok(nothing));
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
            let how = How {
                is_own: true,
                sampling: None,
                reasoning: None,
            };
            let body = Anthropic.body("m", &request, how).unwrap();
            let mark = body.pointer("/system/0/cache_control");
            assert_eq!(mark.is_some(), is_marked, "{words}");
        }
    }
}
