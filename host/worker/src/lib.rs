//! The persona worker: who sits in which room, who is called on what, and who may speak when.
//!
//! It owns each room's roster, the personas' mailboxes, the impulse to speak ([`impulse`]), the
//! budgets of lines, the end of chains among personas, and the commit of what a call came to. It
//! promises:
//!
//! - one call in flight for each persona, and before one in which it is to speak a time to think; of
//!   stream contexts the newest wins, messages come in batches with a bound;
//! - a call is a transaction: what it says, its new state and its memories are committed together,
//!   or (after any end but a good one, or when the store fails) nothing of it happened. What it was
//!   called on is not handed out a second time;
//! - no more lines a minute than the room's tuning allows, and unasked ones only in a small share of
//!   calls: what is beyond is refused, while the rest of such a call is kept;
//! - a persona that keeps failing costs its own calls, ever fewer of them, and nothing else.
//!
//! It must not know how a call is run (that is the runtime's), how messages are judged and ordered
//! (the gateway's), nor where anything is kept.

mod asks;
mod budget;
mod call;
mod chains;
mod contagion;
mod crowd;
mod delivery;
pub mod impulse;
mod mailbox;
mod names;
mod offered;
mod publisher;
mod room;
mod seat;
#[cfg(test)]
mod testing;
mod think;

use chatter_bus::SharedBus;
use chatter_memory::SharedMemory;
use chatter_protocol::{
    Clock, PersonaConfig, RoomConfig,
    call::{CallLimits, LimitsConfig},
};
use chatter_runtime::SharedPersonas;
use chatter_store::SharedStore;
use publisher::Publisher;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use room::Room;
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long the rooms may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a worker works on.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Its rooms. A room's personas run on one worker at a time.
    pub rooms: Vec<RoomSetup>,
    /// The bounds of calls, as far as neither the room nor the persona has its own.
    pub limits: Limits,
    /// What all chance comes from. The same seed, clock and events make the same calls; by default
    /// it is random.
    pub seed: Option<u64>,
}

/// The less specific layers of calls' bounds.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Those of the host.
    pub host: LimitsConfig,
    /// Those of modules, by name.
    pub modules: BTreeMap<String, LimitsConfig>,
}

impl Limits {
    /// The bounds of a persona's calls on a module in a room: host, module, room, persona, each over
    /// the one before.
    pub(crate) fn of(
        &self,
        module: &str,
        room: &RoomConfig,
        persona: &PersonaConfig,
    ) -> CallLimits {
        LimitsConfig::layered([
            Some(&self.host),
            self.modules.get(module),
            room.limits.as_ref(),
            persona.limits.as_ref(),
        ])
    }
}

/// A room and who sits in it.
#[derive(Clone, Debug)]
pub struct RoomSetup {
    /// Its configuration. The roster in it is not read: `seats` is what it resolves to.
    pub config: RoomConfig,
    /// Its personas. Of two with the same id the first sits down.
    pub seats: Vec<Seat>,
}

/// A persona's seat in a room.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Who.
    pub config: PersonaConfig,
    /// The module it runs on here; it may be unavailable, now or for a while.
    pub module: String,
}

/// What a worker works with.
#[derive(Clone)]
pub struct Parts {
    /// Where rooms are listened to, and records and statuses told.
    pub bus: SharedBus,
    /// Where logs are read and calls committed.
    pub store: SharedStore,
    /// Where memories are delivered to.
    pub memory: SharedMemory,
    /// Who makes the calls.
    pub personas: SharedPersonas,
    /// The time.
    pub clock: Clock,
}

/// The persona worker of some rooms.
pub struct Worker {
    config: Config,
    parts: Parts,
}

impl Worker {
    /// A worker that is not at work yet.
    #[must_use]
    pub fn new(config: Config, parts: Parts) -> Self {
        Self { config, parts }
    }

    /// Works until it is cancelled, and ends within two seconds then. Calls in flight are dropped,
    /// which undoes them; a commit that the store has begun happens as a whole or not at all.
    pub async fn run(self, cancel: CancellationToken) {
        let Self { config, parts } = self;
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed.unwrap_or_else(rand::random));
        let mut rooms = JoinSet::new();
        // Whatever serves the rooms ends after them, when this is dropped.
        let mut servants = JoinSet::new();
        servants.spawn(delivery::run(parts.store.clone(), parts.memory.clone()));
        for mut setup in config.rooms {
            let mut seated = HashSet::new();
            setup.seats.retain(|seat| {
                let new = seated.insert(seat.config.id.clone());
                if !new {
                    tracing::error!(room = %setup.config.id, persona = %seat.config.id, "the roster names this persona twice; it sits down once");
                }
                new
            });
            let (publisher, outlet) = Publisher::new(&setup.config.id, parts.bus.clone());
            servants.spawn(outlet.run());
            let room = Room::new(
                setup,
                parts.clone(),
                publisher,
                &config.limits,
                rng.next_u64(),
            );
            rooms.spawn(room.run(cancel.clone()));
        }
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                Some(ended) = rooms.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a room's task broke off; its personas are silent now");
                    }
                }
            }
        }
        let ended = timeout(FAREWELL, async {
            while rooms.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            tracing::warn!("some rooms did not end in time and were dropped");
        }
    }
}
