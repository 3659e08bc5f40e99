//! A store that can be made to fail, to stop, or to let everybody wait for the others.

use crate::host::Host;
use chatter_gateway::Config;
use chatter_protocol::RoomId;
use chatter_store::{Change, Changed, Delegate, Head, LogPage, Shelf, Sqlite, Store, StoreError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
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
    /// How often a session was kept.
    pub(crate) sessions: AtomicUsize,
    /// Who keeps one says that it stopped, and waits for ever.
    pub(crate) stops_sessions: AtomicBool,
    /// The log is asked where it stands after it became another one.
    pub(crate) is_another: AtomicBool,
    /// Lines of personas can't be settled.
    pub(crate) refuses_settling: AtomicBool,
    /// How often all of a desk was read.
    pub(crate) desks: AtomicUsize,
    /// What becomes of messages that waited can't be kept: who tries says so, and waits for ever.
    pub(crate) stops_settled: AtomicBool,
    /// Acts of moderators can't be kept.
    pub(crate) refuses_acts: AtomicBool,
    /// Or who keeps one waits, says so, and is let go on.
    pub(crate) stops_acts: AtomicBool,
    /// How many of a room may be kept from speaking, and moderate, where that is less than a gateway says.
    pub(crate) most: AtomicUsize,
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
            stops_sessions: AtomicBool::new(false),
            is_another: AtomicBool::new(false),
            refuses_settling: AtomicBool::new(false),
            desks: AtomicUsize::new(0),
            stops_settled: AtomicBool::new(false),
            refuses_acts: AtomicBool::new(false),
            stops_acts: AtomicBool::new(false),
            most: AtomicUsize::new(usize::MAX),
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

impl Delegate for Faulty {
    fn store(&self) -> &dyn Store {
        &self.inner
    }

    /// All is done at a time that is drawn, and answered at another.
    async fn pass<T: Send>(
        &self,
        request: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match request {
            "append_fenced" => Self::check(&self.refuses_writes)?,
            "settle_fenced" => Self::check(&self.refuses_settling)?,
            "put_session" => {
                self.sessions.fetch_add(1, Ordering::SeqCst);
                if self.stops_sessions.load(Ordering::SeqCst) {
                    self.stopped.notify_one();
                    std::future::pending::<()>().await;
                }
            }
            "desk" => {
                self.desks.fetch_add(1, Ordering::SeqCst);
            }
            "head" | "read_after" => {
                self.reads.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        }
        self.wait().await;
        let done = work.await;
        self.wait().await;
        done
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        Self::check(&self.refuses_reads)?;
        let [now, most] = &self.looks;
        if limit == 1 {
            let together = now.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(together, Ordering::SeqCst);
            // Whoever asks for others meanwhile does so before this one has its answer.
            tokio::task::yield_now().await;
        }
        let page = self.inner.read_after(room, after, limit).await;
        if limit == 1 {
            now.fetch_sub(1, Ordering::SeqCst);
        }
        page
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        let mut head = self.inner.head(room).await?;
        if self.is_another.load(Ordering::SeqCst) {
            head.epoch.push_str("-another");
        }
        Ok(head)
    }

    async fn change_desk(&self, room: &RoomId, mut change: Change) -> Result<Changed, StoreError> {
        if matches!(change.shelf, Shelf::Bans | Shelf::Moderators) {
            change.most = change.most.min(self.most.load(Ordering::SeqCst));
        }
        if change.shelf == Shelf::Acts {
            Self::check(&self.refuses_acts)?;
            if self.stops_acts.load(Ordering::SeqCst) {
                self.stopped.notify_one();
                self.go_on.notified().await;
            }
        }
        if change.shelf == Shelf::Settled && self.stops_settled.load(Ordering::SeqCst) {
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
        self.inner.desks().change_desk(room, change).await
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
