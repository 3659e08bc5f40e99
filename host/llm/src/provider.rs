//! One provider, as a crowd asks it: in turn, within its bounds, and not while it is down.

mod counted;
mod unusable;

pub(crate) use counted::REQUESTS;

use crate::{
    About,
    budget::{Charge, Price},
    failure::Failure,
    gate::{Gate, Terms},
    server::{Answer, ConfigError, Server, ServerConfig},
};
use async_trait::async_trait;
use chatter_http::{Extent, News};
use chatter_protocol::{TenantId, llm::Request, memory::Scope};
use counted::Counted;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use unusable::Unusable;

/// How long it took, from a request's place to its end.
const SECONDS: &str = "chatter_llm_seconds";

/// How long requests waited for their place.
const QUEUED: &str = "chatter_llm_queue_seconds";

/// How many wait for a place.
const QUEUE: &str = "chatter_llm_queue_length";

/// Whether it is asked: 0 yes, 1 by one request to try, 2 no.
const BREAKER: &str = "chatter_llm_breaker";

const TERMS: Terms = Terms {
    what: "the language model",
    meanwhile: "who is next in the route does until it answers again, or personas stay silent",
    backoff: Duration::from_millis(300),
    least: Duration::from_millis(500),
    fair_chance: Duration::from_secs(1),
    seconds: SECONDS,
    queued: Some(QUEUED),
    queue: QUEUE,
    breaker: BREAKER,
};

/// A provider, as an operator describes it.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// What routes call it.
    pub name: String,
    /// Its server.
    pub server: ServerConfig,
    /// How many requests may be under way at once. At least 1.
    pub concurrency: usize,
    /// How many more may wait. With more, the newest of whoever has most waiting is sent away.
    pub queue: usize,
    /// How long an answer may take. The request's deadline holds besides.
    pub timeout: Option<Duration>,
    /// What it costs, if it costs anything.
    pub price: Option<Price>,
}

impl ProviderConfig {
    /// With the usual limits: 4 requests at once, 256 more that wait.
    #[must_use]
    pub fn new(name: impl Into<String>, server: ServerConfig) -> Self {
        Self {
            name: name.into(),
            server,
            concurrency: 4,
            queue: 256,
            timeout: None,
            price: None,
        }
    }
}

/// Who answers in the end. Servers do; tests have scripted ones.
#[async_trait]
pub(crate) trait Backend: Send + Sync + 'static {
    async fn ask(&self, request: &Request, seed: u64) -> Result<Answer, Failure>;

    fn about(&self) -> About;

    /// How many tokens it may use up beside those of an answer.
    fn headroom(&self) -> u32 {
        0
    }
}

#[async_trait]
impl Backend for Server {
    async fn ask(&self, request: &Request, seed: u64) -> Result<Answer, Failure> {
        Self::ask(self, request, seed).await
    }

    fn about(&self) -> About {
        Self::about(self)
    }

    fn headroom(&self) -> u32 {
        Self::headroom(self)
    }
}

/// A provider.
pub(crate) struct Provider {
    backend: Box<dyn Backend>,
    gate: Gate,
    timeout: Option<Duration>,
    price: Option<Price>,
    unusable: Unusable,
}

impl Provider {
    pub(crate) fn new(config: ProviderConfig) -> Result<Self, ConfigError> {
        if config.concurrency == 0 {
            return Err(ConfigError::Zero("concurrency"));
        }
        let server = Server::new(config.server.clone())?;
        Ok(Self::with(config, Box::new(server)))
    }

    pub(crate) fn with(config: ProviderConfig, backend: Box<dyn Backend>) -> Self {
        Self {
            gate: Gate::new(
                config.name.into(),
                backend.about(),
                TERMS,
                config.concurrency,
                config.queue,
            ),
            backend,
            timeout: config.timeout,
            price: config.price,
            unusable: Unusable::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.gate.name()
    }

    /// What it does instead of answering this tenant, for operators; none if it answers.
    pub(crate) fn trouble(&self, tenant: &TenantId) -> Option<&'static str> {
        if self.gate.is_out_for_all() || self.gate.is_out(tenant) {
            Some("does not answer")
        } else {
            self.unusable.trouble(tenant)
        }
    }

    pub(crate) fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }

    pub(crate) fn about(&self) -> About {
        self.gate.about().clone()
    }

    /// How many tokens it may use up beside those of an answer.
    pub(crate) fn headroom(&self) -> u32 {
        self.backend.headroom()
    }

    /// Answers somebody before `until`.
    pub(crate) async fn complete(
        &self,
        asker: &Scope,
        request: &Request,
        seed: u64,
        until: Instant,
        charge: &Charge<'_>,
    ) -> Result<Answer, Failure> {
        let counted = Counted::new(self, asker);
        let once = || async { self.once(request, seed, until, charge).await.into() };
        let answer = self.gate.ask(asker, until, self.timeout, once).await;
        counted.end(&answer);
        self.tell(asker, &answer);
        answer
    }

    /// Tells the operator that it makes nothing of whatever it is asked, and that it does again. What is an outage, the
    /// gate tells.
    fn tell(&self, asker: &Scope, answer: &Result<Answer, Failure>) {
        let (name, about) = (self.name(), self.gate.about());
        let news = self.unusable.note(asker, answer, Instant::now());
        match (news, answer) {
            (Some(News::Failed(extent)), Err(failure)) => tracing::warn!(
                provider = name,
                model = about.model,
                server = about.place,
                tenant = (extent == Extent::Some).then(|| asker.room.tenant().to_string()),
                "the language model makes nothing of whatever it is asked: {failure}; {}; {}",
                unusable::hint(failure),
                TERMS.meanwhile
            ),
            (Some(News::Recovered(after)), _) => tracing::info!(
                provider = name,
                model = about.model,
                server = about.place,
                "the language model answers again, after {after:.1?}"
            ),
            _ => {}
        }
    }

    /// Asks once.
    async fn once(
        &self,
        request: &Request,
        seed: u64,
        until: Instant,
        charge: &Charge<'_>,
    ) -> Result<Answer, Failure> {
        let now = Instant::now();
        let end = self
            .timeout
            .map_or(until, |timeout| until.min(now + timeout));
        charge.sent();
        timeout_at(end, self.backend.ask(request, seed))
            .await
            .unwrap_or(Err(Failure::TimedOut))
    }
}

#[cfg(test)]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;
