//! What a room's chat as a whole is doing: from the firehose to [`ChatTrends`], told on `chat.trends`.
//!
//! It promises:
//!
//! - of all processes that could, one tells a room's trends, by lease; another goes on when it is
//!   gone, with the minute before it from the room's log;
//! - they are told each second in which they have changed, and every ten seconds in any case;
//! - what moderators take back is out of them within two seconds; where they go on taking back in a room in which so much is
//!   said that reading its minute again is work, within twelve;
//! - a room takes a bounded amount of memory, whatever is said in it ([`Window`]).
//!
//! It must not know who reads them, nor who wrote what.
//!
//! [`ChatTrends`]: chatter_protocol::ChatTrends

mod counter;
mod distinct;
mod minute;
mod room;
mod window;
mod words;

pub use window::Window;

use chatter_bus::SharedBus;
use chatter_protocol::{Clock, RoomId};
use chatter_store::{Duty, Rota, SharedStore};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// What trends are made with.
#[derive(Clone)]
pub struct Parts {
    /// Where rooms are listened to, and their trends told.
    pub bus: SharedBus,
    /// Where the latest of their logs is read.
    pub store: SharedStore,
    /// The time.
    pub clock: Clock,
}

/// The rooms whose trends are told, with the codes of their own emotes.
type Rooms = BTreeMap<RoomId, Arc<BTreeSet<String>>>;

/// Tells the trends of some rooms.
pub struct Trends {
    parts: Parts,
    rota: Rota,
    wanted: watch::Sender<Rooms>,
}

impl Trends {
    /// Of no room yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            rota: Rota::new(parts.store.clone(), Duty::Trends),
            parts,
            wanted: watch::Sender::default(),
        }
    }

    /// Its part among those who tell trends.
    #[must_use]
    pub fn rota(&self) -> Rota {
        self.rota.clone()
    }

    /// What tells it which rooms there are.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.wanted.clone())
    }

    /// Tells trends until it is cancelled, and ends within a second then.
    pub async fn run(self, cancel: CancellationToken) {
        let Self {
            parts,
            rota,
            wanted,
        } = self;
        let mut wanted = wanted.subscribe();
        wanted.mark_changed();
        let working = async {
            let mut tasks = JoinSet::new();
            let mut running = BTreeMap::new();
            while wanted.changed().await.is_ok() {
                let rooms = wanted.borrow_and_update().clone();
                rota.set_rooms(rooms.keys().cloned());
                running.retain(|room, task: &mut tokio::task::AbortHandle| {
                    let stays = rooms.contains_key(room);
                    if !stays {
                        task.abort();
                    }
                    stays
                });
                for room in rooms.into_keys() {
                    running.entry(room.clone()).or_insert_with(|| {
                        let (parts, rota) = (parts.clone(), rota.clone());
                        tasks.spawn(room::attend(parts, rota, room, wanted.clone()))
                    });
                }
                while tasks.try_join_next().is_some() {}
            }
        };
        tokio::join!(
            cancel.run_until_cancelled(working),
            rota.clone().run(cancel.clone())
        );
    }
}

/// Tells those who tell trends which rooms there are.
#[derive(Clone, Debug)]
pub struct Handle(watch::Sender<Rooms>);

impl Handle {
    /// From now on these are the rooms, with the codes of their own emotes.
    pub fn set_rooms(&self, rooms: impl IntoIterator<Item = (RoomId, Arc<BTreeSet<String>>)>) {
        self.0.send_replace(rooms.into_iter().collect());
    }
}
