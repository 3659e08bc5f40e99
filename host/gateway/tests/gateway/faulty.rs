//! A store that can be made to fail, to stop, or to let everybody wait for the others.

use crate::host::Host;
use async_trait::async_trait;
use chatter_gateway::Config;
use chatter_protocol::{ChatMessage, MessageId, PersonaId, RoomId, call};
use chatter_store::{
    Appended, CallCommit, Change, Changed, Desk, Desks, Duties, Head, LogPage, PendingLine,
    PendingMemory, Shelf, Sqlite, Store, StoreError, StoredSession, StoredState,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// A store whose log can be made to fail, for writing and for reading.
pub(crate) struct Faulty {
    pub(crate) inner: Sqlite,
    pub(crate) refuses_writes: AtomicBool,
    pub(crate) refuses_reads: AtomicBool,
    /// How many looks at one message there are, and were at most at a time.
    pub(crate) looks: [AtomicUsize; 2],
    /// How often the log was read, or asked where it stands.
    pub(crate) reads: AtomicUsize,
    /// How many sessions were made.
    pub(crate) sessions: AtomicUsize,
    /// The log is asked where it stands after it became another one.
    pub(crate) is_another: AtomicBool,
    /// Lines of personas can't be settled.
    pub(crate) refuses_settling: AtomicBool,
    /// Acts of moderators can't be kept.
    pub(crate) refuses_acts: AtomicBool,
    /// Or who keeps one waits, says so, and is let go on.
    pub(crate) stops_acts: AtomicBool,
    pub(crate) stopped: Notify,
    pub(crate) go_on: Notify,
    /// By which everybody waits for some turns of the others.
    order: Option<Mutex<ChaCha8Rng>>,
}

impl Faulty {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            inner: Sqlite::open(&folder.join("chatter.db")).unwrap(),
            refuses_writes: AtomicBool::new(false),
            refuses_reads: AtomicBool::new(false),
            looks: [const { AtomicUsize::new(0) }; 2],
            reads: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            is_another: AtomicBool::new(false),
            refuses_settling: AtomicBool::new(false),
            refuses_acts: AtomicBool::new(false),
            stops_acts: AtomicBool::new(false),
            stopped: Notify::new(),
            go_on: Notify::new(),
            order: None,
        }
    }

    /// Whose answers come in an order that is drawn.
    pub(crate) fn shuffled(folder: &Path, seed: u64) -> Self {
        Self {
            order: Some(Mutex::new(ChaCha8Rng::seed_from_u64(seed))),
            ..Self::new(folder)
        }
    }

    /// Does something at a time that is drawn, and answers at another.
    async fn shuffle<T>(&self, work: impl Future<Output = T>) -> T {
        self.wait().await;
        let done = work.await;
        self.wait().await;
        done
    }

    async fn wait(&self) {
        let turns = self.order.as_ref().map_or(0, |order| {
            let most = [1, 4, 20, 150][order.lock().unwrap().random_range(0..4)];
            order.lock().unwrap().random_range(0..most)
        });
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    fn check(fault: &AtomicBool) -> Result<(), StoreError> {
        if fault.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("the test wants it so".into()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Store for Faulty {
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        Self::check(&self.refuses_writes)?;
        self.shuffle(self.inner.append_fenced(room, messages, fence))
            .await
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Self::check(&self.refuses_reads)?;
        let [now, most] = &self.looks;
        if limit == 1 {
            let together = now.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(together, Ordering::SeqCst);
            // Whoever asks for others meanwhile does so before this one has its answer.
            tokio::task::yield_now().await;
        }
        let page = self
            .shuffle(self.inner.read_after(room, after, limit))
            .await;
        if limit == 1 {
            now.fetch_sub(1, Ordering::SeqCst);
        }
        page
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let mut head = self.shuffle(self.inner.head(room)).await?;
        if self.is_another.load(Ordering::SeqCst) {
            head.epoch.push_str("-another");
        }
        Ok(head)
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.inner.read_latest(room, limit).await
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        self.inner.commit(commit).await
    }

    async fn state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        self.inner.state(room, persona, without).await
    }

    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        self.inner.pending_lines(room, limit, wait).await
    }

    async fn settle_fenced(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, call::Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        Self::check(&self.refuses_settling)?;
        self.inner.settle_fenced(room, settled, fence).await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<call::LineFate>, StoreError> {
        self.inner.fates(room, persona, limit).await
    }

    async fn pending_memories_but(
        &self,
        others: &[i64],
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingMemory>, StoreError> {
        self.inner.pending_memories_but(others, limit, wait).await
    }

    async fn settle_memories(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        self.inner.settle_memories(ids).await
    }

    async fn put_session(&self, session: StoredSession) -> Result<(), StoreError> {
        self.sessions.fetch_add(1, Ordering::SeqCst);
        self.inner.put_session(session).await
    }

    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError> {
        self.inner.session(token_sha256).await
    }

    fn desks(&self) -> &dyn Desks {
        self
    }

    fn duties(&self) -> &dyn Duties {
        self.inner.duties()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[async_trait]
impl Desks for Faulty {
    async fn desk_version(&self, room: &RoomId) -> Result<u64, StoreError> {
        self.shuffle(self.inner.desks().desk_version(room)).await
    }

    async fn desk(&self, room: &RoomId) -> Result<Desk, StoreError> {
        self.shuffle(self.inner.desks().desk(room)).await
    }

    async fn change_desk(&self, room: &RoomId, change: Change) -> Result<Changed, StoreError> {
        if change.shelf == Shelf::Acts {
            Self::check(&self.refuses_acts)?;
            if self.stops_acts.load(Ordering::SeqCst) {
                self.stopped.notify_one();
                self.go_on.notified().await;
            }
        }
        self.shuffle(self.inner.desks().change_desk(room, change))
            .await
    }

    async fn find(
        &self,
        room: &RoomId,
        id: MessageId,
    ) -> Result<Option<(u64, Arc<ChatMessage>)>, StoreError> {
        self.shuffle(self.inner.desks().find(room, id)).await
    }

    async fn replace(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<u64, StoreError> {
        self.shuffle(self.inner.desks().replace(room, messages))
            .await
    }
}

pub(crate) async fn faulty() -> (Host, Arc<Faulty>) {
    faulty_with(|_| {}).await
}

pub(crate) async fn faulty_with(change: impl FnOnce(&mut Config)) -> (Host, Arc<Faulty>) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Faulty::new(folder.path()));
    let host = Host::over(folder, store.clone(), change).await;
    (host, store)
}
