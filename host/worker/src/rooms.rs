//! The worker's rooms: one task for each, started and ended as the configuration says.

use crate::{Limits, Parts, RoomSetup, Wanted, delivery, publisher::Publisher, room::Room, shadow};
use chatter_protocol::RoomId;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    sync::watch,
    task::{self, JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// How long the rooms may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Works until it is cancelled.
pub(crate) async fn run(
    seed: Option<u64>,
    parts: Parts,
    mut wanted: watch::Receiver<Wanted>,
    cancel: CancellationToken,
) {
    let mut rooms = Rooms {
        parts,
        rng: ChaCha8Rng::seed_from_u64(seed.unwrap_or_else(rand::random)),
        running: BTreeMap::new(),
        ids: HashMap::new(),
        tasks: JoinSet::new(),
        servants: JoinSet::new(),
        shadows: Arc::new(Semaphore::new(shadow::PLACES)),
        cancel: cancel.clone(),
    };
    let (store, memory) = (rooms.parts.store.clone(), rooms.parts.memory.clone());
    rooms.servants.spawn(delivery::run(store, memory));
    let first = wanted.borrow_and_update().clone();
    rooms.become_these(first);
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            Ok(()) = wanted.changed() => {
                let these = wanted.borrow_and_update().clone();
                rooms.become_these(these);
            }
            Some(ended) = rooms.tasks.join_next_with_id() => {
                if rooms.has_ended(ended) {
                    let these = wanted.borrow().clone();
                    rooms.become_these(these);
                }
            }
            Some(_) = rooms.servants.join_next() => {}
        }
    }
    let ended = timeout(FAREWELL, async {
        while rooms.tasks.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        tracing::warn!("some rooms did not end in time and were dropped");
    }
}

struct Rooms {
    parts: Parts,
    rng: ChaCha8Rng,
    running: BTreeMap<RoomId, Running>,
    /// Which room a task is.
    ids: HashMap<task::Id, RoomId>,
    tasks: JoinSet<()>,
    /// What serves the rooms ends after them, when this is dropped.
    servants: JoinSet<()>,
    /// The places for shadow runs.
    shadows: Arc<Semaphore>,
    cancel: CancellationToken,
}

/// What one room is to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) setup: RoomSetup,
    pub(crate) limits: Arc<Limits>,
}

/// A room's task.
struct Running {
    wish: watch::Sender<Wish>,
    end: CancellationToken,
}

impl Rooms {
    /// Ends, starts and changes what differs.
    fn become_these(&mut self, wanted: Wanted) {
        let Wanted { rooms, limits } = wanted;
        let ids: HashSet<&RoomId> = rooms.iter().map(|setup| &setup.config.id).collect();
        for (id, room) in &self.running {
            if !ids.contains(id) {
                room.end.cancel();
            }
        }
        for setup in rooms {
            let id = setup.config.id.clone();
            let limits = Arc::clone(&limits);
            let wish = Wish { setup, limits };
            match self.running.get(&id) {
                // It comes back when the one before has ended: a persona has one call in flight.
                Some(room) if room.end.is_cancelled() => {}
                Some(room) => {
                    room.wish.send_if_modified(|before| {
                        let news = *before != wish;
                        *before = wish;
                        news
                    });
                }
                None => self.start(id, wish),
            }
        }
    }

    fn start(&mut self, id: RoomId, wish: Wish) {
        let (publisher, outlet) = Publisher::new(&id, self.parts.bus.clone());
        self.servants.spawn(outlet.run());
        let (wish, wanted) = watch::channel(wish);
        let seed = self.rng.next_u64();
        let room = Room::new(
            wanted,
            self.parts.clone(),
            publisher,
            self.shadows.clone(),
            seed,
        );
        let end = self.cancel.child_token();
        let task = self.tasks.spawn(room.run(end.clone()));
        self.ids.insert(task.id(), id.clone());
        self.running.insert(id, Running { wish, end });
    }

    /// Notes that a room's task has ended; whether it was to.
    fn has_ended(&mut self, ended: Result<(task::Id, ()), JoinError>) -> bool {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let Some(id) = self.ids.remove(&task) else {
            return false;
        };
        let room = self.running.remove(&id);
        if let Err(error) = ended {
            tracing::error!(room = %id, %error, "a room's task broke off; its personas are silent until its configuration changes");
        }
        room.is_some_and(|room| room.end.is_cancelled())
    }
}
