//! One room's personas at work: hears the room's topics, lets the crowd decide, makes the calls.
//!
//! One task owns all of it; each call is a task of its own and ends with this one.

mod hearing;

use crate::{
    Parts,
    call::{Done, Job, STORE_WAIT, Step, lines_of},
    crowd::{Crowd, Ended, Plan, SeatNumber},
    publisher::Publisher,
    removals::Removals,
    rooms::Wish,
    seat::{Backoff, Known, News, Occupied},
    shadow::{Again, Ran},
    steady::Steady,
};
use chatter_bus::Subscription;
use chatter_protocol::{Topic, TopicKind, call::RoomInfo};
use metrics::counter;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Semaphore, watch},
    task::{self, JoinError, JoinSet},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How often waiting people are put to the personas again, and modules are looked at.
const TICK: Duration = Duration::from_secs(1);

/// After so many ticks every persona's status is told again, for those who came late.
const STATUS_TICKS: u64 = 10;

/// After so many for the first time: whoever started together with the worker may have missed the start.
const FIRST_STATUS_TICKS: u64 = 2;

/// After so many ticks acts of moderators are looked for that were not heard: as gateways do.
const LOOK_TICKS: u64 = 5;

/// How long calls in flight are waited for after they were told to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long calls in flight may go on when the room is to move: nobody else speaks for it so long.
const HAND_OVER: Duration = Duration::from_secs(2);

/// What a room's task is told by.
pub(crate) struct Terms {
    /// Ends it; calls in flight are dropped.
    pub(crate) end: CancellationToken,
    /// Ends it when the calls in flight have ended.
    pub(crate) hand_over: CancellationToken,
}

/// How a room's task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoomEnd {
    /// It was told to.
    Told,
    /// The store refused a commit, since another worker has the room.
    Fenced,
}

pub(crate) struct Room {
    pub(crate) info: RoomInfo,
    pub(crate) parts: Parts,
    pub(crate) crowd: Crowd,
    /// What the crowd takes for the time.
    pub(crate) time: Steady,
    pub(crate) seats: BTreeMap<SeatNumber, Occupied>,
    calls: JoinSet<Step>,
    /// Which seat a call's task belongs to, in case the task panics.
    in_flight: HashMap<task::Id, SeatNumber>,
    /// Shadow runs, and whose they are.
    shadows: JoinSet<Result<Ran, String>>,
    shadows_of: HashMap<task::Id, (SeatNumber, Arc<str>)>,
    shadow_places: Arc<Semaphore>,
    pub(crate) publisher: Publisher,
    /// The number under which its personas run here.
    fence: u64,
    /// Whether a commit was refused because of it.
    fenced: bool,
    /// Whether no more calls are to begin.
    closing: bool,
    /// What the room is to be.
    wanted: watch::Receiver<Wish>,
    /// How far the room's log is known: its epoch and the latest offset.
    log: Option<(String, u64)>,
    /// Whether the log could not be read when it had to be.
    behind: bool,
    removals: Removals,
    ticks: u64,
}

impl Room {
    pub(crate) fn new(
        mut wanted: watch::Receiver<Wish>,
        parts: Parts,
        publisher: Publisher,
        shadow_places: Arc<Semaphore>,
        seed: u64,
        fence: u64,
    ) -> Self {
        let wish = wanted.borrow_and_update().clone();
        let config = &wish.setup.config;
        let removals = Removals::new(config.id.clone(), parts.store.clone());
        let mut room = Self {
            info: RoomInfo {
                id: config.id.clone(),
                title: config.title.as_str().into(),
            },
            time: Steady::new(parts.clock.clone()),
            parts,
            crowd: Crowd::new(config.tuning.clone(), [], seed),
            seats: BTreeMap::new(),
            calls: JoinSet::new(),
            in_flight: HashMap::new(),
            shadows: JoinSet::new(),
            shadows_of: HashMap::new(),
            shadow_places,
            publisher,
            fence,
            fenced: false,
            closing: false,
            wanted,
            log: None,
            behind: false,
            removals,
            ticks: 0,
        };
        room.take(wish);
        room
    }

    /// Runs until it is told to end, or another worker has the room. Calls that are still in flight
    /// are dropped then, which undoes them.
    pub(crate) async fn run(mut self, Terms { end, hand_over }: Terms) -> RoomEnd {
        let work = async {
            if hand_over.run_until_cancelled(self.serve()).await.is_none() {
                self.closing = true;
                let _ = timeout(HAND_OVER, self.finish_calls()).await;
            }
        };
        end.run_until_cancelled(work).await;
        self.shadows.abort_all();
        if timeout(FAREWELL, self.calls.shutdown()).await.is_err() {
            tracing::warn!(room = %self.info.id, "calls in flight did not end in time");
        }
        if self.fenced {
            RoomEnd::Fenced
        } else {
            RoomEnd::Told
        }
    }

    /// Until another worker has the room.
    async fn serve(&mut self) {
        loop {
            let mut heard = self.subscribe().await;
            self.removals.missed();
            self.catch_up().await;
            self.listen(&mut heard).await;
            if self.fenced {
                return;
            }
            tracing::warn!(room = %self.info.id, "the bus is gone; listening again");
        }
    }

    /// Lets the calls in flight end, and keeps what comes of them.
    async fn finish_calls(&mut self) {
        while let Some(ended) = self.calls.join_next_with_id().await {
            self.on_ended(ended);
        }
    }

    async fn subscribe(&self) -> Subscription {
        let topics = [
            TopicKind::ChatFirehose,
            TopicKind::StreamContext,
            TopicKind::ChatTrends,
            TopicKind::ChatActs,
        ]
        .map(|kind| Topic::new(kind, self.info.id.clone()));
        let mut pause = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        loop {
            match timeout(STORE_WAIT, self.parts.bus.subscribe(&topics)).await {
                Ok(Ok(subscription)) => return subscription,
                Ok(Err(error)) => {
                    tracing::warn!(room = %self.info.id, %error, "can't listen to the room");
                }
                Err(_) => tracing::warn!(room = %self.info.id, "the bus does not answer"),
            }
            pause.wait().await;
        }
    }

    /// Until the bus is gone, or another worker has the room.
    async fn listen(&mut self, subscription: &mut Subscription) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = self.time.now();
            let wakes_in = self.crowd.wakes_at().map(|at| at.since(now));
            tokio::select! {
                biased;
                _ = tick.tick() => self.on_tick().await,
                Some(ended) = self.calls.join_next_with_id(), if !self.calls.is_empty() => {
                    self.on_ended(ended);
                }
                Some(ended) = self.shadows.join_next_with_id(), if !self.shadows.is_empty() => {
                    self.on_shadow_ended(ended);
                }
                gone = self.removals.found(&self.crowd) => self.crowd.forget_these(&gone),
                Ok(()) = self.wanted.changed() => {
                    let wish = self.wanted.borrow_and_update().clone();
                    self.take(wish);
                }
                () = sleep(wakes_in.unwrap_or_default()), if wakes_in.is_some() => {
                    let plans = self.crowd.on_wake(self.time.now());
                    self.start(plans);
                }
                heard = subscription.next() => match heard {
                    Some(heard) => self.on_heard(heard).await,
                    None => break,
                },
            }
            if self.fenced {
                return;
            }
        }
        // A bus that ends at once must not make this spin.
        tokio::time::sleep(TICK).await;
    }

    // === Time ===

    async fn on_tick(&mut self) {
        self.ticks += 1;
        if self.behind {
            self.catch_up().await;
        }
        if self.ticks.is_multiple_of(LOOK_TICKS) {
            self.removals.look();
        }
        let now = self.parts.clock.now();
        let tenant = self.info.id.tenant();
        for (&index, seat) in self.seats.iter_mut().filter(|(_, seat)| !seat.leaving) {
            let shadow = seat.shadow.as_mut();
            let shadow_news = shadow.is_some_and(|shadow| {
                shadow.see_module(self.parts.personas.module(&tenant, shadow.name()))
            });
            let news = seat.see_module(self.parts.personas.module(&tenant, &seat.sitter.module));
            if let Some(news) = news {
                if news == News::Component {
                    self.crowd.start_afresh(index);
                }
                let status = seat.status(now, &*self.parts.personas);
                if !seat.is_available() {
                    tracing::warn!(room = %self.info.id, persona = %status.persona_id, reason = status.detail, "the persona's module is unavailable");
                }
                self.crowd.set_available(index, seat.is_available());
                self.crowd.set_calls(index, seat.calls());
                self.publisher.status(status);
            } else if shadow_news
                || self.ticks == FIRST_STATUS_TICKS
                || self.ticks.is_multiple_of(STATUS_TICKS)
            {
                self.publisher
                    .status(seat.status(now, &*self.parts.personas));
            }
        }
        counter!("chatter_worker_mailbox_gave_way_total", "room" => self.info.id.to_string())
            .increment(self.crowd.take_gave_way());
        let plans = self.crowd.on_tick(self.time.now());
        self.start(plans);
    }

    // === Calls ===

    fn start(&mut self, plans: Vec<Plan>) {
        if self.closing {
            return;
        }
        for plan in plans {
            let index = plan.seat;
            let Some(seat) = self.seats.get_mut(&index) else {
                continue;
            };
            let job = Job {
                plan,
                sitter: seat.sitter.clone(),
                room: self.info.clone(),
                known: std::mem::take(&mut seat.known),
                fence: self.fence,
                now: self.parts.clock.clone(),
                personas: self.parts.personas.clone(),
                store: self.parts.store.clone(),
                memory: self.parts.memory.clone(),
                publisher: self.publisher.clone(),
            };
            let task = self.calls.spawn(job.run());
            self.in_flight.insert(task.id(), index);
        }
    }

    fn on_ended(&mut self, ended: Result<(task::Id, Step), JoinError>) {
        let now = self.time.now();
        let done = match ended {
            Ok((id, step)) => {
                self.in_flight.remove(&id);
                match step {
                    Step::Done(done) => done,
                    Step::Unasked(called) => {
                        let (mut job, record) = *called;
                        let seat = job.plan.seat;
                        job.plan.granted = self.crowd.grant_unasked(now, seat, lines_of(&record));
                        let task = self
                            .calls
                            .spawn(async { Step::Done(job.keep(record).await) });
                        self.in_flight.insert(task.id(), seat);
                        return;
                    }
                }
            }
            Err(error) => {
                let Some(seat) = self.in_flight.remove(&error.id()) else {
                    return;
                };
                let detail = format!("the call broke off: {error}");
                Done {
                    seat,
                    ended: Ended::Failed,
                    known: Known::default(),
                    detail,
                    again: None,
                }
            }
        };
        if let Some(seat) = self.seats.get_mut(&done.seat) {
            seat.known = done.known;
            let persona = &seat.sitter.scope.persona;
            let changed = match &done.ended {
                Ended::Kept(lines) => seat.returned(lines.len()),
                Ended::Failed => {
                    tracing::warn!(room = %self.info.id, %persona, reason = done.detail, "a persona's call failed");
                    seat.failed(done.detail)
                }
                Ended::Lost => {
                    tracing::warn!(room = %self.info.id, %persona, reason = done.detail, "a call could not be made or kept; nothing of it happened");
                    false
                }
                Ended::Fenced => {
                    tracing::warn!(room = %self.info.id, %persona, reason = done.detail, "a call was not kept; the room's personas end here");
                    self.fenced = true;
                    false
                }
            };
            if changed && !seat.leaving {
                let now = self.parts.clock.now();
                self.publisher
                    .status(seat.status(now, &*self.parts.personas));
            }
        }
        if let Some(again) = done.again {
            self.run_shadow(done.seat, *again);
        }
        let plans = self.crowd.finished(now, done.seat, &done.ended);
        if !self.crowd.holds(done.seat) {
            self.seats.remove(&done.seat);
        }
        self.start(plans);
    }

    // === Shadow runs ===

    fn run_shadow(&mut self, number: SeatNumber, again: Again) {
        let seat = self.seats.get_mut(&number).filter(|seat| !seat.leaving);
        let Some(shadow) = seat.and_then(|seat| seat.shadow.as_mut()) else {
            return;
        };
        if shadow.name() != again.module() {
            return;
        }
        let place = self.shadow_places.clone().try_acquire_owned().ok();
        let Some(place) = shadow.begins(place) else {
            return;
        };
        let of = (number, shadow.name().clone());
        let personas = self.parts.personas.clone();
        let task = self.shadows.spawn(async move {
            let _place = place;
            again.run(personas).await
        });
        self.shadows_of.insert(task.id(), of);
    }

    fn on_shadow_ended(&mut self, ended: Result<(task::Id, Result<Ran, String>), JoinError>) {
        let (id, run) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Err(format!("the call broke off: {error}"))),
        };
        let Some((number, module)) = self.shadows_of.remove(&id) else {
            return;
        };
        let seat = self.seats.get_mut(&number);
        if let Some(shadow) = seat.and_then(|seat| seat.shadow.as_mut())
            && *shadow.name() == module
        {
            shadow.ended(run);
        }
    }
}
