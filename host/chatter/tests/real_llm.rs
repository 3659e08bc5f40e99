//! The shipped modules in a room, with a language model of real weights: `cargo xtask test --real`.

#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

mod support;

use std::time::{Duration, Instant};
use support::{
    Home, ROOM,
    metrics::{get, metric},
};

/// A small model on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test]
#[ignore = "needs a language model: cargo xtask test --real"]
async fn personas_say_what_the_model_writes_and_its_tokens_are_counted() {
    let model = std::env::var("CHATTER_REAL_LLM").unwrap();
    let home = Home::lively();
    home.write(
        "configs/chatter.toml",
        format!(
            "[llm]\nuse = [\"small\"]\n[llm.providers.small]\nkind = \"openai\"\nmodel = \"smollm2\"\n\
             base_url = \"{model}/v1\"\n[limits]\nwall_ms = 60000\n"
        ),
    );
    let server = home.serve(&[]);
    let began = Instant::now();
    let (lines, metrics) = loop {
        let metrics = get(&server, "/metrics").await;
        let answered = metric(
            &metrics,
            &[
                "chatter_llm_requests_total",
                "provider=\"small\"",
                "answered",
            ],
        );
        let messages = get(&server, &format!("/v1/rooms/{ROOM}/messages?after=0")).await;
        let lines = messages.matches("\"kind\":\"persona\"").count();
        if answered >= 4.0 && lines >= 2 {
            break (lines, metrics);
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{answered} answers and {lines} lines\n{metrics}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let tokens = |kind| {
        metric(
            &metrics,
            &["chatter_llm_tokens_total", "tenant=\"main\"", kind],
        )
    };
    assert!(tokens("kind=\"output\"") >= lines as f64, "{metrics}");
    assert!(tokens("input\"") > 1_000.0, "{metrics}");
    assert_eq!(metric(&metrics, &["chatter_llm_breaker{"]), 0.0);
}
