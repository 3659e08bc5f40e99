//! What texts are, by categories: a client of any server that speaks OpenAI's
//! [moderations](https://platform.openai.com/docs/api-reference/moderations/create).
//!
//! Nothing but texts is sent. What a score leads to is for whoever asks.

mod counted;
mod refusals;
mod wire;

use crate::{About, ConfigError, failure::Failure, provider::Pause, queue::Queue, server};
use async_trait::async_trait;
use chatter_http::{
    Ask, Auth, BaseUrl, Breaker, CONNECT, Extent, Method, News, Pass, Patience, Secret, Server,
    Watch,
};
use chatter_protocol::{PersonaId, RoomId, TenantId, memory::Scope};
use counted::{BREAKER, Counted, QUEUE, SECONDS};
use metrics::{Gauge, Histogram, gauge, histogram};
use rand::RngExt as _;
use refusals::{HARMLESS, Refusals};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};

/// OpenAI's model, and what others take as the name of theirs where they have one alone.
pub const OPENAI_MODERATION: &str = "omni-moderation-latest";

/// The longest answer that is read: 32 texts, of each 13 categories with three values, are some 50 KB.
const MAX_BODY: usize = 256 << 10;

/// When it is left alone, and for how long.
const PATIENCE: Patience = Patience {
    failures: 5,
    first_rest: Duration::from_secs(5),
    longest_rest: Duration::from_secs(60),
};

/// How often it is tried if it can't be reached, is overloaded, or fails by itself.
const TRIES: u32 = 2;

/// How long one waits before the second time, if the server says nothing of it: up to half as long again.
const BACKOFF: Duration = Duration::from_millis(100);

/// The longest that it is left alone because it asked for it. A server may be wrong too.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What has to be left of the deadline for another try to be worth it.
const LEAST: Duration = Duration::from_millis(200);

/// Who had less time than this, and than half of what there was in all, says nothing of the server by not being answered.
const FAIR_CHANCE: Duration = Duration::from_millis(500);

/// What a text is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// Whether the server's own thresholds are reached.
    pub flagged: bool,
    /// How much it is of each category, 0 to 1, under the names that the server gives them.
    pub scores: BTreeMap<String, f64>,
}

/// Why nobody says what texts are. In words for operators, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassessed(Failure);

impl Unassessed {
    /// As a label of metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.0.name()
    }

    /// Whether it is the texts that the server does not take. Of several one may be to blame.
    #[must_use]
    pub const fn is_of_the_texts(&self) -> bool {
        matches!(self.0, Failure::Refused(_))
    }

    /// That the server does not take the texts, or one of them, and why.
    #[must_use]
    pub fn of_the_texts(why: impl Into<String>) -> Self {
        Self(Failure::Refused(why.into()))
    }

    /// That nobody of such a name is there to be asked.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self(Failure::Unfit(format!("there is no provider {name:?}")))
    }
}

impl fmt::Display for Unassessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unassessed {}

/// Says what texts are.
#[async_trait]
pub trait Assessor: Send + Sync + 'static {
    /// What each of some texts is, in their order. The room is for taking turns with others; the server learns
    /// nothing of it.
    ///
    /// # Errors
    ///
    /// If there is no answer about all of them before `until`.
    async fn assess(
        &self,
        texts: &[String],
        room: &RoomId,
        until: Instant,
    ) -> Result<Vec<Assessment>, Unassessed>;

    /// What is wrong for a tenant, for operators; none if nothing is.
    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        let _ = tenant;
        None
    }
}

/// A server, as an operator describes it.
#[derive(Clone, Debug)]
pub struct ModerationConfig {
    /// What policies call it.
    pub name: String,
    /// The address that `/moderations` is appended to, such as `https://api.openai.com/v1`.
    pub base_url: BaseUrl,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Servers on one's own machine need none.
    pub api_key: Option<Secret>,
    /// How many requests may be under way at once. At least 1.
    pub concurrency: usize,
    /// How many more may wait. With more, the newest of whoever has most waiting is sent away.
    pub queue: usize,
    /// How long making a connection may take. The request's deadline holds besides.
    pub connect_timeout: Duration,
}

impl ModerationConfig {
    /// With the usual limits: no key, 4 requests at once, 256 more that wait, 5 s to connect.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        base_url: impl Into<BaseUrl>,
        model: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            model: model.into(),
            api_key: None,
            concurrency: 4,
            queue: 256,
            connect_timeout: CONNECT,
        }
    }
}

/// A server of moderations.
pub struct Moderation {
    name: Arc<str>,
    server: Server,
    model: String,
    /// In whose place its requests wait, among a room's.
    asks_as: PersonaId,
    queue: Queue,
    breaker: Breaker<TenantId>,
    pause: Pause,
    refusals: Refusals,
    watch: Watch,
    level: Gauge,
    took: Histogram,
}

impl Moderation {
    /// Checks the settings. The server is asked nothing: it may start later.
    ///
    /// # Errors
    ///
    /// If a setting can't be used; the error says which and why.
    pub fn new(config: ModerationConfig) -> Result<Self, ConfigError> {
        if config.model.trim().is_empty() {
            return Err(ConfigError::Model);
        }
        if config.concurrency == 0 {
            return Err(ConfigError::Zero("concurrency"));
        }
        if config.base_url.path().ends_with("/moderations") {
            let why = "leave /moderations out, it is appended";
            return Err(ConfigError::BaseUrl(why.into()));
        }
        let auth = config.api_key.map_or(Auth::Nothing, Auth::Bearer);
        let server = Server::connecting(&config.base_url, auth, MAX_BODY, config.connect_timeout)?;
        let name: Arc<str> = config.name.into();
        let level = gauge!(BREAKER, "provider" => name.to_string());
        level.set(0.0);
        Ok(Self {
            server,
            model: config.model,
            asks_as: PersonaId::new("moderation").expect("a slug"),
            queue: Queue::new(
                config.concurrency,
                config.queue,
                gauge!(QUEUE, "provider" => name.to_string()),
            ),
            breaker: Breaker::new(PATIENCE),
            pause: Pause::default(),
            refusals: Refusals::default(),
            watch: Watch::default(),
            level,
            took: histogram!(SECONDS, "provider" => name.to_string()),
            name,
        })
    }

    /// What it is, for people.
    #[must_use]
    pub fn about(&self) -> About {
        About {
            model: self.model.clone(),
            place: self.server.shown(),
            offline: false,
        }
    }

    async fn in_turn(
        &self,
        texts: &[String],
        asker: &Scope,
        until: Instant,
    ) -> Result<Vec<Assessment>, Failure> {
        // Who comes while it is down doesn't wait in the queue first.
        let (tenant, given) = (asker.room.tenant(), until.duration_since(Instant::now()));
        if self.breaker.rests(&tenant, Instant::now()) {
            self.show();
            return Err(Failure::Resting);
        }
        let (mut pass, mut tries) = (None, 0);
        loop {
            self.pause.is_over(until, LEAST).await?;
            // A place is held for as long as something is asked, and no longer.
            let place = self.queue.place(asker, until).await.ok_or(Failure::Full)?;
            if self.pause.is_on() {
                // Somebody was told meanwhile to come later.
                continue;
            }
            let leave = match pass.take() {
                Some(leave) => leave,
                None => {
                    let leave = self.breaker.pass(tenant.clone(), Instant::now());
                    self.show();
                    leave.map_err(|_| Failure::Resting)?
                }
            };
            let began = Instant::now();
            if began >= until {
                return Err(Failure::Full);
            }
            tries += 1;
            let (answer, is_worth_another) = timeout_at(until, self.once(texts))
                .await
                .unwrap_or((Err(Failure::TimedOut), false));
            let answer = match answer {
                Err(refused @ Failure::Refused(_)) if self.refusals.refused(texts.len()) => {
                    Err(self.doubt(refused, until).await)
                }
                answer => answer,
            };
            if answer.is_ok() {
                self.refusals.answered();
            }
            drop(place);
            self.took.record(began.elapsed());
            let wait = match &answer {
                Err(Failure::Busy { after, .. }) => {
                    let wait = after.unwrap_or_else(backoff).min(LONGEST_PAUSE);
                    self.pause.until(Instant::now() + wait);
                    Some(wait)
                }
                Err(_) if is_worth_another => Some(backoff()),
                _ => None,
            };
            let again =
                wait.filter(|wait| tries < TRIES && Instant::now() + *wait + LEAST <= until);
            let Some(wait) = again else {
                judge(leave, &answer, began.elapsed(), given);
                self.show();
                self.tell(&tenant, &answer);
                return answer;
            };
            pass = Some(leave);
            sleep(wait).await;
        }
    }

    /// What a refusal is of a server that refuses one text after another: its fault, if it takes not even a harmless one.
    async fn doubt(&self, refused: Failure, until: Instant) -> Failure {
        let harmless = [HARMLESS.to_owned()];
        match timeout_at(until, self.once(&harmless)).await {
            Ok((Ok(_), _)) => {
                self.refusals.answered();
                refused
            }
            // Its own words may repeat what somebody wrote.
            Ok((Err(Failure::Refused(_)), _)) => Failure::Broken(
                "it refuses one text after another, a harmless one too: see whether the model's name is right"
                    .into(),
            ),
            _ => refused,
        }
    }

    /// Shows whether it is asked.
    fn show(&self) {
        self.level.set(self.breaker.level(Instant::now()));
    }

    /// Asks once; and whether it may be another thing the next time.
    async fn once(&self, texts: &[String]) -> (Result<Vec<Assessment>, Failure>, bool) {
        let body = wire::Request {
            model: &self.model,
            input: texts,
        };
        let ask = Ask {
            method: Method::POST,
            path: &["moderations"],
            query: &[],
            headers: &[],
            body: Some(&body),
        };
        let answer = match self.server.exchange(&ask).await {
            Ok(answer) => answer,
            Err(failure) => {
                let failure = server::no_answer(failure);
                let is_worth_another = matches!(failure, Failure::NotConnected(_));
                return (Err(failure), is_worth_another);
            }
        };
        if answer.status == 200 {
            let read = wire::read(&answer.body, texts.len())
                .map_err(|how| Failure::Garbled(format!("{} answered {how}", self.server.shown())));
            return (read, false);
        }
        let failure = server::not_ok(&self.server, &answer);
        // Whoever says that it took too long has had the time.
        let is_worth_another = answer.status >= 500 && !matches!(failure, Failure::Late(_));
        (Err(failure), is_worth_another)
    }

    /// Tells the operator what has changed.
    fn tell(&self, tenant: &TenantId, answer: &Result<Vec<Assessment>, Failure>) {
        let is_good = match answer {
            Ok(_) => true,
            // Of having no time nothing is learned, and what comes of a text alone is no outage.
            Err(Failure::Paused | Failure::Refused(_)) => return,
            Err(_) => false,
        };
        let now = Instant::now();
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
                "the moderation provider does not answer: {failure}; what policies say of `on_failure` holds until it does"
            ),
            (Some(News::Recovered(after)), _) => tracing::info!(
                provider = %self.name, model, server = place,
                "the moderation provider answers again, after {after:.1?}"
            ),
            _ => {}
        }
    }
}

#[async_trait]
impl Assessor for Moderation {
    async fn assess(
        &self,
        texts: &[String],
        room: &RoomId,
        until: Instant,
    ) -> Result<Vec<Assessment>, Unassessed> {
        let counted = Counted::new(&self.name, texts.len());
        let asker = Scope {
            room: room.clone(),
            persona: self.asks_as.clone(),
        };
        let answer = self.in_turn(texts, &asker, until).await;
        counted.end(&answer);
        answer.map_err(|failure| {
            tracing::debug!(provider = %self.name, "no answer: {failure}");
            Unassessed(failure)
        })
    }

    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        let is_failing =
            self.pause.is_on() || self.breaker.outage(tenant, Instant::now()).is_some();
        is_failing.then(|| format!("the moderation provider {} does not answer", self.name))
    }
}

/// What an answer that took so long, of so much time in all, says of the server, if it says anything.
fn judge<T>(
    pass: Pass<'_, TenantId, ()>,
    answer: &Result<T, Failure>,
    took: Duration,
    given: Duration,
) {
    match answer {
        // What it refuses is of the texts.
        Ok(_) | Err(Failure::Busy { .. } | Failure::Refused(_)) => {
            let _ = pass.good(Instant::now());
        }
        Err(Failure::TimedOut) if took < FAIR_CHANCE.min(given / 2) => {}
        Err(_) => drop(pass.bad(Instant::now(), ())),
    }
}

fn backoff() -> Duration {
    BACKOFF.mul_f64(1.0 + rand::rng().random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests;
