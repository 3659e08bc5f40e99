//! Google's [generateContent](https://ai.google.dev/api/generate-content).

use super::{End, How, Reasoning, Said, Sampling, Wire, schema};
use crate::{budget::Usage, failure::Failure};
use chatter_http::{Auth, Secret};
use chatter_protocol::llm::{Request, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) struct Gemini;

/// Why a candidate ended by what it or the prompt was about
/// ([FinishReason](https://ai.google.dev/api/generate-content#FinishReason)).
const DECLINED: [&str; 5] = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
];

impl Wire for Gemini {
    fn path(&self, model: &str) -> Vec<String> {
        // A model, or one of the operator's own: `tunedModels/x`.
        let (folder, model) = model.split_once('/').unwrap_or(("models", model));
        vec![folder.into(), format!("{model}:generateContent")]
    }

    fn auth(&self, key: Secret) -> Auth {
        Auth::Header("x-goog-api-key", key)
    }

    fn reasoning(&self, model: &str, wanted: Reasoning) -> Reasoning {
        match wanted {
            // From version 3 on it can't be switched off.
            Reasoning::Off if !has_budgets(model) => Reasoning::Minimal,
            wanted => wanted,
        }
    }

    fn body(&self, model: &str, request: &Request, how: How) -> Result<Value, Failure> {
        let mut system = Vec::new();
        let mut contents = Vec::new();
        for message in &request.messages {
            let part = json!({ "text": message.content });
            match message.role {
                Role::System => system.push(part),
                Role::User => contents.push(json!({ "role": "user", "parts": [part] })),
                Role::Assistant => contents.push(json!({ "role": "model", "parts": [part] })),
            }
        }
        if contents.is_empty() {
            return Err(Failure::Unfit(
                "there has to be a message of the user's".into(),
            ));
        }
        let mut generation = json!({ "maxOutputTokens": how.most(request) });
        if let Some(Sampling { temperature, seed }) = how.sampling {
            generation["temperature"] = temperature.into();
            generation["seed"] = seed.into();
        }
        if let Some(reasoning) = how.reasoning {
            generation["thinkingConfig"] = match reasoning.level() {
                Some(level) if !has_budgets(model) => json!({ "thinkingLevel": level }),
                _ => json!({ "thinkingBudget": reasoning.headroom() }),
            };
        }
        if let Some(schema) = schema(request)? {
            generation["responseMimeType"] = "application/json".into();
            generation["responseJsonSchema"] = schema;
        }
        let mut body = json!({ "contents": contents, "generationConfig": generation });
        if !system.is_empty() {
            body["systemInstruction"] = json!({ "parts": system });
        }
        Ok(body)
    }

    fn said(&self, body: &[u8]) -> Result<Said, &'static str> {
        let response: Response = serde_json::from_slice(body)
            .map_err(|_| "with something that is no generated content; is base_url right?")?;
        let blocked = response.prompt_feedback.and_then(|it| it.block_reason);
        let candidate = response.candidates.into_iter().next();
        let (text, end) = match (candidate, blocked) {
            (_, Some(reason)) => (
                String::new(),
                End::Declined(format!("the prompt was blocked: {reason}")),
            ),
            (None, None) => return Err("with generated content that holds no candidate"),
            (Some(candidate), None) => {
                let parts = candidate.content.map(|content| content.parts);
                let text: String = parts
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|part| !part.thought)
                    .filter_map(|part| part.text)
                    .collect();
                let end = match candidate.finish_reason.as_deref() {
                    None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => End::Stop,
                    Some("MAX_TOKENS") => End::Length,
                    Some(reason) if DECLINED.contains(&reason) => End::Declined(reason.to_owned()),
                    // What it could not say, or not in this language: somebody else may.
                    Some(_) => End::Stop,
                };
                (text, end)
            }
        };
        let usage = response.usage_metadata.map(|usage| Usage {
            input: usage.prompt_token_count,
            cached_input: usage.cached_content_token_count,
            cache_writes: 0,
            // Thoughts are counted apart and cost the same.
            output: usage
                .candidates_token_count
                .saturating_add(usage.thoughts_token_count),
        });
        Ok(Said {
            text,
            model: response.model_version,
            usage,
            end,
        })
    }
}

/// Whether a model's [thinking](https://ai.google.dev/gemini-api/docs/thinking) is bounded by a number of tokens,
/// as it is up to version 2.5. Later ones know levels.
fn has_budgets(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.starts_with("gemini-2") || name.starts_with("gemini-1")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(default, deserialize_with = "super::if_it_is_one")]
    usage_metadata: Option<Tokens>,
    #[serde(default)]
    model_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Tokens {
    prompt_token_count: u32,
    cached_content_token_count: u32,
    candidates_token_count: u32,
    thoughts_token_count: u32,
}

/// How long a server wants to be left alone, where Google says it: in the
/// [details](https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto) of an error.
pub(super) fn retry_after(error: &Value) -> Option<Duration> {
    let details = error.pointer("/error/details")?.as_array()?;
    let delay = details
        .iter()
        .find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds = delay.strip_suffix('s')?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether it is the key that is wrong; Google answers that with 400, as what is wrong with a request
/// ([ErrorReason](https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto)).
pub(super) fn is_key_wrong(error: &Value) -> bool {
    let details = error.pointer("/error/details").and_then(Value::as_array);
    details.is_some_and(|details| {
        details.iter().any(|detail| {
            let reason = detail.get("reason").and_then(Value::as_str);
            matches!(reason, Some("API_KEY_INVALID"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_goes_by_both_its_names() {
        for (model, path) in [
            (
                "gemini-2.5-flash",
                "models/gemini-2.5-flash:generateContent",
            ),
            (
                "models/gemini-2.5-flash",
                "models/gemini-2.5-flash:generateContent",
            ),
            ("tunedModels/nova-1", "tunedModels/nova-1:generateContent"),
        ] {
            assert_eq!(Gemini.path(model).join("/"), path);
        }
    }

    #[test]
    fn it_says_when_to_come_back() {
        let error = json!({ "error": { "code": 429, "details": [
            { "@type": "type.googleapis.com/google.rpc.QuotaFailure" },
            { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s" },
        ] } });
        assert_eq!(retry_after(&error), Some(Duration::from_millis(34_500)));
        assert_eq!(retry_after(&json!({ "error": "x" })), None);
    }
}
