//! Completions, and what else vendors' servers tell of texts and pictures.
//!
//! The only crate that knows LLM vendors. It owns the offline model, the clients of vendors' servers,
//! and what stands between them and a crowd of personas: who is asked and who next ([`Router`]), whose
//! turn it is, how much everybody may use up, what happens when a server is slow or gone. It must not
//! know personas' prompts or how a room works: whoever asks has made the request, says for whom it is,
//! and until when an answer is of use.

mod asker;
mod budget;
mod embeddings;
mod failure;
mod gate;
mod moderation;
mod offline;
mod provider;
mod queue;
mod router;
mod server;
mod shape;
mod vision;

pub use asker::{Asker, Route};
pub use budget::{Bounds, Budgets, Price, Spent};
pub use embeddings::{EMBEDDED_AT_ONCE, EmbedError, Embedder, Embeddings};
pub use moderation::{
    Assessment, Assessor, Moderation, ModerationConfig, OPENAI_MODERATION, Unassessed,
};
pub use offline::Offline;
pub use provider::ProviderConfig;
pub use router::{OFFLINE, Router, RouterConfig};
pub use server::{ConfigError, Kind, Reasoning, ServerConfig};
pub use vision::{Screen, SeeError, Seen, Seer, Vision};

use async_trait::async_trait;
use chatter_protocol::llm::{Completion, Error, Request};
use std::{sync::Arc, time::Duration};

/// A language model.
#[async_trait]
pub trait LanguageModel: Send + Sync + 'static {
    /// Answers a request within `deadline`, which counts all waiting. `seed` makes a deterministic
    /// model's answer repeatable; others pass it on where they can. Dropping the future gives up the
    /// request and whatever it holds.
    async fn complete(
        &self,
        request: &Request,
        asker: &Asker,
        seed: u64,
        deadline: Duration,
    ) -> Result<Completion, Error>;

    /// How many tokens whoever asks may still use, beside what bounds its call; `u32::MAX` where
    /// nothing does. With 0 left it may be answered all the same, by what costs nothing.
    fn remaining(&self, asker: &Asker) -> u32 {
        let _ = asker;
        u32::MAX
    }

    /// What is wrong for whoever asks, for operators: who of the route does not answer, and who does instead. None
    /// if nothing is.
    fn trouble(&self, asker: &Asker) -> Option<String> {
        let _ = asker;
        None
    }

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

/// The same of all messages of a request.
fn estimate_input(request: &Request) -> u32 {
    let messages = request.messages.iter();
    messages
        .map(|message| estimate_tokens(&message.content))
        .fold(0, u32::saturating_add)
}
