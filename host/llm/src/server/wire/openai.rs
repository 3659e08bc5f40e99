//! OpenAI's [chat completions](https://platform.openai.com/docs/api-reference/chat/create).

use super::{End, How, Reasoning, Said, Sampling, Wire, schema};
use crate::{budget::Usage, failure::Failure};
use chatter_http::{Auth, Secret};
use chatter_protocol::llm::Request;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) struct OpenAi;

impl Wire for OpenAi {
    fn path(&self, _: &str) -> Vec<String> {
        vec!["chat".into(), "completions".into()]
    }

    fn auth(&self, key: Secret) -> Auth {
        Auth::Bearer(key)
    }

    fn check(&self, reasoning: Reasoning) -> Result<(), &'static str> {
        match reasoning {
            Reasoning::Tokens(_) => {
                Err("OpenAI's API takes no number of tokens; give a level, such as \"low\"")
            }
            _ => Ok(()),
        }
    }

    fn body(&self, model: &str, request: &Request, how: How) -> Result<Value, Failure> {
        let mut body = chat(
            model,
            &json!(request.messages),
            request.max_tokens,
            how.sampling.map(|sampling| sampling.temperature),
            how.reasoning,
            how.is_own,
        );
        if let Some(Sampling { seed, .. }) = how.sampling {
            body["seed"] = seed.into();
        }
        if let Some(schema) = schema(request)? {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": { "name": "answer", "schema": schema },
            });
        }
        Ok(body)
    }

    fn said(&self, body: &[u8]) -> Result<Said, &'static str> {
        said(body)
    }
}

/// A request for an answer of at most `max_tokens`, beside what is thought before it. Without a temperature it is one
/// for models that refuse them. `is_own` says that it goes to OpenAI's own server.
pub(crate) fn chat(
    model: &str,
    messages: &Value,
    max_tokens: u32,
    temperature: Option<f32>,
    reasoning: Option<Reasoning>,
    is_own: bool,
) -> Value {
    // OpenAI's newer models refuse `max_tokens`, and its older ones take the new name as well. Other servers may not
    // know that one, but for models that refuse a temperature.
    let limit = if is_own || temperature.is_none() {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    let headroom = reasoning.map_or(0, Reasoning::headroom);
    let mut body = json!({
        "model": model,
        "messages": messages,
        limit: max_tokens.saturating_add(headroom),
        "stream": false,
    });
    if let Some(temperature) = temperature {
        body["temperature"] = temperature.into();
    }
    if let Some(level) = reasoning.and_then(Reasoning::level) {
        body["reasoning_effort"] = match level {
            "off" => "none".into(),
            level => level.into(),
        };
    }
    body
}

/// An answer, or how it is wrong: what follows `the server answered`.
pub(crate) fn said(body: &[u8]) -> Result<Said, &'static str> {
    let response: Response = serde_json::from_slice(body)
        .map_err(|_| "with something that is no chat completion; is base_url right?")?;
    let Some(choice) = response.choices.into_iter().next() else {
        return Err("with a chat completion that holds no choice");
    };
    let text = choice
        .message
        .content
        .map(Content::text)
        .unwrap_or_default();
    let end = match choice.finish_reason.as_deref() {
        _ if choice
            .message
            .refusal
            .as_ref()
            .is_some_and(|it| !it.is_empty()) =>
        {
            End::Declined(choice.message.refusal.unwrap_or_default())
        }
        Some("content_filter") => End::Declined("its filter left nothing of the answer".into()),
        Some("length") => End::Length,
        _ => End::Stop,
    };
    let usage = response.usage.map(|usage| Usage {
        input: usage.prompt_tokens,
        cached_input: usage
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens)
            .unwrap_or(0),
        cache_writes: 0,
        output: usage.completion_tokens,
    });
    Ok(Said {
        text,
        model: response.model,
        usage,
        end,
    })
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    model: Option<String>,
    choices: Vec<Choice>,
    #[serde(default, deserialize_with = "super::if_it_is_one")]
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
}

/// Some servers say it in parts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: u32,
    completion_tokens: u32,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u32>,
}
