//! What texts are, by categories: a client of any server that speaks OpenAI's
//! [moderations](https://platform.openai.com/docs/api-reference/moderations/create).
//!
//! Nothing but texts is sent. What a score leads to is for whoever asks.

mod counted;
mod refusals;
mod wire;

use crate::{
    About, ConfigError,
    failure::Failure,
    gate::{Gate, Terms, Try},
    server,
};
use async_trait::async_trait;
use chatter_http::{Ask, Auth, BaseUrl, CONNECT, Method, Secret, Server};
use chatter_protocol::{PersonaId, RoomId, TenantId, memory::Scope};
use counted::{BREAKER, Counted, QUEUE, SECONDS};
use refusals::{HARMLESS, Refusals};
use std::{collections::BTreeMap, fmt, time::Duration};
use tokio::time::{Instant, timeout_at};

/// OpenAI's model, and what others take as the name of theirs where they have one alone.
pub const OPENAI_MODERATION: &str = "omni-moderation-latest";

/// The longest answer that is read: 32 texts, of each 13 categories with three values, are some 50 KB.
const MAX_BODY: usize = 256 << 10;

const TERMS: Terms = Terms {
    what: "the moderation provider",
    meanwhile: "what policies say of `on_failure` holds until it does",
    backoff: Duration::from_millis(100),
    least: Duration::from_millis(200),
    fair_chance: Duration::from_millis(500),
    seconds: SECONDS,
    queued: None,
    queue: QUEUE,
    breaker: BREAKER,
};

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
    server: Server,
    model: String,
    /// In whose place its requests wait, among a room's.
    asks_as: PersonaId,
    gate: Gate,
    refusals: Refusals,
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
        let about = About {
            model: config.model.clone(),
            place: server.shown(),
            offline: false,
        };
        Ok(Self {
            server,
            model: config.model,
            asks_as: PersonaId::new("moderation").expect("a slug"),
            gate: Gate::new(
                config.name.into(),
                about,
                TERMS,
                config.concurrency,
                config.queue,
            ),
            refusals: Refusals::default(),
        })
    }

    /// What it is, for people.
    #[must_use]
    pub fn about(&self) -> About {
        self.gate.about().clone()
    }

    /// Asks once; who is refused once too often, asks whether it is of the text.
    async fn try_once(&self, texts: &[String], until: Instant) -> Try<Vec<Assessment>> {
        let mut tried = timeout_at(until, self.once(texts))
            .await
            .unwrap_or_else(|_| Err(Failure::TimedOut).into());
        match tried.answer {
            Err(refused @ Failure::Refused(_)) if self.refusals.refused(texts.len()) => {
                tried.answer = Err(self.doubt(refused, until).await);
            }
            Ok(_) => self.refusals.answered(),
            Err(_) => {}
        }
        tried
    }

    /// What a refusal is of a server that refuses one text after another: its fault, if it takes not even a harmless one.
    async fn doubt(&self, refused: Failure, until: Instant) -> Failure {
        let harmless = [HARMLESS.to_owned()];
        match timeout_at(until, self.once(&harmless)).await.map(|tried| tried.answer) {
            Ok(Ok(_)) => {
                self.refusals.answered();
                refused
            }
            // Its own words may repeat what somebody wrote.
            Ok(Err(Failure::Refused(_))) => Failure::Broken(
                "it refuses one text after another, a harmless one too: see whether the model's name is right"
                    .into(),
            ),
            _ => refused,
        }
    }

    async fn once(&self, texts: &[String]) -> Try<Vec<Assessment>> {
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
            Err(failure) => return Err(server::no_answer(failure)).into(),
        };
        if answer.status == 200 {
            let read = wire::read(&answer.body, texts.len())
                .map_err(|how| Failure::Garbled(format!("{} answered {how}", self.server.shown())));
            return read.into();
        }
        let failure = server::not_ok(&self.server, &answer);
        // Whoever says that it took too long has had the time.
        let is_worth_another = answer.status >= 500 && !matches!(failure, Failure::Late(_));
        Try {
            answer: Err(failure),
            is_worth_another,
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
        let counted = Counted::new(self.gate.name(), texts.len());
        let asker = Scope {
            room: room.clone(),
            persona: self.asks_as.clone(),
        };
        let given = until.duration_since(Instant::now());
        let once = || self.try_once(texts, until);
        let answer = self.gate.ask(&asker, until, Some(given), once).await;
        counted.end(&answer);
        answer.map_err(|failure| {
            tracing::debug!(provider = %self.gate.name(), "no answer: {failure}");
            Unassessed(failure)
        })
    }

    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        let is_failing = self.gate.is_paused() || self.gate.is_out(tenant);
        is_failing.then(|| {
            format!(
                "the moderation provider {} does not answer",
                self.gate.name()
            )
        })
    }
}

#[cfg(test)]
mod tests;
