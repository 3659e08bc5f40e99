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
use metrics::counter;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::pending,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    sync::watch,
    task::{self, JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long the rooms may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a room that broke off is left alone; each time in a row twice as long.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The longest such rest. A room that was well for so long begins with the first again.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Works until it is cancelled, or can't: half a worker would look like one to those who could take over.
pub(crate) async fn run(
    seed: Option<u64>,
    parts: Parts,
    rota: Rota,
    mut wanted: watch::Receiver<Wanted>,
    cancel: CancellationToken,
) {
    let mut held = rota.held();
    let end = cancel.child_token();
    let mut keeping = JoinSet::new();
    keeping.spawn(rota.clone().run(end.clone()));
    let mut rooms = Rooms {
        parts,
        rota,
        rng: ChaCha8Rng::seed_from_u64(seed.unwrap_or_else(rand::random)),
        running: BTreeMap::new(),
        broken: HashMap::new(),
        ids: HashMap::new(),
        tasks: JoinSet::new(),
        servants: JoinSet::new(),
        shadows: Arc::new(Semaphore::new(shadow::PLACES)),
        end: end.clone(),
    };
    let Parts {
        store,
        memory,
        clock,
        ..
    } = rooms.parts.clone();
    // It ends after the rooms, when this is dropped.
    let mut delivering = JoinSet::new();
    delivering.spawn(delivery::run(store, memory, clock));
    wanted.mark_changed();
    loop {
        let rested = rooms.next_rested();
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
            Some(ended) = delivering.join_next() => {
                tracing::error!(?ended, "the delivery of memories broke off; the worker ends");
                break;
            }
            Some(ended) = keeping.join_next() => {
                tracing::error!(?ended, "the keeping of leases broke off; the worker ends");
                break;
            }
            () = rested => {}
        }
        let held = held.borrow_and_update().clone();
        let these = wanted.borrow().clone();
        rooms.become_these(these, &held);
    }
    end.cancel();
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
    /// Those that broke off since the configuration changed last.
    broken: HashMap<RoomId, Broken>,
    /// Which room a task is.
    ids: HashMap<task::Id, RoomId>,
    tasks: JoinSet<RoomEnd>,
    /// What tells of the rooms ends after them, when this is dropped.
    servants: JoinSet<()>,
    /// The places for shadow runs.
    shadows: Arc<Semaphore>,
    /// Ends all.
    end: CancellationToken,
}

/// A room that broke off.
struct Broken {
    /// How often in a row.
    times: u32,
    /// Until when it is left alone, if it still is.
    until: Option<Instant>,
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
    since: Instant,
    end: CancellationToken,
    /// It is to move.
    hand_over: CancellationToken,
}

impl Rooms {
    /// Ends, starts and changes what differs.
    fn become_these(&mut self, wanted: Wanted, held: &Held) {
        let now = Instant::now();
        for broken in self.broken.values_mut() {
            broken.until.take_if(|until| *until <= now);
        }
        let ids: HashSet<RoomId> = wanted.ids().into_iter().collect();
        let Wanted { rooms, limits } = wanted;
        for (id, room) in &mut self.running {
            let tenure = held.get(id);
            let tenure = tenure.filter(|tenure| tenure.fence == room.tenure.fence);
            match tenure {
                Some(tenure) if ids.contains(id) => {
                    // It may be a later one, of the same lease.
                    if !room.end.is_cancelled() {
                        room.tenure = *tenure;
                    }
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
                (None, Some(tenure)) if !self.rests(&id) => self.start(id, wish, *tenure),
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

    /// Whether a room is to be left alone for now.
    fn rests(&self, id: &RoomId) -> bool {
        let broken = self.broken.get(id);
        broken.is_some_and(|broken| broken.until.is_some())
    }

    /// Returns when the next room has been left alone for long enough.
    fn next_rested(&self) -> impl Future<Output = ()> + use<> {
        let next = self.broken.values().filter_map(|broken| broken.until).min();
        async move {
            match next {
                Some(next) => sleep_until(next).await,
                None => pending().await,
            }
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
        let end = self.end.child_token();
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
            since: Instant::now(),
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
        let Some(Running { tenure, since, .. }) = self.running.remove(&id) else {
            return;
        };
        match ended {
            Ok((_, RoomEnd::Told)) => self.rota.done(&id, tenure),
            Ok((_, RoomEnd::Fenced)) => self.rota.fenced(&id, tenure),
            Err(error) => {
                // What it was about may be over. Another worker has the same code and the same configuration.
                let before = self.broken.get(&id).map_or(0, |broken| broken.times);
                let times = if since.elapsed() < LONGEST_REST {
                    before
                } else {
                    0
                };
                let rest = (FIRST_REST * (1 << times.min(6))).min(LONGEST_REST);
                tracing::error!(room = %id, %error, rest_s = rest.as_secs(), "a room's task broke off; its personas are silent until it is begun again");
                counter!("chatter_worker_rooms_broke_off_total", "room" => id.to_string())
                    .increment(1);
                let until = Some(Instant::now() + rest);
                let times = times + 1;
                self.broken.insert(id, Broken { times, until });
            }
        }
    }
}
