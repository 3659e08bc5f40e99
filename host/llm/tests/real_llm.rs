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
        base_url: format!("{server}/v1"),
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
