//! What all requests of a gateway share.

use crate::{
    Config, Parts,
    names::{self, Taken},
    problem::Problem,
    rate::{self, Bucket, Buckets},
    room::{Room, RoomWork},
};
use chatter_bus::SharedBus;
use chatter_protocol::{AuthorId, Clock, RoomId};
use chatter_store::{SharedStore, StoreError};
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

/// How many authors and how many addresses are told apart where their messages are counted.
const COUNTED: usize = 10_000;

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) bus: SharedBus,
    pub(crate) store: SharedStore,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    pub(crate) rooms: HashMap<RoomId, Arc<Room>>,
    /// Names of the personas of all rooms.
    pub(crate) taken: Taken,
    pub(crate) operator_sha256: String,
    /// Ends connections.
    pub(crate) closing: CancellationToken,
    /// Connections, of HTTP and WebSocket alike.
    pub(crate) connections: TaskTracker,
    sessions: Mutex<Bucket>,
    posts: Mutex<Buckets<AuthorId>>,
    addresses: Mutex<Buckets<IpAddr>>,
}

impl Shared {
    pub(crate) fn new(config: Config, parts: Parts) -> (Arc<Self>, Vec<RoomWork>) {
        let Parts {
            bus,
            store,
            clock,
            metrics,
            ready,
        } = parts;
        let taken = Taken::new(
            config
                .rooms
                .iter()
                .flat_map(|room| &room.personas)
                .flat_map(|seat| [seat.name.as_str(), seat.id.as_str()]),
        );
        let (rooms, work): (Vec<_>, Vec<_>) = config
            .rooms
            .iter()
            .map(|setup| Room::new(setup, &config.limits))
            .unzip();
        let limits = &config.limits;
        let posts = Buckets::new(limits.post_per_second, limits.post_burst, COUNTED);
        let addresses = Buckets::new(limits.address_per_second, limits.address_burst, COUNTED);
        let shared = Self {
            operator_sha256: names::sha256(config.operator_token.expose()),
            rooms: rooms
                .into_iter()
                .map(|room| (room.id.clone(), room))
                .collect(),
            config,
            bus,
            store,
            clock,
            metrics,
            ready,
            taken,
            closing: CancellationToken::new(),
            connections: TaskTracker::new(),
            sessions: Mutex::new(Bucket::new(SESSIONS.0, SESSIONS.1, Instant::now())),
            posts: Mutex::new(posts),
            addresses: Mutex::new(addresses),
        };
        (Arc::new(shared), work)
    }

    pub(crate) fn room(&self, tenant: &str, room: &str) -> Result<Arc<Room>, Problem> {
        RoomId::from_parts(tenant, room)
            .ok()
            .and_then(|id| self.rooms.get(&id).cloned())
            .ok_or_else(|| {
                Problem::not_found("there is no such room: GET /v1/rooms lists the rooms")
            })
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

    /// Whether one more session may be made now; if not, when.
    pub(crate) fn may_make_session(&self) -> Result<(), Duration> {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(Instant::now())
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

/// A connection's place among those that are served at a time. What outlives its HTTP part, a
/// WebSocket, holds a clone.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    _permit: Arc<OwnedSemaphorePermit>,
    _connection: TaskTrackerToken,
}

impl Slot {
    pub(crate) fn new(permit: OwnedSemaphorePermit, connections: &TaskTracker) -> Self {
        Self {
            _permit: Arc::new(permit),
            _connection: connections.token(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
