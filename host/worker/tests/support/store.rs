//! A store that may fail.

use chatter_store::{
    CallCommit, Delegate, OutboxEntry, OutboxId, PendingMemory, Sqlite, Store, StoreError,
    Unreadable,
};
use std::{
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// What goes wrong with commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The store is out of reach.
    Away,
    /// No answer comes, and nothing is kept.
    Silent,
    /// All is kept, and the first answer is lost on the way.
    AnswerLost,
    /// All is kept, and no answer ever comes.
    KeptAndSilent,
}

/// SQLite, whose commits and log reads go wrong on demand.
pub(crate) struct Shaky {
    inner: Sqlite,
    /// What goes wrong with every commit.
    pub(crate) fault: Mutex<Option<Fault>>,
    /// Told when a commit will never be answered.
    pub(crate) silent: Notify,
    /// So many commits fail.
    pub(crate) commits_fail: AtomicU32,
    pub(crate) commits: AtomicU32,
    /// So many reads of the log fail.
    pub(crate) reads_fail: AtomicU32,
    /// Whether nothing is heard of duties.
    duties_away: AtomicBool,
    /// Whether memories with the text `unreadable` can be read.
    pub(crate) reads_all: AtomicBool,
    /// By the name of its method, the request at which whoever asks breaks off next.
    breaks_at: Mutex<Option<&'static str>>,
}

impl Shaky {
    pub(crate) fn over(inner: Sqlite) -> Self {
        Self {
            inner,
            fault: Mutex::default(),
            silent: Notify::new(),
            commits_fail: AtomicU32::new(0),
            commits: AtomicU32::new(0),
            reads_fail: AtomicU32::new(0),
            duties_away: AtomicBool::new(false),
            reads_all: AtomicBool::new(false),
            breaks_at: Mutex::default(),
        }
    }

    pub(crate) fn set_duties_away(&self, away: bool) {
        self.duties_away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn break_at(&self, request: &'static str) {
        *self.breaks_at.lock().unwrap() = Some(request);
    }

    /// Whether somebody broke off there.
    pub(crate) fn broke(&self) -> bool {
        self.breaks_at.lock().unwrap().is_none()
    }

    async fn never(&self) -> Result<(), StoreError> {
        self.silent.notify_one();
        pending().await
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("scripted".into())
}

fn fails(counter: &AtomicU32) -> Result<(), StoreError> {
    let left = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    if left.is_ok() { Err(away()) } else { Ok(()) }
}

impl Delegate for Shaky {
    fn store(&self) -> &dyn Store {
        &self.inner
    }

    async fn pass<T: Send>(
        &self,
        request: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let breaks = self.breaks_at.lock().unwrap().take_if(|at| *at == request);
        assert_eq!(breaks, None, "scripted");
        match request {
            "read_after" => fails(&self.reads_fail)?,
            "take" | "give_up" | "meet" | "leave" if self.duties_away.load(Ordering::SeqCst) => {
                return Err(away());
            }
            _ => {}
        }
        work.await
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        fails(&self.commits_fail)?;
        let fault = *self.fault.lock().unwrap();
        match fault {
            None => self.inner.commit(commit).await,
            Some(Fault::Away) => Err(away()),
            Some(Fault::Silent) => self.never().await,
            Some(Fault::AnswerLost) => {
                *self.fault.lock().unwrap() = None;
                self.inner.commit(commit).await?;
                Err(away())
            }
            Some(Fault::KeptAndSilent) => {
                self.inner.commit(commit).await?;
                self.never().await
            }
        }
    }

    async fn pending_memories_but(
        &self,
        others: &[OutboxId],
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let waiting = self.inner.pending_memories_but(others, limit, wait).await?;
        let reads_all = self.reads_all.load(Ordering::SeqCst);
        let read = |entry: OutboxEntry| match entry {
            Ok(PendingMemory { id, entry, .. }) if !reads_all && entry.text == "unreadable" => {
                Err(Unreadable {
                    id,
                    place: "memory".into(),
                    detail: "scripted".into(),
                })
            }
            entry => entry,
        };
        Ok(waiting.into_iter().map(read).collect())
    }
}
