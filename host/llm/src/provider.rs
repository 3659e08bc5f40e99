//! One provider, as a crowd asks it: in turn, within its bounds, and not while it is down.

use crate::{
    About,
    breaker::{self, Breaker},
    budget::{Charge, Price},
    failure::{Failure, Used},
    queue::Queue,
    server::{Answer, ConfigError, Server, ServerConfig},
    watch::{Change, Watch},
};
use async_trait::async_trait;
use chatter_protocol::{llm::Request, memory::Scope};
use metrics::{Gauge, Histogram, counter, gauge, histogram};
use rand::RngExt as _;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How requests to a provider ended.
pub(crate) const REQUESTS: &str = "chatter_llm_requests_total";

/// How long it took, from a request's place to its end.
const SECONDS: &str = "chatter_llm_seconds";

/// How long requests waited for their place.
const QUEUED: &str = "chatter_llm_queue_seconds";

/// How many wait for a place.
const QUEUE: &str = "chatter_llm_queue_length";

/// Whether it is asked: 0 yes, 1 by one request to try, 2 no.
const BREAKER: &str = "chatter_llm_breaker";

/// Tokens as the provider counted them.
const TOKENS: &str = "chatter_llm_tokens_total";

/// What they cost, as far as prices are known.
const MONEY: &str = "chatter_llm_money";

/// How often it is tried if it can't be reached, or is overloaded.
const TRIES: u32 = 2;

/// How long one waits before the second time, if the provider says nothing of it: up to half as long
/// again, so that not all come back at once.
const BACKOFF: Duration = Duration::from_millis(300);

/// The longest that a provider is left alone because it asked for it. A server may be wrong too.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What has to be left of the deadline for another try to be worth it.
const LEAST: Duration = Duration::from_millis(500);

/// Who had less time than this says nothing of the provider by not being answered.
const FAIR_CHANCE: Duration = Duration::from_secs(1);

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
    name: Arc<str>,
    backend: Box<dyn Backend>,
    queue: Queue,
    breaker: Breaker,
    /// Until when it wants to be left alone.
    pause: Mutex<Option<Instant>>,
    watch: Watch,
    timeout: Option<Duration>,
    price: Option<Price>,
    length: Gauge,
    level: Gauge,
    took: Histogram,
    queued: Histogram,
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
        let name: Arc<str> = config.name.into();
        let level = gauge!(BREAKER, "provider" => name.to_string());
        level.set(0.0);
        Self {
            backend,
            queue: Queue::new(config.concurrency, config.queue),
            breaker: Breaker::default(),
            pause: Mutex::default(),
            watch: Watch::default(),
            timeout: config.timeout,
            price: config.price,
            length: gauge!(QUEUE, "provider" => name.to_string()),
            level,
            took: histogram!(SECONDS, "provider" => name.to_string()),
            queued: histogram!(QUEUED, "provider" => name.to_string()),
            name,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }

    pub(crate) fn about(&self) -> About {
        self.backend.about()
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
        let answer = self.in_turn(asker, request, seed, until, charge).await;
        counted.end(&answer);
        answer
    }

    async fn in_turn(
        &self,
        asker: &Scope,
        request: &Request,
        seed: u64,
        until: Instant,
        charge: &Charge<'_>,
    ) -> Result<Answer, Failure> {
        // Who comes while it is down doesn't wait in the queue first.
        if self.breaker.rests(Instant::now()) {
            return Err(Failure::Resting);
        }
        if self.paused_beyond(until) {
            return Err(Failure::Paused);
        }
        let came = Instant::now();
        let place = self.queue.place(asker, until);
        self.length.set(count(self.queue.len()));
        let place = place.await;
        self.length.set(count(self.queue.len()));
        self.queued.record(came.elapsed());
        let _place = place.ok_or(Failure::Full)?;
        let pass = self.breaker.pass(Instant::now());
        self.level.set(self.breaker.level());
        let pass = pass.ok_or(Failure::Resting)?;
        let started = Instant::now();
        let answer = self.tries(request, seed, until, charge).await;
        self.took.record(started.elapsed());
        let change = match &answer {
            Ok(_) | Err(Failure::Refused(_) | Failure::Declined { .. } | Failure::Busy { .. }) => {
                pass.good()
            }
            // It was not asked, or answered as it was asked: whoever asks must not have a say in whether
            // others may.
            Err(Failure::Paused | Failure::Unfit(_) | Failure::Empty { .. }) => {
                drop(pass);
                None
            }
            Err(Failure::TimedOut) if started.elapsed() < FAIR_CHANCE => {
                drop(pass);
                None
            }
            Err(_) => pass.bad(Instant::now()),
        };
        self.level.set(self.breaker.level());
        self.tell(&answer, change);
        answer
    }

    /// Asks once or, where nothing came of it but that it is worth to ask again, twice.
    async fn tries(
        &self,
        request: &Request,
        seed: u64,
        until: Instant,
        charge: &Charge<'_>,
    ) -> Result<Answer, Failure> {
        let mut tries = 0;
        loop {
            self.wait_for_pause(until).await?;
            tries += 1;
            let now = Instant::now();
            let end = self
                .timeout
                .map_or(until, |timeout| until.min(now + timeout));
            charge.sent();
            let answer = timeout_at(end, self.backend.ask(request, seed))
                .await
                .unwrap_or(Err(Failure::TimedOut));
            let wait = match &answer {
                Err(Failure::Busy { after, .. }) => {
                    let wait = after.unwrap_or_else(backoff).min(LONGEST_PAUSE);
                    self.pause_until(Instant::now() + wait);
                    wait
                }
                Err(Failure::NotConnected(_)) => backoff(),
                _ => return answer,
            };
            if tries == TRIES || Instant::now() + wait + LEAST > until {
                return answer;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Whoever asks next is held back as well: it is the provider that is overloaded.
    fn pause_until(&self, until: Instant) {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        *pause = Some(pause.map_or(until, |pause| pause.max(until)));
    }

    fn paused(&self) -> Option<Instant> {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn paused_beyond(&self, until: Instant) -> bool {
        self.paused()
            .is_some_and(|pause| pause + LEAST > until && pause > Instant::now())
    }

    async fn wait_for_pause(&self, until: Instant) -> Result<(), Failure> {
        if self.paused_beyond(until) {
            return Err(Failure::Paused);
        }
        if let Some(pause) = self.paused() {
            sleep_until(pause).await;
        }
        Ok(())
    }

    /// Tells the operator what has changed. What the server says stays out of it but for its one
    /// short line: the key can't stand there.
    fn tell(&self, answer: &Result<Answer, Failure>, change: Option<breaker::Change>) {
        let is_good = match answer {
            Ok(_) | Err(Failure::Declined { .. }) => true,
            // Of having no time nothing is learned, and what comes of a request alone is no outage.
            Err(
                Failure::Paused | Failure::Refused(_) | Failure::Unfit(_) | Failure::Empty { .. },
            ) => return,
            Err(_) => false,
        };
        let About { model, place, .. } = self.about();
        match (self.watch.note(is_good), answer) {
            (Some(Change::Failed), Err(failure)) => tracing::warn!(
                provider = %self.name, model, server = place,
                "the language model does not answer: {failure}; who is next in the route does until it answers again, or personas stay silent"
            ),
            (Some(Change::Recovered), _) => tracing::info!(
                provider = %self.name, model, server = place,
                "the language model answers again"
            ),
            _ => {}
        }
        if let Some(breaker::Change::Opened(rest)) = change {
            tracing::debug!(provider = %self.name, ?rest, "it is left alone");
        }
    }
}

fn backoff() -> Duration {
    BACKOFF.mul_f64(1.0 + rand::rng().random::<f64>() / 2.0)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

/// A request in the metrics, whatever becomes of it.
struct Counted<'a> {
    provider: &'a Provider,
    tenant: String,
    is_told: bool,
}

impl<'a> Counted<'a> {
    fn new(provider: &'a Provider, asker: &Scope) -> Self {
        Self {
            provider,
            tenant: asker.room.tenant().to_string(),
            is_told: false,
        }
    }

    fn end(mut self, answer: &Result<Answer, Failure>) {
        self.is_told = true;
        let (provider, tenant) = (self.provider.name.to_string(), self.tenant.clone());
        let (end, usage) = match answer {
            Ok(answer) => ("answered", Some(answer.usage)),
            Err(failure) => match failure.used() {
                Used::This(usage) => (failure.name(), Some(usage)),
                Used::Nothing | Used::Unknown => (failure.name(), None),
            },
        };
        if let Some(usage) = usage {
            let cached = usage.cached_input.min(usage.input);
            let written = usage.cache_writes.min(usage.input - cached);
            for (kind, tokens) in [
                ("input", usage.input - cached - written),
                ("cached_input", cached),
                ("cache_write", written),
                ("output", usage.output),
            ] {
                counter!(TOKENS, "provider" => provider.clone(), "tenant" => tenant.clone(), "kind" => kind)
                    .increment(tokens.into());
            }
            if let Some(price) = &self.provider.price {
                // A gauge, since counters count whole numbers.
                gauge!(MONEY, "provider" => provider.clone(), "tenant" => tenant.clone())
                    .increment(price.of(&usage));
            }
        }
        counter!(REQUESTS, "provider" => provider, "tenant" => tenant, "end" => end).increment(1);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.provider.length.set(count(self.provider.queue.len()));
            counter!(
                REQUESTS,
                "provider" => self.provider.name.to_string(),
                "tenant" => std::mem::take(&mut self.tenant),
                "end" => "given_up"
            )
            .increment(1);
        }
    }
}

#[cfg(test)]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;
