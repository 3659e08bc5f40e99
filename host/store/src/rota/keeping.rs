//! Keeping leases: the beat, what it brings, and the end.

use super::{BEAT, End, Health, Inner, PATIENCE, TTL, Tenure, lock, share};
use crate::{Lease, StoreError};
use chatter_protocol::RoomId;
use futures_util::future;
use metrics::{counter, gauge};
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

/// So long before a lease can have ended its holder stops believing in it.
const MARGIN: Duration = Duration::from_millis(250);

const _: () = assert!(2 * PATIENCE.as_millis() < TTL.as_millis() - MARGIN.as_millis());

/// How long the rooms may take to come to an end when the process does.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long requests may take that matter little: what they say is known in time without them.
const LAST_REQUEST: Duration = Duration::from_millis(200);

/// A tenure as the rota's own task knows it.
#[derive(Clone, Copy, Debug)]
struct Own {
    fence: u64,
    term: u64,
    ending: bool,
    /// By this process's own clock.
    until: Instant,
}

/// The task of a [`Rota`](super::Rota).
pub(super) struct Keeping<'a> {
    rota: &'a Inner,
    /// Who does the duty, as was heard last.
    members: BTreeSet<String>,
    /// Whether somebody else was ever among them: then it is worth a line in the log who has which room.
    shared: bool,
    /// The rooms that are to be this process's.
    share: BTreeSet<RoomId>,
    own: BTreeMap<RoomId, Own>,
    /// How many tenures there were.
    terms: u64,
}

impl<'a> Keeping<'a> {
    pub(super) fn new(rota: &'a Inner) -> Self {
        Self {
            rota,
            members: BTreeSet::new(),
            shared: false,
            share: BTreeSet::new(),
            own: BTreeMap::new(),
            terms: 0,
        }
    }

    /// Renews what is due, for ever.
    pub(super) async fn keep(&mut self) {
        let mut wanted = self.rota.wanted.subscribe();
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.next_end() => self.expire(),
                () = self.rota.news.notified() => self.settle().await,
                Ok(()) = wanted.changed() => {
                    if self.divide() {
                        beat.reset_immediately();
                    }
                }
                _ = beat.tick() => {
                    if self.beat().await {
                        beat.reset_immediately();
                    }
                }
            }
            self.publish();
        }
    }

    /// Returns when the first lease may have ended.
    fn next_end(&self) -> impl Future<Output = ()> + use<> {
        let end = self.own.values().map(|own| own.until).min();
        async move {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Renews what is held, takes what should be, and hears who is there; whether that makes
    /// another beat due at once.
    async fn beat(&mut self) -> bool {
        let Inner {
            store, duty, name, ..
        } = self.rota;
        let rooms: BTreeSet<&RoomId> = self.share.iter().chain(self.own.keys()).collect();
        let rooms: Vec<RoomId> = rooms.into_iter().cloned().collect();
        let duties = store.duties();
        let asked = Instant::now();
        let taking = async {
            if rooms.is_empty() {
                return Ok(Vec::new());
            }
            duties.take(&rooms, *duty, name, TTL).await
        };
        let meeting = duties.meet(duty.group(), name, TTL);
        let (leases, members) = {
            let mut both = pin!(future::join(in_time(taking), in_time(meeting)));
            loop {
                // A lease may end while its renewal is waited for.
                tokio::select! {
                    biased;
                    () = self.next_end() => {
                        self.expire();
                        self.publish();
                    }
                    both = &mut both => break both,
                }
            }
        };
        let until = asked + TTL - MARGIN;
        let unknown = |leases: &Vec<Lease>| {
            leases.iter().find_map(|lease| match lease {
                Lease::Unknown(why) => Some(why.clone()),
                _ => None,
            })
        };
        let why = match (&leases, &members) {
            (Err(why), _) | (_, Err(why)) => Some(why.clone()),
            (Ok(leases), Ok(_)) => unknown(leases),
        };
        self.note(why.as_ref().map_or(Ok(()), Err));
        // What is answered counts by itself: a lease that the store has renewed is nobody else's.
        for (room, lease) in rooms.into_iter().zip(leases.unwrap_or_default()) {
            self.take(room, lease, until);
        }
        self.expire();
        let Ok(members) = members else {
            return false;
        };
        self.members = members.into_iter().collect();
        self.shared |= self.members.len() > 1;
        self.divide()
    }

    fn take(&mut self, room: RoomId, lease: Lease, until: Instant) {
        let duty = self.rota.duty;
        match lease {
            Lease::Held(fence) => {
                let before = self.own.get(&room).filter(|own| own.fence == fence);
                let before = before.map(|own| (own.term, own.ending));
                if before.is_none() {
                    self.terms += 1;
                    if self.shared {
                        tracing::info!(%room, %duty, fence, "taken");
                    } else {
                        tracing::debug!(%room, %duty, fence, "taken");
                    }
                }
                let (term, ending) = before.unwrap_or((self.terms, false));
                let own = Own {
                    fence,
                    term,
                    ending,
                    until,
                };
                self.own.insert(room, own);
            }
            Lease::Taken { by, .. } => {
                if self.own.remove(&room).is_some() {
                    self.count_lost();
                    tracing::warn!(%room, %duty, %by, "somebody else has taken over");
                }
            }
            // It ends by itself unless it is known in time.
            Lease::Unknown(_) => {}
        }
    }

    /// Works out again which rooms are to be this process's own; whether that is news.
    fn divide(&mut self) -> bool {
        let share = {
            let rooms = self.rota.wanted.borrow();
            share::of(&self.rota.name, &rooms, &self.members)
        };
        for (room, own) in &mut self.own {
            if !share.contains(room) && !own.ending {
                own.ending = true;
                tracing::debug!(%room, duty = %self.rota.duty, "to be given up");
            }
        }
        let news = share != self.share;
        self.share = share;
        news
    }

    /// Stops believing in leases that may have ended.
    fn expire(&mut self) {
        let now = Instant::now();
        let duty = self.rota.duty;
        let late = self.own.extract_if(.., |_, own| own.until <= now);
        let late: Vec<RoomId> = late.map(|(room, _)| room).collect();
        for room in &late {
            self.count_lost();
            tracing::debug!(%room, %duty, "the lease could not be renewed");
        }
        // One line, however many rooms there are.
        match &*late {
            [] => {}
            [room] => tracing::warn!(%room, %duty, "the lease could not be renewed; stopping"),
            [first, ..] => {
                tracing::warn!(rooms = late.len(), %first, %duty, "leases could not be renewed; stopping");
            }
        }
    }

    /// Gives up what has come to its end.
    async fn settle(&mut self) {
        let ended = std::mem::take(&mut *lock(&self.rota.ended));
        let mut given_up = Vec::new();
        for (room, tenure, end) in ended {
            let own = self.own.get(&room);
            if own.is_none_or(|own| own.term != tenure.term) {
                continue;
            }
            self.own.remove(&room);
            match end {
                End::Done => given_up.push(room),
                End::Fenced => {
                    self.count_lost();
                    tracing::warn!(%room, duty = %self.rota.duty, "somebody else has taken over");
                }
            }
        }
        // What could not be given up ends with its lease.
        self.give_up(&given_up).await;
    }

    async fn give_up(&self, rooms: &[RoomId]) {
        if rooms.is_empty() {
            return;
        }
        let Inner {
            store, duty, name, ..
        } = self.rota;
        let giving_up = store.duties().give_up(rooms, *duty, name);
        if let Err(error) = timeout(LAST_REQUEST, giving_up).await {
            tracing::debug!(%duty, %error, "leases could not be given up");
        }
    }

    /// Lets all come to an end, as far as that comes soon, and gives all up.
    pub(super) async fn leave(mut self) {
        let Inner {
            store, duty, name, ..
        } = self.rota;
        // The others may divide the rooms already.
        let leaving = store.duties().leave(duty.group(), name);
        let _ = timeout(LAST_REQUEST, leaving).await;
        for own in self.own.values_mut() {
            own.ending = true;
        }
        self.publish();
        let ends = async {
            loop {
                self.settle().await;
                if self.own.is_empty() {
                    return;
                }
                self.rota.news.notified().await;
            }
        };
        let _ = timeout(FAREWELL, ends).await;
        let rest: Vec<RoomId> = std::mem::take(&mut self.own).into_keys().collect();
        self.publish();
        self.give_up(&rest).await;
    }

    fn publish(&self) {
        let tenure = |own: &Own| Tenure {
            fence: own.fence,
            ending: own.ending,
            term: own.term,
        };
        let held: BTreeMap<RoomId, Tenure> = self
            .own
            .iter()
            .map(|(room, own)| (room.clone(), tenure(own)))
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        gauge!("chatter_rooms_held", "duty" => self.rota.duty.as_str()).set(held.len() as f64);
        self.rota.held.send_if_modified(|before| {
            let news = **before != held;
            if news {
                *before = Arc::new(held);
            }
            news
        });
    }

    fn count_lost(&self) {
        counter!("chatter_leases_lost_total", "duty" => self.rota.duty.as_str()).increment(1);
    }

    /// Says once that the store fails, and once that it does no longer.
    fn note(&self, beat: Result<(), &String>) {
        let duty = self.rota.duty;
        let mut health = lock(&self.rota.health);
        match (beat, &*health) {
            (Err(_), Health::Ill(..)) | (Ok(()), Health::Well) => {}
            (Err(error), _) => {
                tracing::warn!(%duty, %error, "the leases could not be renewed; what is done under them stops when they end");
                *health = Health::Ill(Instant::now(), error.clone());
            }
            (Ok(()), Health::Ill(since, _)) => {
                tracing::info!(%duty, after = ?since.elapsed(), "the leases are renewed again");
                *health = Health::Well;
            }
            (Ok(()), Health::Starting) => *health = Health::Well,
        }
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err("the store does not answer".into()),
    }
}
