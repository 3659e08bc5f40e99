//! The client against a server with real weights: `cargo xtask test --real`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use chatter_llm::{Kind, LanguageModel as _, ProviderConfig, Router, ServerConfig};
use chatter_protocol::llm::{Message, Request, Role};
use std::time::Duration;
use support::{asker, router};

/// A small model on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

fn model() -> Router {
    let server = std::env::var("CHATTER_REAL_LLM").unwrap();
    let config = ServerConfig {
        base_url: format!("{server}/v1").into(),
        ..ServerConfig::new(Kind::OpenAi, "smollm2")
    };
    router(vec![ProviderConfig::new("it", config)], &["it"])
}

fn request(system: &str, user: &str) -> Request {
    let message = |role, content: &str| Message {
        role,
        content: content.into(),
    };
    Request {
        messages: vec![message(Role::System, system), message(Role::User, user)],
        max_tokens: 40,
        temperature: 0.7,
        json_schema: None,
    }
}

#[tokio::test]
#[ignore = "needs a language model: cargo xtask test --real"]
async fn it_answers_in_one_line_and_counts_its_tokens() {
    let asked = request(
        "You are Nova and chat beside a live stream.",
        "Say hello to the chat in one short sentence.",
    );
    let completion = model()
        .complete(&asked, &asker(), 7, PATIENCE)
        .await
        .unwrap();
    assert!(!completion.text.is_empty() && !completion.text.contains('\n'));
    assert!(completion.input_tokens > 20, "{completion:?}");
    assert!(
        (1..=40).contains(&completion.output_tokens),
        "{completion:?}"
    );
}

#[tokio::test]
#[ignore = "needs a language model: cargo xtask test --real"]
async fn an_answer_that_has_to_be_json_obeys_its_schema() {
    let schema = r#"{"type":"object","properties":{"mood":{"enum":["calm","excited"]},"line":{"type":"string","maxLength":80}},"required":["mood","line"],"additionalProperties":false}"#;
    let asked = Request {
        max_tokens: 120,
        json_schema: Some(schema.into()),
        ..request(
            "You are Nova and chat beside a live stream.",
            "The streamer scored. Say in which mood you are, and what you write.",
        )
    };
    let model = model();
    let completion = model.complete(&asked, &asker(), 7, PATIENCE).await.unwrap();
    let value: serde_json::Value = serde_json::from_str(&completion.text).unwrap();
    let schema = serde_json::from_str(schema).unwrap();
    assert!(jsonschema::is_valid(&schema, &value), "{value}");
}

#[tokio::test]
#[ignore = "needs a language model: cargo xtask test --real"]
async fn a_crowd_is_answered_in_turn_and_who_gives_up_is_forgotten() {
    let model = std::sync::Arc::new(model());
    let ask = |n: u64| {
        let model = model.clone();
        async move {
            let asked = request("You chat beside a live stream.", &format!("Count to {n}."));
            model.complete(&asked, &asker(), n, PATIENCE).await
        }
    };
    // An answer that nobody waits for: its slot is free for the others. No model has it within that time.
    let long = Request {
        max_tokens: 1_000,
        ..request("You write long stories.", "Tell one.")
    };
    let who = asker();
    let given_up = model.complete(&long, &who, 1, PATIENCE);
    let given_up = tokio::time::timeout(Duration::from_millis(30), given_up).await;
    assert!(given_up.is_err());
    let crowd: Vec<_> = (0..12).map(|n| tokio::spawn(ask(n))).collect();
    for answer in crowd {
        let completion = answer.await.unwrap().unwrap();
        assert!(completion.output_tokens > 0 && !completion.text.is_empty());
    }
}
