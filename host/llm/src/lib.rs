//! Completions.
//!
//! The only crate that knows LLM vendors. It owns the offline model and the client of
//! OpenAI-compatible servers. It must not know personas, rooms or prompts: whoever asks has made
//! the request, and says until when an answer is of use.

mod embeddings;
mod offline;
mod openai;

pub use embeddings::{EMBEDDED_AT_ONCE, EmbedError, Embedder, Embeddings};
pub use offline::Offline;
pub use openai::{ApiKey, ConfigError, OpenAi, OpenAiConfig};

use async_trait::async_trait;
use chatter_protocol::llm::{Completion, Error, Request};
use std::{sync::Arc, time::Duration};

/// A language model.
#[async_trait]
pub trait LanguageModel: Send + Sync + 'static {
    /// Answers a request within `deadline`. `seed` makes a deterministic model's answer repeatable;
    /// others pass it on where they can.
    async fn complete(
        &self,
        request: &Request,
        seed: u64,
        deadline: Duration,
    ) -> Result<Completion, Error>;

    /// What it is, for people.
    fn about(&self) -> About;
}

/// A model that many hold.
pub type SharedModel = Arc<dyn LanguageModel>;

/// What a model is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// `offline`, or the model's name.
    pub model: String,
    /// Where it runs: `in the process`, or the server's address without secrets.
    pub place: String,
    /// Whether it is the built-in text generator and no language model at all.
    pub offline: bool,
}

/// About how many tokens a text has, for whoever doesn't count them: four characters each, the rule
/// of thumb that [OpenAI gives](https://help.openai.com/en/articles/4936856) for English.
fn estimate_tokens(text: &str) -> u32 {
    u32::try_from(text.chars().count().div_ceil(4)).unwrap_or(u32::MAX)
}
