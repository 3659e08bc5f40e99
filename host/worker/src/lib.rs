//! The persona worker: who sits in which room, who is called on what, and who may speak when.
//!
//! It owns each room's roster, the personas' mailboxes, the impulse to speak ([`impulse`]), the
//! budgets of lines, the end of chains among personas, and the commit of what a call came to. It
//! promises:
//!
//! - one call in flight for each persona, and before one in which it is to speak a time to think; of
//!   stream contexts the newest wins, messages come in batches with a bound;
//! - a room's personas run at one worker at a time: under a lease, whose number every commit carries, so
//!   that one who has lost it can keep nothing more;
//! - a call is a transaction: what it says, its new state and its memories are committed together,
//!   or (after any end but a good one, or when the store fails) nothing of it happened. What it was
//!   called on is not handed out a second time;
//! - no more lines a minute than the room's tuning allows, and unasked ones only in a small share of
//!   calls: what is beyond is refused, while the rest of such a call is kept;
//! - a persona that keeps failing costs its own calls, ever fewer of them, and nothing else;
//! - rosters change while it is at work ([`Handle`]), and nobody loses more by it than a seat;
//! - the next version of a module may run beside the one that serves: it delays nothing, and nothing of
//!   it is kept.
//!
//! It must not know how a call is run (that is the runtime's), how messages are judged and ordered
//! (the gateway's), nor where anything is kept.

pub mod alone;
mod asks;
mod budget;
mod call;
mod chains;
mod contagion;
mod crowd;
mod delivery;
mod fresh;
pub mod impulse;
mod mailbox;
mod names;
mod offered;
mod publisher;
mod removals;
mod room;
mod rooms;
mod roster;
mod seat;
mod shadow;
mod steady;
#[cfg(test)]
mod testing;
mod think;

pub use delivery::run as deliver;

use chatter_bus::SharedBus;
use chatter_memory::SharedMemory;
use chatter_protocol::{
    Clock, PersonaConfig, RoomConfig, RoomId,
    call::{CallLimits, LimitsConfig},
};
use chatter_runtime::SharedPersonas;
use chatter_store::{Duty, Rota, SharedStore};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a worker works on.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// All rooms there are. Those who work on one store share them out among themselves.
    pub rooms: Vec<RoomSetup>,
    /// The bounds of calls, as far as neither the room nor the persona has its own.
    pub limits: Limits,
    /// What all chance comes from. The same seed, clock and events make the same calls; by default
    /// it is random.
    pub seed: Option<u64>,
}

/// The less specific layers of calls' bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Those of the host.
    pub host: LimitsConfig,
    /// Those of modules, by name.
    pub modules: BTreeMap<String, LimitsConfig>,
}

impl Limits {
    /// The bounds of calls on a module where neither the room nor the persona has its own.
    #[must_use]
    pub fn of_module(&self, module: &str) -> CallLimits {
        LimitsConfig::layered([Some(&self.host), self.modules.get(module)])
    }

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
#[derive(Clone, Debug, PartialEq)]
pub struct RoomSetup {
    /// Its configuration. The roster in it is not read: `seats` is what it resolves to.
    pub config: RoomConfig,
    /// Its personas. Of two with the same id the first sits down.
    pub seats: Vec<Seat>,
}

/// A persona's seat in a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Who.
    pub config: PersonaConfig,
    /// The module it runs on here; it may be unavailable, now or for a while.
    pub module: String,
    /// The module that runs beside it on the same input, silently, to be compared with it.
    pub shadow: Option<String>,
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
    rota: Rota,
    wanted: watch::Sender<Wanted>,
}

impl Worker {
    /// A worker that is not at work yet.
    #[must_use]
    pub fn new(config: Config, parts: Parts) -> Self {
        let wanted = watch::Sender::new(Wanted {
            rooms: config.rooms.clone(),
            limits: Arc::new(config.limits.clone()),
        });
        Self {
            rota: Rota::new(parts.store.clone(), Duty::Personas),
            config,
            parts,
            wanted,
        }
    }

    /// Its part among those who run personas.
    #[must_use]
    pub fn rota(&self) -> Rota {
        self.rota.clone()
    }

    /// What tells this worker that its rooms are to be others, before it is at work or while it is.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.wanted.clone())
    }

    /// Works until it is cancelled, and ends within two seconds then. Calls in flight are dropped,
    /// which undoes them; a commit that the store has begun happens as a whole or not at all.
    pub async fn run(self, cancel: CancellationToken) {
        let wanted = self.wanted.subscribe();
        rooms::run(self.config.seed, self.parts, self.rota, wanted, cancel).await;
    }
}

/// What a worker is to work on.
#[derive(Clone, Debug)]
struct Wanted {
    rooms: Vec<RoomSetup>,
    limits: Arc<Limits>,
}

impl Wanted {
    fn ids(&self) -> Vec<RoomId> {
        let rooms = self.rooms.iter();
        rooms.map(|setup| setup.config.id.clone()).collect()
    }
}

/// Tells a worker at work that its rooms are to be others.
#[derive(Clone, Debug)]
pub struct Handle(watch::Sender<Wanted>);

impl Handle {
    /// From now on these are the rooms, and the bounds of calls in them. The worker compares them with what it has and changes what
    /// differs, and nothing else; of two calls in quick succession only the later one may count.
    ///
    /// - A persona that is no longer in a roster leaves; from a call in flight what it says still
    ///   comes. Its state and memories stay in the store, for when it comes back.
    /// - A persona that is described in another way, or runs on another module, keeps its seat, its
    ///   state, what waits for it, its budgets and its pauses. A call in flight ends as it was begun.
    /// - A room that is no longer there ends, and calls in flight in it are dropped, which undoes them.
    pub fn set_rooms(&self, rooms: Vec<RoomSetup>, limits: Limits) {
        let limits = Arc::new(limits);
        self.0.send_replace(Wanted { rooms, limits });
    }
}
