//! The face to the outside: HTTP, WebSocket, admission to the rooms, fan-out to their viewers.
//!
//! There may be any number of them on one store, whose log is each room's one order. Gateways promise:
//! everyone in a room sees the same messages, at whichever gateway, in the same order, without gaps and without an id twice; what was acknowledged is in the log;
//! whoever comes back learns whether what it missed is complete; a persona is never passed off as a
//! person, nor a person as a persona. What comes from outside is checked before anything else sees
//! it, and a refusal says what to mend.
//!
//! It must not know who writes the personas' lines or how: those come out of the store's queue, and
//! what it shows of personas it hears on a topic. Nothing else in the tree knows axum.

mod admission;
mod api;
mod audit;
mod auth;
mod body;
mod coding;
mod crowd;
mod fanout;
mod frames;
mod in_use;
mod log;
mod moderators;
mod names;
mod now;
mod openapi;
mod origin;
mod outage;
mod people;
mod places;
mod problem;
mod proxies;
mod range;
mod rate;
mod recording;
mod room;
mod room_tasks;
mod routes;
mod serve;
mod shared;
mod sharer;
mod socket;
mod stream;
mod viewer;
pub mod ws;

use arc_swap::ArcSwap;
use chatter_bus::SharedBus;
use chatter_emotes::Emotes;
use chatter_llm::Assessor;
use chatter_protocol::{Clock, ModerationPolicy, PersonaId, RoomId, modes::Modes, room::Model};
use chatter_store::{Rota, SharedStore};
pub use origin::Origin;
pub use proxies::{Network, Proxies, ProxyHeader};
pub use recording::{Opened, Recording};
use shared::Shared;
use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// What a gateway is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the built page, with an `index.html`; without one, the room's address says how
    /// to build it.
    pub ui: Option<PathBuf>,
    /// The rooms. The first is where `/` leads.
    pub rooms: Vec<RoomSetup>,
    /// Proves the operator, who may do everything: `Authorization: Bearer TOKEN`.
    pub operator_token: OperatorToken,
    /// What the personas think with, for the page.
    pub model: Model,
    /// Whether people may read and speak, and make sessions, without a token.
    pub guests: bool,
    /// Other origins whose pages may use this gateway. Its own always may.
    pub allowed_origins: Vec<Origin>,
    /// Whether the session's cookie is for HTTPS alone: to be set behind a proxy that ends TLS.
    pub secure_cookie: bool,
    /// The folder in which verdicts of moderation are kept; without one they are only said on the bus.
    pub audit: Option<PathBuf>,
    /// The rooms' own emotes. What is put there holds from then on.
    pub emotes: Albums,
    /// Who says what texts are, by the names that policies have for them.
    pub assessors: Assessors,
    /// Those who say whom they speak for.
    pub proxies: Proxies,
    /// Bounds.
    pub limits: Limits,
}

/// Rooms' own emotes, by room; it may be replaced at any time.
pub type Albums = Arc<ArcSwap<BTreeMap<RoomId, Arc<Emotes>>>>;

/// Moderation providers, by name.
#[derive(Clone, Default)]
pub struct Assessors(BTreeMap<String, Arc<dyn Assessor>>);

impl Assessors {
    /// These.
    #[must_use]
    pub fn new(assessors: BTreeMap<String, Arc<dyn Assessor>>) -> Self {
        Self(assessors)
    }

    fn of(&self, name: &str) -> Option<&Arc<dyn Assessor>> {
        self.0.get(name)
    }
}

impl fmt::Debug for Assessors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Config {
    /// A gateway for guests on the loopback interface, without rooms.
    #[must_use]
    pub fn new(operator_token: OperatorToken, model: Model) -> Self {
        Self {
            ui: None,
            rooms: Vec::new(),
            operator_token,
            model,
            guests: true,
            allowed_origins: Vec::new(),
            secure_cookie: false,
            audit: None,
            emotes: Albums::default(),
            assessors: Assessors::default(),
            proxies: Proxies::default(),
            limits: Limits::default(),
        }
    }
}

/// A room as the gateway needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomSetup {
    /// Its id.
    pub id: RoomId,
    /// What viewers read.
    pub title: String,
    /// What may be said in it.
    pub policy: ModerationPolicy,
    /// How everyone may chat in it, until a moderator says otherwise.
    pub modes: Modes,
    /// Who sits in it: people may mention these and may not take their names.
    pub personas: Vec<PersonaSeat>,
    /// What its viewers may hear of what it watches.
    pub recording: Option<Recording>,
}

/// A persona of a room's roster.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonaSeat {
    /// Its slug.
    pub id: PersonaId,
    /// Its display name.
    pub name: String,
}

/// Bounds of a gateway.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time; more wait in the listener's backlog. Of these one in sixteen is kept for
    /// requests: viewers beyond that are told that the gateway is full.
    pub connections: usize,
    /// Viewers at a time, if there may be so many of all connections.
    pub viewers: usize,
    /// Viewers of one room at a time; more are told that it is full.
    pub viewers_per_room: usize,
    /// Viewers from one address at a time (with IPv6: from one /64); more are told so. Addresses of
    /// this machine and of private networks, where proxies may be, have no such bound, and neither have
    /// the proxies that are known. Four times as many connections may come from one in all.
    pub viewers_per_address: usize,
    /// Messages of a room that wait for admission; more are refused as `busy`.
    pub queue: usize,
    /// The newest frames of a room that all its viewers share; who falls further behind reads from the
    /// log.
    pub live_queue: usize,
    /// Messages that a viewer who watches may be behind; beyond that it is told so and goes on with
    /// what is new.
    pub most_behind: u64,
    /// Answers with a part of a recording that are on their way at a time; to more it is said that too
    /// many listen. Each holds a file open.
    pub listeners: usize,
    /// Long pages of rooms' logs that are on their way at a time; to more it is said that there is no place. Each is
    /// in memory until all of it was taken.
    pub long_pages: usize,
    /// Messages per second of one WebSocket connection, in the long run.
    pub say_per_second: f64,
    /// Messages that one WebSocket connection may send at once.
    pub say_burst: u32,
    /// Messages per second of one author, over however many connections, in the long run. The operator
    /// has no such bound.
    pub post_per_second: f64,
    /// Messages that one author may send at once.
    pub post_burst: u32,
    /// Messages per second from one address (with IPv6: from one /64) over HTTP, whoever their
    /// authors are, in the long run. Behind a proxy that is not known all of its clients are one address.
    pub address_per_second: f64,
    /// Messages that one address may send at once over HTTP.
    pub address_burst: u32,
    /// Messages per second of one room on `chat.ingest`, in the long run.
    pub ingest_per_second: f64,
    /// Messages that may come there at once.
    pub ingest_burst: u32,
    /// How long the other side of a connection may take nothing before that ends.
    pub write_deadline: Duration,
}

impl Limits {
    /// How many connections there have to be for so many viewers, and the requests beside them.
    #[must_use]
    pub const fn connections_for(viewers: usize) -> usize {
        let groups = viewers.div_ceil(shared::KEPT_FOR_REQUESTS - 1);
        groups.saturating_mul(shared::KEPT_FOR_REQUESTS)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            viewers: 11_250,
            viewers_per_room: 10_000,
            viewers_per_address: 200,
            queue: 1024,
            live_queue: 256,
            most_behind: 5000,
            listeners: 500,
            long_pages: 256,
            say_per_second: 20.0,
            say_burst: 100,
            post_per_second: 20.0,
            post_burst: 200,
            address_per_second: 200.0,
            address_burst: 2000,
            ingest_per_second: 200.0,
            ingest_burst: 2000,
            write_deadline: Duration::from_secs(10),
        }
    }
}

/// The operator's secret. Its value is in no log.
#[derive(Clone)]
pub struct OperatorToken(String);

impl OperatorToken {
    /// Takes the token as it is.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken")
    }
}

/// What a gateway works with.
#[derive(Clone)]
pub struct Parts {
    /// Where accepted messages and verdicts go, and statuses and trends come from.
    pub bus: SharedBus,
    /// Holds logs, queues and sessions.
    pub store: SharedStore,
    /// Gives messages their time.
    pub clock: Clock,
    /// Renders the process's metrics in the Prometheus text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether the other parts of the process are ready; if not, why. The gateway adds its own.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

/// The gateway. Its metrics go to the recorder that is installed when it is made.
pub struct Gateway {
    shared: Arc<Shared>,
    work: Vec<room::RoomWork>,
    wanted: watch::Sender<Vec<RoomSetup>>,
}

impl Gateway {
    /// Sets up a gateway; [`serve`](Self::serve) starts it.
    #[must_use]
    pub fn new(config: Config, parts: Parts) -> Self {
        let wanted = watch::Sender::new(config.rooms.clone());
        let (shared, work) = Shared::new(config, parts);
        Self {
            shared,
            work,
            wanted,
        }
    }

    /// Its part among those who take in what comes to the rooms otherwise than from viewers.
    #[must_use]
    pub fn rota(&self) -> Rota {
        self.shared.intake.clone()
    }

    /// What tells this gateway that its rooms are to be others, while it serves.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.wanted.clone())
    }
}

/// Tells a gateway that its rooms are to be others.
#[derive(Clone, Debug)]
pub struct Handle(watch::Sender<Vec<RoomSetup>>);

impl Handle {
    /// From now on these are the rooms, with these titles, policies and personas. What is judged after
    /// that is judged by the new policy. Viewers of a room that is no longer there are told so; its log
    /// stays in the store. Of two calls in quick succession only the later one may count.
    pub fn set_rooms(&self, rooms: Vec<RoomSetup>) {
        self.0.send_replace(rooms);
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway")
    }
}
