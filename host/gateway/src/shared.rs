//! What all requests of a gateway share.

use crate::{
    Config, Limits, Parts, RoomSetup,
    audit::{Audit, Fingerprints},
    in_use::InUse,
    names::{self, Taken},
    places::{Place, Places},
    problem::Problem,
    rate::{self, Bucket, Buckets},
    room::{Room, RoomWork},
};
use arc_swap::ArcSwap;
use chatter_bus::SharedBus;
use chatter_emotes::Emotes;
use chatter_protocol::{AuthorId, Clock, RoomId};
use chatter_store::{Duty, Rota, SharedStore, StoreError};
use std::{
    collections::HashMap,
    fmt,
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// How long a request waits for the store.
const STORE_DEADLINE: Duration = Duration::from_secs(5);

/// New sessions per second in the long run, and at once: each stays in the store.
const SESSIONS: (f64, u32) = (20.0, 200);

/// Of these, from one address where that is bounded: others are not kept from theirs.
const SESSIONS_FROM_ONE: (f64, u32) = (1.0, 50);

/// Of so many connections one is kept for requests, however many want to watch.
pub(crate) const KEPT_FOR_REQUESTS: usize = 16;

/// A page asks over connections of its own, beside its WebSocket: so many from an address, for each
/// viewer that may be there.
const CONNECTIONS_PER_VIEWER: usize = 4;

/// Long pages of logs that are on their way to one address where that is bounded.
const LONG_PAGES_TO_ONE: usize = 16;

/// How many authors and how many addresses are told apart where their messages are counted.
const COUNTED: usize = 10_000;

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) bus: SharedBus,
    pub(crate) store: SharedStore,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Its part among the gateways, one of which takes in what comes to a room otherwise than from
    /// its own viewers.
    pub(crate) intake: Rota,
    /// What moderation decided here, on disk.
    pub(crate) audit: Option<Arc<Audit>>,
    pub(crate) fingerprints: Fingerprints,
    rooms: ArcSwap<Rooms>,
    pub(crate) operator_sha256: String,
    /// Ends connections.
    pub(crate) closing: CancellationToken,
    /// Connections, of HTTP and WebSocket alike.
    pub(crate) connections: TaskTracker,
    pub(crate) places: Arc<Places>,
    /// Connections by where they come from, viewers' among them.
    pub(crate) doors: Arc<Places>,
    /// Answers with a part of a recording that are on their way.
    pub(crate) listeners: Arc<Places>,
    /// Long pages of logs that are on their way.
    pub(crate) long_pages: Arc<Places>,
    /// What is to be kept of sessions that are in use.
    pub(crate) in_use: InUse,
    sessions: Mutex<Bucket>,
    sessions_from: Mutex<Buckets<IpAddr>>,
    posts: Mutex<Buckets<AuthorId>>,
    addresses: Mutex<Buckets<IpAddr>>,
}

impl Shared {
    pub(crate) fn new(mut config: Config, parts: Parts) -> (Arc<Self>, Vec<RoomWork>) {
        let setups = std::mem::take(&mut config.rooms);
        let Parts {
            bus,
            store,
            clock,
            metrics,
            ready,
        } = parts;
        let closing = CancellationToken::new();
        let (rooms, work) = Rooms::default().become_these(&setups, &config.limits, &closing);
        let limits = &config.limits;
        let posts = Buckets::new(limits.post_per_second, limits.post_burst, COUNTED);
        let addresses = Buckets::new(limits.address_per_second, limits.address_burst, COUNTED);
        let places = Places::new(
            limits
                .viewers
                .min(limits.connections - limits.connections / KEPT_FOR_REQUESTS),
            limits.viewers_per_address,
            config.proxies.clone(),
        );
        let doors = Places::new(
            usize::MAX,
            limits
                .viewers_per_address
                .saturating_mul(CONNECTIONS_PER_VIEWER),
            config.proxies.clone(),
        );
        // Who watches may listen.
        let listeners = Places::new(
            limits.listeners,
            limits.viewers_per_address,
            config.proxies.clone(),
        );
        let long_pages = Places::new(limits.long_pages, LONG_PAGES_TO_ONE, config.proxies.clone());
        let intake = Rota::new(Arc::clone(&store), Duty::Intake);
        intake.set_rooms(setups.iter().map(|setup| setup.id.clone()));
        let shared = Self {
            intake,
            audit: config
                .audit
                .clone()
                .map(|folder| Arc::new(Audit::new(folder))),
            fingerprints: Fingerprints::new(&config.operator_token),
            operator_sha256: names::sha256(config.operator_token.expose()),
            rooms: ArcSwap::from_pointee(rooms),
            config,
            bus,
            store,
            clock,
            metrics,
            ready,
            closing,
            connections: TaskTracker::new(),
            places: Arc::new(places),
            doors: Arc::new(doors),
            listeners: Arc::new(listeners),
            long_pages: Arc::new(long_pages),
            in_use: InUse::default(),
            sessions: Mutex::new(Bucket::new(SESSIONS.0, SESSIONS.1, Instant::now())),
            sessions_from: Mutex::new(Buckets::new(
                SESSIONS_FROM_ONE.0,
                SESSIONS_FROM_ONE.1,
                COUNTED,
            )),
            posts: Mutex::new(posts),
            addresses: Mutex::new(addresses),
        };
        (Arc::new(shared), work)
    }

    pub(crate) fn rooms(&self) -> Arc<Rooms> {
        self.rooms.load_full()
    }

    /// These are the rooms from now on. Those that are new are to be put to work; those that are no
    /// longer there are closed.
    pub(crate) fn set_rooms(&self, setups: &[RoomSetup]) -> Vec<RoomWork> {
        self.intake
            .set_rooms(setups.iter().map(|setup| setup.id.clone()));
        let before = self.rooms();
        let (rooms, work) = before.become_these(setups, &self.config.limits, &self.closing);
        let rooms = Arc::new(rooms);
        self.rooms.store(Arc::clone(&rooms));
        for room in &before.order {
            if !rooms.by_id.contains_key(&room.id) {
                room.closing.cancel();
            }
        }
        work
    }

    pub(crate) fn room(&self, tenant: &str, room: &str) -> Result<Arc<Room>, Problem> {
        RoomId::from_parts(tenant, room)
            .ok()
            .and_then(|id| self.rooms.load().by_id.get(&id).cloned())
            .ok_or_else(|| {
                Problem::not_found("there is no such room: GET /v1/rooms lists the rooms")
            })
    }

    /// A room's own emotes.
    pub(crate) fn emotes(&self, room: &RoomId) -> Arc<Emotes> {
        let albums = self.config.emotes.load();
        albums.get(room).cloned().unwrap_or_default()
    }

    /// Whether so many connections are there beside the viewers' that one which nobody uses right now may
    /// keep a viewer out: half of those that viewers can't have, since the other half is for requests under way.
    pub(crate) fn is_crowded(&self) -> bool {
        let others = self.doors.taken().saturating_sub(self.places.taken());
        let most = self.config.limits.connections - self.places.most();
        others > (most / 2).max(1)
    }

    /// Waits for the store, but not for ever.
    pub(crate) async fn store<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        match tokio::time::timeout(STORE_DEADLINE, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Problem::unavailable(
                "store_unavailable",
                "the store does not answer: try again later",
            )),
        }
    }

    /// Whether one more session may be made now, for somebody in a network if that is bounded.
    pub(crate) fn may_make_session(&self, network: Option<IpAddr>) -> Result<(), Problem> {
        let now = Instant::now();
        if let Some(network) = network {
            self.sessions_from
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(network, now)
                .map_err(|wait| {
                    Problem::rate_limited(
                        "too many new sessions from this address: try again later",
                        wait,
                    )
                })?;
        }
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(now)
            .map_err(|wait| Problem::rate_limited("too many new sessions: try again later", wait))
    }

    /// Whether one more message may come from an address now.
    pub(crate) fn may_post_from(&self, address: IpAddr) -> Result<(), Problem> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(rate::network(address), Instant::now())
            .map_err(|wait| {
                Problem::rate_limited(
                    "too many messages from this address: wait, then send it again",
                    wait,
                )
            })
    }

    /// Whether an author may post one more message now.
    pub(crate) fn may_post_as(&self, author: &AuthorId) -> Result<(), Problem> {
        self.posts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(author.clone(), Instant::now())
            .map_err(|wait| {
                Problem::rate_limited(
                    "too many messages of this author: wait, then send it again",
                    wait,
                )
            })
    }
}

/// The rooms of the gateway.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    /// In the order of the configuration.
    pub(crate) order: Vec<Arc<Room>>,
    by_id: HashMap<RoomId, Arc<Room>>,
    /// Names of the personas of all rooms.
    pub(crate) taken: Taken,
}

impl Rooms {
    /// Rooms as these set-ups say, and the work of those that were not there. The others are kept, and
    /// get their new rules.
    fn become_these(
        &self,
        setups: &[RoomSetup],
        limits: &Limits,
        closing: &CancellationToken,
    ) -> (Self, Vec<RoomWork>) {
        let mut work = Vec::new();
        let mut rooms = Self {
            taken: Taken::of(setups.iter().flat_map(|setup| &setup.personas)),
            ..Self::default()
        };
        for setup in setups {
            let room = match self.by_id.get(&setup.id) {
                Some(room) => {
                    room.set_rules(setup);
                    Arc::clone(room)
                }
                None => {
                    let (room, new) = Room::new(setup, limits, closing.child_token());
                    work.push(new);
                    room
                }
            };
            rooms.by_id.insert(setup.id.clone(), Arc::clone(&room));
            rooms.order.push(room);
        }
        (rooms, work)
    }
}

/// A connection's place among those that are served at a time. What outlives its HTTP part, a
/// WebSocket, holds a clone.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    _permit: Arc<(OwnedSemaphorePermit, Place)>,
    _connection: TaskTrackerToken,
}

impl Slot {
    pub(crate) fn new(
        permit: OwnedSemaphorePermit,
        door: Place,
        connections: &TaskTracker,
    ) -> Self {
        Self {
            _permit: Arc::new((permit, door)),
            _connection: connections.token(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
