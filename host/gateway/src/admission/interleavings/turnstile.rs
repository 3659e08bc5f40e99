//! A store before which everybody waits to be let through, and after which everybody waits to be
//! answered: whoever holds the keys decides about the order of all that happens.

use async_trait::async_trait;
use chatter_protocol::{
    ChatMessage, MessageId, PersonaId, RoomId,
    call::{Fate, LineFate},
};
use chatter_store::{
    Appended, CallCommit, Duties, Duty, Head, Lease, LogPage, PendingLine, PendingMemory, Sqlite,
    Store, StoreError, StoredSession, StoredState,
};
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

/// One participant's way to the store.
pub(super) struct Turnstile {
    pub(super) hall: Arc<Hall>,
    pub(super) who: String,
}

impl Turnstile {
    async fn pass<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.stop(format!("{} {what}", self.who)).await?;
        let at_work = AtWork::new(&self.hall);
        let answer = work.await;
        drop(at_work);
        self.stop(format!("{} {what} is done", self.who)).await?;
        answer
    }

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

#[async_trait]
impl Store for Turnstile {
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        self.pass(
            "append",
            self.hall.store.append_fenced(room, messages, fence),
        )
        .await
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        self.pass("head", self.hall.store.head(room)).await
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        self.pass("read_after", self.hall.store.read_after(room, after, limit))
            .await
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.pass("read_latest", self.hall.store.read_latest(room, limit))
            .await
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        let work = async {
            let lines = commit.lines.clone();
            self.hall.store.commit(commit).await?;
            let mut committed = self.hall.committed.lock().unwrap();
            for line in lines {
                if committed.iter().all(|known| known.id != line.id) {
                    committed.push(line);
                }
            }
            Ok(())
        };
        self.pass("commit", work).await
    }

    async fn state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        self.pass("state", self.hall.store.state(room, persona, without))
            .await
    }

    /// Never waits by itself: whoever finds nothing asks again, as often as it is let through.
    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        _: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        let work = self.hall.store.pending_lines(room, limit, Duration::ZERO);
        self.pass("pending_lines", work).await
    }

    async fn settle_fenced(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        self.pass(
            "settle_lines",
            self.hall.store.settle_fenced(room, settled, fence),
        )
        .await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<LineFate>, StoreError> {
        self.hall.store.fates(room, persona, limit).await
    }

    async fn pending_memories_but(
        &self,
        others: &[i64],
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingMemory>, StoreError> {
        self.hall
            .store
            .pending_memories_but(others, limit, wait)
            .await
    }

    async fn settle_memories(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        self.hall.store.settle_memories(ids).await
    }

    async fn put_session(&self, session: StoredSession) -> Result<(), StoreError> {
        self.hall.store.put_session(session).await
    }

    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError> {
        self.hall.store.session(token_sha256).await
    }

    fn desks(&self) -> &dyn chatter_store::Desks {
        self.hall.store.desks()
    }

    fn duties(&self) -> &dyn Duties {
        self
    }

    fn describe(&self) -> String {
        self.hall.store.describe()
    }
}

/// A gateway that waits here is one that was paused, or whose store is slow: others may have its
/// duties by the time that it goes on.
#[async_trait]
impl Duties for Turnstile {
    async fn take(
        &self,
        rooms: &[RoomId],
        duty: Duty,
        holder: &str,
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let work = self.hall.store.duties().take(rooms, duty, holder, ttl);
        self.pass("take", work).await
    }

    async fn give_up(&self, rooms: &[RoomId], duty: Duty, holder: &str) -> Result<(), StoreError> {
        let work = self.hall.store.duties().give_up(rooms, duty, holder);
        self.pass("give_up", work).await
    }

    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError> {
        let work = self.hall.store.duties().meet(group, member, ttl);
        self.pass("meet", work).await
    }

    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError> {
        let work = self.hall.store.duties().leave(group, member);
        self.pass("leave", work).await
    }
}
