//! What goes over the wire to each vendor and comes back, as their documentation has it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use chatter_llm::{Kind, LanguageModel as _, ProviderConfig, Reasoning, ServerConfig};
use chatter_protocol::llm::{Completion, Error, Message, Request, Role};
use serde_json::{Value, json};
use support::{Act, LONG, Server, asker, request, router};

/// With something that was said before, and a schema.
fn whole() -> Request {
    let mut request = request();
    let message = |role, content: &str| Message {
        role,
        content: content.into(),
    };
    request.messages.extend([
        message(Role::Assistant, "Something."),
        message(Role::User, "And more."),
    ]);
    request.json_schema = Some(schema().to_string());
    request
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": { "line": { "type": "string", "maxLength": 80 } },
        "required": ["line"],
    })
}

#[tokio::test]
async fn a_request_is_what_the_vendor_documents() {
    let cases = [
        (
            Kind::OpenAi,
            "POST /v1/chat/completions HTTP/1.1",
            "authorization: Bearer sk-hidden",
            json!({
                "model": "tiny",
                "messages": [
                    { "role": "system", "content": "You are Nova." },
                    { "role": "user", "content": "Say something." },
                    { "role": "assistant", "content": "Something." },
                    { "role": "user", "content": "And more." },
                ],
                "max_tokens": 40, "stream": false, "temperature": 0.5, "seed": 7,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": { "name": "answer", "schema": schema() },
                },
            }),
        ),
        (
            Kind::Anthropic,
            "POST /v1/messages HTTP/1.1",
            "x-api-key: sk-hidden",
            json!({
                "model": "tiny",
                "max_tokens": 40,
                "messages": [
                    { "role": "user", "content": "Say something." },
                    { "role": "assistant", "content": "Something." },
                    { "role": "user", "content": "And more." },
                ],
                "system": [{ "type": "text", "text": "You are Nova." }],
                "temperature": 0.5,
                "output_config": { "format": {
                    "type": "json_schema",
                    "schema": {
                        "type": "object",
                        "properties": { "line": { "type": "string" } },
                        "required": ["line"],
                        "additionalProperties": false,
                    },
                } },
            }),
        ),
        (
            Kind::Gemini,
            "POST /v1/models/tiny:generateContent HTTP/1.1",
            "x-goog-api-key: sk-hidden",
            json!({
                "contents": [
                    { "role": "user", "parts": [{ "text": "Say something." }] },
                    { "role": "model", "parts": [{ "text": "Something." }] },
                    { "role": "user", "parts": [{ "text": "And more." }] },
                ],
                "generationConfig": {
                    "maxOutputTokens": 40, "temperature": 0.5, "seed": 7,
                    "responseMimeType": "application/json",
                    "responseJsonSchema": schema(),
                },
                "systemInstruction": { "parts": [{ "text": "You are Nova." }] },
            }),
        ),
    ];
    for (kind, line, key, body) in cases {
        let server = Server::doing(vec![Act::says(kind, r#"{"line":"gg"}"#)]).await;
        let answer = server
            .alone(kind)
            .complete(&whole(), &asker(), 7, LONG)
            .await;
        assert_eq!(answer.unwrap().text, r#"{"line":"gg"}"#);
        let (head, _) = &server.requests()[0];
        assert!(head.starts_with(line), "{head}");
        assert!(head.contains(key), "{head}");
        let version = head.contains("anthropic-version: 2023-06-01");
        assert_eq!(version, kind == Kind::Anthropic, "{head}");
        assert_eq!(server.body(0), body, "{kind:?}");
    }
}

#[tokio::test]
async fn without_a_key_no_header_and_without_sampling_no_temperature() {
    for kind in Kind::ALL {
        let server = Server::doing(vec![Act::says(kind, "gg")]).await;
        let config = ServerConfig {
            base_url: format!("http://{}/v1", server.address).into(),
            sampling: false,
            ..ServerConfig::new(kind, "tiny")
        };
        let model = router(vec![ProviderConfig::new("it", config)], &["it"]);
        model.complete(&request(), &asker(), 7, LONG).await.unwrap();
        let (head, body) = &server.requests()[0];
        for absent in ["authorization", "x-api-key", "x-goog-api-key"] {
            assert!(!head.contains(absent), "{head}");
        }
        for absent in ["temperature", "seed"] {
            assert!(!body.contains(absent), "{body}");
        }
    }
}

#[tokio::test]
async fn how_much_is_thought_is_said_as_the_vendor_documents() {
    use Reasoning::{High, Low, Minimal, Off, Tokens};
    let body = |kind, model: &str, reasoning| {
        let model = model.to_owned();
        async move {
            let server = Server::doing(vec![Act::says(kind, r#"{"line":"gg"}"#)]).await;
            let mut provider = server.provider(kind, "it");
            provider.server.model = model;
            provider.server.reasoning = reasoning;
            let router = router(vec![provider], &["it"]);
            router.complete(&whole(), &asker(), 7, LONG).await.unwrap();
            server.body(0)
        }
    };
    // Where it is said, what is said, and how many tokens there may be with the 40 of the answer.
    let (effort, config) = ("/reasoning_effort", "/generationConfig/thinkingConfig");
    let openai = [
        (None, json!(null), 40),
        (Some(Off), json!("none"), 40),
        (Some(Minimal), json!("minimal"), 40 + 512),
        (Some(Low), json!("low"), 40 + 1_024),
    ];
    for (reasoning, said, most) in openai {
        let body = body(Kind::OpenAi, "gpt-5.1", reasoning).await;
        assert_eq!(body.pointer(effort).unwrap_or(&json!(null)), &said);
        assert_eq!(body["max_tokens"], most, "{reasoning:?}");
    }
    let gemini = [
        ("gemini-2.5-flash", None, json!(null), 40),
        (
            "gemini-2.5-flash",
            Some(Off),
            json!({ "thinkingBudget": 0 }),
            40,
        ),
        (
            "models/gemini-2.5-flash",
            Some(Low),
            json!({ "thinkingBudget": 1_024 }),
            40 + 1_024,
        ),
        (
            "gemini-3-flash-preview",
            Some(Off),
            json!({ "thinkingLevel": "minimal" }),
            40 + 512,
        ),
        (
            "gemini-3-flash-preview",
            Some(High),
            json!({ "thinkingLevel": "high" }),
            40 + 24_576,
        ),
        (
            "gemini-flash-latest",
            Some(Tokens(300)),
            json!({ "thinkingBudget": 300 }),
            40 + 300,
        ),
    ];
    for (model, reasoning, said, most) in gemini {
        let body = body(Kind::Gemini, model, reasoning).await;
        assert_eq!(body.pointer(config).unwrap_or(&json!(null)), &said);
        let limit = &body["generationConfig"]["maxOutputTokens"];
        assert_eq!(limit, most, "{model} {reasoning:?}");
    }
    // Whoever thinks gets no temperature here.
    let anthropic = [
        (None, json!(null), json!(null), 40, true),
        (
            Some(Off),
            json!({ "type": "disabled" }),
            json!(null),
            40,
            true,
        ),
        (
            Some(Tokens(2_000)),
            json!({ "type": "enabled", "budget_tokens": 2_000 }),
            json!(null),
            40 + 2_000,
            false,
        ),
        (
            Some(Minimal),
            json!({ "type": "adaptive" }),
            json!("low"),
            40 + 512,
            false,
        ),
        (
            Some(High),
            json!({ "type": "adaptive" }),
            json!("high"),
            40 + 24_576,
            false,
        ),
    ];
    for (reasoning, said, effort, most, has_temperature) in anthropic {
        let body = body(Kind::Anthropic, "tiny", reasoning).await;
        assert_eq!(body.get("thinking").unwrap_or(&json!(null)), &said);
        assert_eq!(body["output_config"]["effort"], effort);
        assert_eq!(body["output_config"]["format"]["type"], "json_schema");
        assert_eq!(body["max_tokens"], most, "{reasoning:?}");
        let temperature = body.get("temperature").is_some();
        assert_eq!(temperature, has_temperature, "{reasoning:?}");
    }
}

#[tokio::test]
async fn answers_are_read_with_what_they_cost() {
    let cases = [
        (
            Kind::OpenAi,
            Act::says(Kind::OpenAi, "\"what a\njump\""),
            21,
            5,
        ),
        (
            Kind::Anthropic,
            Act::json(&json!({
                "id": "msg_01", "type": "message", "role": "assistant", "model": "tiny-1",
                "content": [
                    { "type": "thinking", "thinking": "hm", "signature": "x" },
                    { "type": "text", "text": "what a " },
                    { "type": "text", "text": "jump" },
                ],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {
                    "input_tokens": 11, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 1000,
                    "output_tokens": 7,
                },
            })),
            1211,
            7,
        ),
        (
            Kind::Gemini,
            Act::json(&json!({
                "candidates": [{
                    "content": { "role": "model", "parts": [
                        { "text": "hm", "thought": true },
                        { "text": "what a " },
                        { "text": "jump" },
                    ] },
                    "finishReason": "STOP",
                }],
                "usageMetadata": {
                    "promptTokenCount": 30, "cachedContentTokenCount": 10, "candidatesTokenCount": 4,
                    "thoughtsTokenCount": 60, "totalTokenCount": 94,
                },
                "modelVersion": "tiny-1",
            })),
            30,
            64,
        ),
    ];
    for (kind, answer, input_tokens, output_tokens) in cases {
        let server = Server::doing(vec![answer]).await;
        let expected = Completion {
            text: "what a jump".into(),
            model: "tiny-1".into(),
            input_tokens,
            output_tokens,
        };
        assert_eq!(server.ask_as(kind, LONG).await, Ok(expected), "{kind:?}");
    }
}

#[tokio::test]
async fn odd_answers_are_read_as_far_as_they_can_be() {
    let cases = [
        (
            Kind::OpenAi,
            json!({ "choices": [{ "message": { "content": [
                { "type": "text", "text": "what a " }, { "type": "image" }, { "type": "text", "text": "jump" },
            ] } }], "usage": { "prompt_tokens": "many" } }),
        ),
        (
            Kind::Anthropic,
            json!({
                "content": [{ "type": "text", "text": "what a jump" }],
                "usage": { "input_tokens": -1, "output_tokens": 3 },
            }),
        ),
        (
            Kind::Gemini,
            json!({
                "candidates": [{ "content": { "parts": [{ "text": "what a jump" }] }, "finishReason": "OTHER" }],
                "usageMetadata": { "promptTokenCount": 1.5 },
            }),
        ),
    ];
    for (kind, body) in cases {
        let server = Server::doing(vec![Act::json(&body)]).await;
        let completion = server.ask_as(kind, LONG).await.unwrap();
        assert_eq!(completion.text, "what a jump", "{kind:?}");
        assert_eq!(completion.output_tokens, 3, "estimated");
    }
}

#[tokio::test]
async fn what_a_model_declines_is_told_as_a_refusal() {
    let cases = [
        (
            Kind::OpenAi,
            json!({ "choices": [{ "message": { "content": null, "refusal": "I can't\nhelp" }, "finish_reason": "stop" }] }),
            "I can't help",
        ),
        (
            Kind::Anthropic,
            json!({ "content": [], "stop_reason": "refusal", "usage": { "input_tokens": 1, "output_tokens": 1 } }),
            "it gives no reason",
        ),
        (
            Kind::Gemini,
            json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } }),
            "the prompt was blocked: PROHIBITED_CONTENT",
        ),
        (
            Kind::Gemini,
            json!({ "candidates": [{ "finishReason": "SAFETY" }] }),
            "SAFETY",
        ),
    ];
    for (kind, body, why) in cases {
        let server = Server::doing(vec![Act::json(&body)]).await;
        let told = server.fails(kind).await;
        let declines = Error::Refused("the model declines to answer it".into());
        assert_eq!(told, (declines, format!("the model declined: {why}")));
    }
}

#[tokio::test]
async fn answers_without_words_say_why() {
    let cases = [
        (
            Kind::Anthropic,
            json!({ "content": [{ "type": "thinking", "thinking": "hm" }], "stop_reason": "max_tokens" }),
            "nothing but reasoning",
        ),
        (
            Kind::Gemini,
            json!({ "candidates": [{ "content": { "role": "model" }, "finishReason": "MAX_TOKENS" }] }),
            "nothing but reasoning",
        ),
        (Kind::Anthropic, json!({ "content": [] }), "without words"),
        (Kind::Anthropic, json!({ "choices": [] }), "no message"),
        (Kind::Gemini, json!({ "candidates": [] }), "no candidate"),
        // Not the model's wish: the next in the route may.
        (
            Kind::Gemini,
            json!({ "candidates": [{ "finishReason": "LANGUAGE" }] }),
            "without words",
        ),
        (Kind::Gemini, json!([1]), "no generated content"),
    ];
    for (kind, body, why) in cases {
        let server = Server::doing(vec![Act::json(&body)]).await;
        let (error, told) = server.fails(kind).await;
        assert!(told.contains(why), "{told}");
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
    }
}

#[tokio::test]
async fn errors_are_told_in_the_vendors_words() {
    let cases = [
        (
            Kind::Anthropic,
            "400 Bad Request",
            json!({ "type": "error", "error": { "type": "invalid_request_error", "message": "max_tokens: too high" }, "request_id": "req_1" }),
            "it refused the request: 400: max_tokens: too high",
        ),
        (
            Kind::Gemini,
            "400 Bad Request",
            json!({ "error": { "code": 400, "message": "maxOutputTokens: too high", "status": "INVALID_ARGUMENT" } }),
            "it refused the request: 400: maxOutputTokens: too high",
        ),
        // That nobody can be answered with this key is no matter of the request.
        (
            Kind::Gemini,
            "400 Bad Request",
            json!({ "error": {
                "code": 400, "message": "API key not valid: sk-hidden", "status": "INVALID_ARGUMENT",
                "details": [{
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                }],
            } }),
            "HERE answered 400: API key not valid: [key]",
        ),
    ];
    for (kind, status, body, why) in cases {
        let server = Server::with_status(status, "", body.to_string().as_bytes()).await;
        let here = format!("http://{}/v1", server.address);
        let (_, told) = server.fails(kind).await;
        assert_eq!(told, why.replace("HERE", &here));
    }
}
