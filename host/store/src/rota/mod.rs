//! One process's part in a duty: which rooms it does it in, and until when it may believe so.
//!
//! All who do a duty meet in the store, and each works out by itself which rooms are its own
//! ([`share`]). For these it holds leases, which it renews at each [`BEAT`] and stops believing in
//! before the store can have given them to somebody else, by its own monotonic clock. A room that is
//! to move is first brought to an end where it is, and then given up, so that the next one need not
//! wait for a lease to end.
//!
//! In one process with a store of its own all this is the same, and costs a lock every half second.

mod keeping;
mod share;

use crate::{Duty, SharedStore};
use chatter_protocol::RoomId;
use keeping::Keeping;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How often leases and membership are renewed.
pub const BEAT: Duration = Duration::from_millis(500);

/// For how long they are taken each time: whoever is killed is missed after this at the latest, and
/// one who is cut off from the store for so long must stop.
pub const TTL: Duration = Duration::from_millis(2_500);

/// How long an answer is waited for. Two such waits fit into a lease, so that it is renewed in time though something else
/// that is asked along is not answered at all.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_100);

/// One process's part in a duty. Clones are the same part.
#[derive(Clone)]
pub struct Rota(Arc<Inner>);

struct Inner {
    store: SharedStore,
    duty: Duty,
    /// This one, among all who do the duty.
    name: String,
    wanted: watch::Sender<BTreeSet<RoomId>>,
    held: watch::Sender<Held>,
    ended: Mutex<Vec<(RoomId, Tenure, End)>>,
    /// There is something in `ended`.
    news: Notify,
    health: Mutex<Health>,
}

/// The rooms in which the duty is this process's own now.
pub type Held = Arc<BTreeMap<RoomId, Tenure>>;

/// That a duty in a room is this process's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// The fencing number under which it is done.
    pub fence: u64,
    /// It is to come to an end: nothing new is to be begun, and [`Rota::done`] told when what was
    /// begun has ended.
    pub ending: bool,
    /// Counts this process's tenures: a lease that it stopped believing in may be held again under the same fencing number.
    term: u64,
}

/// How a tenure ended at the one who does the duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Fenced,
}

#[derive(Debug)]
enum Health {
    Starting,
    Well,
    /// Since when, and why.
    Ill(Instant, String),
}

impl Rota {
    /// A part in a duty, under a name that no other part has.
    #[must_use]
    pub fn new(store: SharedStore, duty: Duty) -> Self {
        Self(Arc::new(Inner {
            store,
            duty,
            name: name(),
            wanted: watch::Sender::default(),
            held: watch::Sender::default(),
            ended: Mutex::default(),
            news: Notify::new(),
            health: Mutex::new(Health::Starting),
        }))
    }

    /// The rooms there are, whoever does the duty in them: all who do it must know the same ones.
    pub fn set_rooms(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let rooms = rooms.into_iter().collect();
        self.0.wanted.send_if_modified(|before| {
            let news = *before != rooms;
            *before = rooms;
            news
        });
    }

    /// Which rooms it is this process's turn in, as it changes.
    #[must_use]
    pub fn held(&self) -> watch::Receiver<Held> {
        self.0.held.subscribe()
    }

    /// What was begun under a tenure has ended: it is given up, so that another may begin.
    pub fn done(&self, room: &RoomId, tenure: Tenure) {
        self.end(room, tenure, End::Done);
    }

    /// The store has refused something under a tenure: somebody else has it.
    pub fn fenced(&self, room: &RoomId, tenure: Tenure) {
        self.end(room, tenure, End::Fenced);
    }

    fn end(&self, room: &RoomId, tenure: Tenure, end: End) {
        lock(&self.0.ended).push((room.clone(), tenure, end));
        self.0.news.notify_one();
    }

    /// Whether this part is known to the others; if not, why.
    ///
    /// # Errors
    ///
    /// If the store has not answered yet, or no longer does.
    pub fn ready(&self) -> Result<(), String> {
        let duty = self.0.duty;
        match &*lock(&self.0.health) {
            Health::Starting => Err(format!("the leases for the {duty} are not asked for yet")),
            Health::Well => Ok(()),
            Health::Ill(since, why) => Err(format!(
                "the leases for the {duty} could not be renewed for {} s: {why}",
                since.elapsed().as_secs()
            )),
        }
    }

    /// Does some work in a room whenever the duty is this process's own there. It is dropped when
    /// that ends; if it ends by itself, it is not begun again until then. Never returns; when it is
    /// dropped, the duty is given up.
    pub async fn attend<F: Future<Output = ()>>(
        &self,
        room: &RoomId,
        mut work: impl FnMut(Tenure) -> F,
    ) {
        let mut held = self.held();
        loop {
            let found = held.wait_for(|held| held.contains_key(room));
            let Ok(found) = found.await.map(|held| held.get(room).copied()) else {
                // The rota lives as long as this does.
                return std::future::pending().await;
            };
            let Some(tenure) = found else { continue };
            let leaving = Leaving {
                rota: self,
                room,
                tenure,
            };
            let over = held.wait_for(|held| held.get(room) != Some(&tenure));
            if tenure.ending {
                // It was somebody else's again before anything was begun.
                drop(leaving);
                let _ = over.await;
                continue;
            }
            let work = async {
                work(tenure).await;
                std::future::pending().await
            };
            tokio::select! {
                _ = over => {}
                () = work => {}
            }
        }
    }

    /// Keeps the leases until it is cancelled; then lets the rooms come to an end, and gives all
    /// up. Returns within a second.
    pub async fn run(self, cancel: CancellationToken) {
        let mut keeping = Keeping::new(&self.0);
        cancel.run_until_cancelled(keeping.keep()).await;
        keeping.leave().await;
    }
}

/// Tells that work has ended, however it did.
struct Leaving<'a> {
    rota: &'a Rota,
    room: &'a RoomId,
    tenure: Tenure,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.rota.done(self.room, self.tenure);
    }
}

impl fmt::Debug for Rota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rota({}, {})", self.0.duty, self.0.name)
    }
}

/// Readable for people, and of this part alone.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "host",
        host => host,
    };
    let id = std::process::id();
    format!("{host}/{id}/{:08x}", rand::random::<u32>())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
