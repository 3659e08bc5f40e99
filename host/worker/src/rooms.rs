//! The worker's rooms: one task for each that the configuration names and whose personas are this
//! worker's to run.

use crate::{
    Limits, Parts, RoomSetup, Wanted, delivery,
    publisher::Publisher,
    room::{Room, RoomEnd, Terms},
    shadow,
};
use chatter_protocol::RoomId;
use chatter_store::{Held, Rota, Tenure};
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
    rota: Rota,
    mut wanted: watch::Receiver<Wanted>,
    cancel: CancellationToken,
) {
    let mut held = rota.held();
    let mut keeping = JoinSet::new();
    keeping.spawn(rota.clone().run(cancel.clone()));
    let mut rooms = Rooms {
        parts,
        rota,
        rng: ChaCha8Rng::seed_from_u64(seed.unwrap_or_else(rand::random)),
        running: BTreeMap::new(),
        broken: HashSet::new(),
        ids: HashMap::new(),
        tasks: JoinSet::new(),
        servants: JoinSet::new(),
        shadows: Arc::new(Semaphore::new(shadow::PLACES)),
        cancel: cancel.clone(),
    };
    let Parts {
        store,
        memory,
        clock,
        ..
    } = rooms.parts.clone();
    rooms.servants.spawn(delivery::run(store, memory, clock));
    wanted.mark_changed();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            Ok(()) = wanted.changed() => {
                let ids = wanted.borrow_and_update().ids();
                rooms.broken.clear();
                rooms.rota.set_rooms(ids);
            }
            Ok(()) = held.changed() => {}
            Some(ended) = rooms.tasks.join_next_with_id() => rooms.has_ended(ended),
            Some(_) = rooms.servants.join_next() => continue,
        }
        let held = held.borrow_and_update().clone();
        let these = wanted.borrow().clone();
        rooms.become_these(these, &held);
    }
    let ended = timeout(FAREWELL, async {
        while let Some(ended) = rooms.tasks.join_next_with_id().await {
            rooms.has_ended(ended);
        }
        // Others need not wait for the leases to end.
        keeping.join_next().await;
    });
    if ended.await.is_err() {
        tracing::warn!("some rooms did not end in time and were dropped");
    }
}

struct Rooms {
    parts: Parts,
    rota: Rota,
    rng: ChaCha8Rng,
    running: BTreeMap<RoomId, Running>,
    /// Those that broke off: not begun again before the configuration changes.
    broken: HashSet<RoomId>,
    /// Which room a task is.
    ids: HashMap<task::Id, RoomId>,
    tasks: JoinSet<RoomEnd>,
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
    /// Under which it runs.
    tenure: Tenure,
    end: CancellationToken,
    /// It is to move.
    hand_over: CancellationToken,
}

impl Rooms {
    /// Ends, starts and changes what differs.
    fn become_these(&mut self, wanted: Wanted, held: &Held) {
        let ids: HashSet<RoomId> = wanted.ids().into_iter().collect();
        let Wanted { rooms, limits } = wanted;
        for (id, room) in &self.running {
            let tenure = held.get(id);
            let tenure = tenure.filter(|tenure| tenure.fence == room.tenure.fence);
            match tenure {
                Some(tenure) if ids.contains(id) => {
                    if tenure.ending {
                        room.hand_over.cancel();
                    }
                }
                _ => room.end.cancel(),
            }
        }
        for setup in rooms {
            let id = setup.config.id.clone();
            let limits = Arc::clone(&limits);
            let wish = Wish { setup, limits };
            match (self.running.get(&id), held.get(&id)) {
                // It comes back when the one before has ended: a persona has one call in flight.
                (Some(room), _) if room.end.is_cancelled() => {}
                (Some(room), _) => {
                    room.wish.send_if_modified(|before| {
                        let news = *before != wish;
                        *before = wish;
                        news
                    });
                }
                (None, Some(tenure)) if tenure.ending => self.rota.done(&id, *tenure),
                (None, Some(tenure)) if !self.broken.contains(&id) => {
                    self.start(id, wish, *tenure);
                }
                (None, _) => {}
            }
        }
        let gone = held.iter().filter(|(id, tenure)| {
            tenure.ending && !ids.contains(id) && !self.running.contains_key(id)
        });
        for (id, tenure) in gone {
            self.rota.done(id, *tenure);
        }
    }

    fn start(&mut self, id: RoomId, wish: Wish, tenure: Tenure) {
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
            tenure.fence,
        );
        let end = self.cancel.child_token();
        let hand_over = CancellationToken::new();
        let terms = Terms {
            end: end.clone(),
            hand_over: hand_over.clone(),
        };
        let task = self.tasks.spawn(room.run(terms));
        self.ids.insert(task.id(), id.clone());
        let running = Running {
            wish,
            tenure,
            end,
            hand_over,
        };
        self.running.insert(id, running);
    }

    /// Notes that a room's task has ended.
    fn has_ended(&mut self, ended: Result<(task::Id, RoomEnd), JoinError>) {
        let task = match &ended {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        let Some(id) = self.ids.remove(&task) else {
            return;
        };
        let Some(Running { tenure, .. }) = self.running.remove(&id) else {
            return;
        };
        match ended {
            Ok((_, RoomEnd::Told)) => self.rota.done(&id, tenure),
            Ok((_, RoomEnd::Fenced)) => self.rota.fenced(&id, tenure),
            Err(error) => {
                tracing::error!(room = %id, %error, "a room's task broke off; its personas are silent until its configuration changes");
                self.broken.insert(id);
            }
        }
    }
}
