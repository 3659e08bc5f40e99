//! One provider, as a crowd asks it: in turn, within its bounds, and not while it is down.

mod counted;
mod pause;

pub(crate) use counted::REQUESTS;
pub(crate) use pause::Pause;

use crate::{
    About,
    budget::{Charge, Price},
    failure::Failure,
    queue::{Place, Queue},
    server::{Answer, ConfigError, Server, ServerConfig},
};
use async_trait::async_trait;
use chatter_http::{Breaker, Change, Extent, News, Pass, Patience, Watch};
use chatter_protocol::{TenantId, llm::Request, memory::Scope};
use counted::Counted;
use metrics::{Gauge, Histogram, gauge, histogram};
use rand::RngExt as _;
use std::{sync::Arc, time::Duration};
use tokio::{
    select,
    time::{Instant, sleep, timeout_at},
};

/// How long it took, from a request's place to its end.
const SECONDS: &str = "chatter_llm_seconds";

/// How long requests waited for their place.
const QUEUED: &str = "chatter_llm_queue_seconds";

/// How many wait for a place.
const QUEUE: &str = "chatter_llm_queue_length";

/// Whether it is asked: 0 yes, 1 by one request to try, 2 no.
const BREAKER: &str = "chatter_llm_breaker";

/// When it is left alone, and for how long.
const PATIENCE: Patience = Patience {
    failures: 5,
    first_rest: Duration::from_secs(5),
    longest_rest: Duration::from_secs(60),
};

/// How often it is tried if it can't be reached, or is overloaded.
const TRIES: u32 = 2;

/// How long one waits before the second time, if the provider says nothing of it: up to half as long
/// again, so that not all come back at once.
const BACKOFF: Duration = Duration::from_millis(300);

/// The longest that a provider is left alone because it asked for it. A server may be wrong too.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What has to be left of the deadline for another try to be worth it.
const LEAST: Duration = Duration::from_millis(500);

/// Who had less time than this, and than half of what the provider may take, says nothing of it by not being answered.
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
    breaker: Breaker<TenantId>,
    pause: Pause,
    watch: Watch,
    timeout: Option<Duration>,
    price: Option<Price>,
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
            queue: Queue::new(
                config.concurrency,
                config.queue,
                gauge!(QUEUE, "provider" => name.to_string()),
            ),
            breaker: Breaker::new(PATIENCE),
            pause: Pause::default(),
            watch: Watch::default(),
            timeout: config.timeout,
            price: config.price,
            level,
            took: histogram!(SECONDS, "provider" => name.to_string()),
            queued: histogram!(QUEUED, "provider" => name.to_string()),
            name,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it does not answer this tenant.
    pub(crate) fn is_failing(&self, tenant: &TenantId) -> bool {
        self.watch.fails_all() || self.breaker.outage(tenant, Instant::now()).is_some()
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
        let tenant = asker.room.tenant();
        if self.breaker.rests(&tenant, Instant::now()) {
            self.show();
            return Err(Failure::Resting);
        }
        let (mut pass, mut tries) = (None, 0);
        loop {
            // A place is held for as long as something is asked, and no longer.
            let place = self.place(asker, until).await?;
            let leave = match pass.take() {
                Some(leave) => leave,
                None => {
                    let leave = self.breaker.pass(tenant.clone(), Instant::now());
                    self.show();
                    leave.map_err(|_| Failure::Resting)?
                }
            };
            let began = Instant::now();
            tries += 1;
            let answer = self.once(request, seed, until, charge).await;
            drop(place);
            self.took.record(began.elapsed());
            let wait = match &answer {
                Err(Failure::Busy { after, .. }) => {
                    let wait = after.unwrap_or_else(backoff).min(LONGEST_PAUSE);
                    self.pause.until(Instant::now() + wait);
                    Some(wait)
                }
                Err(Failure::NotConnected(_)) => Some(backoff()),
                _ => None,
            };
            let again =
                wait.filter(|wait| tries < TRIES && Instant::now() + *wait + LEAST <= until);
            let Some(wait) = again else {
                let change = verdict(leave, &answer, began.elapsed(), self.timeout);
                self.show();
                self.tell(asker, &answer, change);
                return answer;
            };
            pass = Some(leave);
            sleep(wait).await;
        }
    }

    /// Shows whether it is asked.
    fn show(&self) {
        self.level.set(self.breaker.level(Instant::now()));
    }

    /// A place, at a time when it may be asked.
    async fn place(&self, asker: &Scope, until: Instant) -> Result<Place, Failure> {
        let came = Instant::now();
        loop {
            self.pause.is_over(until, LEAST).await?;
            let place = select! {
                place = self.queue.place(asker, until) => place.ok_or(Failure::Full),
                // Another one is asked rather than to wait for a place that would be of no use.
                () = self.pause.is_beyond(until, LEAST) => Err(Failure::Paused),
            }?;
            // Somebody who was asking may have been told meanwhile to come later.
            if !self.pause.is_on() {
                self.queued.record(came.elapsed());
                return Ok(place);
            }
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

    /// Tells the operator what has changed. What the server says stays out of it but for its one
    /// short line: the key can't stand there.
    fn tell(&self, asker: &Scope, answer: &Result<Answer, Failure>, change: Option<Change>) {
        let is_good = match answer {
            Ok(_) | Err(Failure::Declined { .. }) => true,
            // Of having no time nothing is learned, and what comes of a request alone is no outage.
            Err(
                Failure::Paused | Failure::Refused(_) | Failure::Unfit(_) | Failure::Empty { .. },
            ) => return,
            Err(_) => false,
        };
        let (tenant, now) = (asker.room.tenant(), Instant::now());
        let extent = match answer {
            // It says so of itself, whoever asks.
            Err(Failure::Busy { .. }) => Extent::All,
            _ => self.breaker.extent(now),
        };
        let About { model, place, .. } = self.about();
        match (self.watch.note(extent, is_good, now), answer) {
            (Some(News::Failed(extent)), Err(failure)) => tracing::warn!(
                provider = %self.name, model, server = place,
                tenant = (extent == Extent::Some).then(|| tenant.as_str()),
                "the language model does not answer: {failure}; who is next in the route does until it answers again, or personas stay silent"
            ),
            (Some(News::Recovered(after)), _) => tracing::info!(
                provider = %self.name, model, server = place,
                "the language model answers again, after {after:.1?}"
            ),
            _ => {}
        }
        if let Some(Change::Opened(rest) | Change::StaysOpen(rest)) = change {
            tracing::debug!(provider = %self.name, %tenant, ?rest, "it is left alone");
        }
    }
}

/// What an answer that took so long says of the provider, if it says anything.
fn verdict(
    pass: Pass<'_, TenantId, ()>,
    answer: &Result<Answer, Failure>,
    took: Duration,
    timeout: Option<Duration>,
) -> Option<Change> {
    let fair = timeout.map_or(FAIR_CHANCE, |timeout| FAIR_CHANCE.min(timeout / 2));
    match answer {
        Ok(_) | Err(Failure::Refused(_) | Failure::Declined { .. } | Failure::Busy { .. }) => {
            pass.good(Instant::now())
        }
        // It was not asked, or answered as it was asked: whoever asks must not have a say in whether others may.
        Err(Failure::Paused | Failure::Unfit(_) | Failure::Empty { .. }) => None,
        Err(Failure::TimedOut) if took < fair => None,
        Err(_) => pass.bad(Instant::now(), ()),
    }
}

fn backoff() -> Duration {
    BACKOFF.mul_f64(1.0 + rand::rng().random::<f64>() / 2.0)
}

#[cfg(test)]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;
