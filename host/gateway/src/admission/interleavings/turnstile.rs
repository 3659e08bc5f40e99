//! A store before which everybody waits to be let through, and after which everybody waits to be
//! answered: whoever holds the keys decides about the order of all that happens.

use chatter_protocol::{ChatMessage, RoomId};
use chatter_store::{CallCommit, Delegate, PendingLine, Sqlite, Store, StoreError};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// How somebody is let go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    On,
    /// The store fails: before it has done anything, or when it has done it all.
    Fail,
}

/// Somebody who waits.
#[derive(Debug)]
struct Stop {
    what: String,
    go: oneshot::Sender<Go>,
}

/// The store that all share, and the order of things.
pub(super) struct Hall {
    pub(super) store: Sqlite,
    stops: Mutex<Vec<Stop>>,
    /// Requests that SQLite is working on.
    at_work: AtomicUsize,
    /// The lines of all commits that happened, in their order.
    pub(super) committed: Mutex<Vec<ChatMessage>>,
}

impl Hall {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            store: Sqlite::in_memory().unwrap(),
            stops: Mutex::default(),
            at_work: AtomicUsize::new(0),
            committed: Mutex::default(),
        })
    }

    /// Until everybody waits: for this hall, or for time to pass.
    pub(super) async fn comes_to_rest(&self) {
        loop {
            for _ in 0..24 {
                tokio::task::yield_now().await;
            }
            if self.at_work.load(Ordering::SeqCst) == 0 {
                return;
            }
        }
    }

    /// How many wait. Those who have gone away meanwhile don't count.
    pub(super) fn waiting(&self) -> usize {
        let mut stops = self.stops.lock().unwrap();
        stops.retain(|stop| !stop.go.is_closed());
        stops.len()
    }

    /// Lets one of them go on; says who it was.
    pub(super) fn release(&self, index: usize, go: Go) -> String {
        let Stop { what, go: gate } = self.stops.lock().unwrap().remove(index);
        let _ = gate.send(go);
        format!("{go:?} {what}")
    }
}

/// What nobody waits for: requests that have no part in the order of a room's lines.
const FREE: [&str; 11] = [
    "fates",
    "pending_memories_but",
    "all_pending_memories",
    "settle_memories",
    "put_session",
    "session",
    "desk_version",
    "desk",
    "change_desk",
    "find",
    "replace",
];

/// One participant's way to the store.
pub(super) struct Turnstile {
    pub(super) hall: Arc<Hall>,
    pub(super) who: String,
}

impl Turnstile {
    async fn stop(&self, what: String) -> Result<(), StoreError> {
        let (go, gate) = oneshot::channel();
        self.hall.stops.lock().unwrap().push(Stop { what, go });
        match gate.await {
            Ok(Go::On) => Ok(()),
            Ok(Go::Fail) | Err(_) => Err(StoreError::Unavailable("scripted".into())),
        }
    }
}

struct AtWork<'a>(&'a Hall);

impl<'a> AtWork<'a> {
    fn new(hall: &'a Hall) -> Self {
        hall.at_work.fetch_add(1, Ordering::SeqCst);
        Self(hall)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A gateway that waits here is one that was paused, or whose store is slow: others may have its
/// duties by the time that it goes on.
impl Delegate for Turnstile {
    fn store(&self) -> &dyn Store {
        &self.hall.store
    }

    async fn pass<T: Send>(
        &self,
        request: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if FREE.contains(&request) {
            return work.await;
        }
        self.stop(format!("{} {request}", self.who)).await?;
        let at_work = AtWork::new(&self.hall);
        let answer = work.await;
        drop(at_work);
        self.stop(format!("{} {request} is done", self.who)).await?;
        answer
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        let lines = commit.lines.clone();
        self.hall.store.commit(commit).await?;
        let mut committed = self.hall.committed.lock().unwrap();
        for line in lines {
            if committed.iter().all(|known| known.id != line.id) {
                committed.push(line);
            }
        }
        Ok(())
    }

    /// Never waits by itself: whoever finds nothing asks again, as often as it is let through.
    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        _: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        let store = &self.hall.store;
        store.pending_lines(room, limit, Duration::ZERO).await
    }
}
