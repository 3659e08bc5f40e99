//! A store that may fail.

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
    future::pending,
    sync::{
        Arc, Mutex,
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
        }
    }

    pub(crate) fn set_duties_away(&self, away: bool) {
        self.duties_away.store(away, Ordering::SeqCst);
    }

    fn find_duties(&self) -> Result<&dyn Duties, StoreError> {
        match self.duties_away.load(Ordering::SeqCst) {
            true => Err(away()),
            false => Ok(self.inner.duties()),
        }
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

#[async_trait]
impl Store for Shaky {
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        self.inner.append_fenced(room, messages, fence).await
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        self.inner.head(room).await
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        fails(&self.reads_fail)?;
        self.inner.read_after(room, after, limit).await
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.inner.read_latest(room, limit).await
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
        settled: Vec<(MessageId, Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        self.inner.settle_fenced(room, settled, fence).await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<LineFate>, StoreError> {
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
        self.inner.put_session(session).await
    }

    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError> {
        self.inner.session(token_sha256).await
    }

    fn desks(&self) -> &dyn chatter_store::Desks {
        self.inner.desks()
    }

    fn duties(&self) -> &dyn Duties {
        self
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[async_trait]
impl Duties for Shaky {
    async fn take(
        &self,
        rooms: &[RoomId],
        duty: Duty,
        holder: &str,
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        self.find_duties()?.take(rooms, duty, holder, ttl).await
    }

    async fn give_up(&self, rooms: &[RoomId], duty: Duty, holder: &str) -> Result<(), StoreError> {
        self.find_duties()?.give_up(rooms, duty, holder).await
    }

    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError> {
        self.find_duties()?.meet(group, member, ttl).await
    }

    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError> {
        self.find_duties()?.leave(group, member).await
    }
}
