//! A memory that may be away, and a store that may fail.

use async_trait::async_trait;
use chatter_memory::Memory;
use chatter_protocol::{
    ChatMessage, MessageId, PersonaId, RoomId, Timestamp,
    call::{Fate, LineFate},
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use chatter_store::{
    Appended, CallCommit, Head, LogPage, PendingLine, PendingMemory, Sqlite, Store, StoreError,
    StoredSession, StoredState,
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

#[derive(Default)]
pub(crate) struct Memories {
    pub(crate) kept: Mutex<Vec<(String, String)>>,
    pub(crate) tries: AtomicU32,
    /// The first so many writes find it away.
    pub(crate) away_for: u32,
}

#[async_trait]
impl Memory for Memories {
    async fn search(&self, _: &Scope, _: &Query) -> Result<Vec<Entry>, Error> {
        Ok(Vec::new())
    }

    async fn remember(
        &self,
        scope: &Scope,
        _: &str,
        entry: &NewEntry,
        _: Timestamp,
    ) -> Result<(), Error> {
        if self.tries.fetch_add(1, Ordering::SeqCst) < self.away_for {
            return Err(Error::Unavailable("scripted".into()));
        }
        if entry.text == "refuse me" {
            return Err(Error::Refused("scripted".into()));
        }
        self.kept
            .lock()
            .unwrap()
            .push((scope.to_string(), entry.text.clone()));
        Ok(())
    }

    fn describe(&self) -> String {
        "scripted".into()
    }
}

// === A store that may fail ===

/// SQLite in memory, whose commits and log reads fail on demand.
pub(crate) struct Shaky {
    pub(crate) inner: Sqlite,
    /// So many commits fail.
    pub(crate) commits_fail: AtomicU32,
    pub(crate) commits: AtomicU32,
    /// So many reads of the log fail.
    pub(crate) reads_fail: AtomicU32,
}

fn fails(counter: &AtomicU32) -> Result<(), StoreError> {
    let left = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    if left.is_ok() {
        Err(StoreError::Unavailable("scripted".into()))
    } else {
        Ok(())
    }
}

#[async_trait]
impl Store for Shaky {
    async fn append(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<Appended, StoreError> {
        self.inner.append(room, messages).await
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

    async fn settle_lines(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, Fate)>,
    ) -> Result<(), StoreError> {
        self.inner.settle_lines(room, settled).await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<LineFate>, StoreError> {
        self.inner.fates(room, persona, limit).await
    }

    async fn pending_memories(
        &self,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingMemory>, StoreError> {
        self.inner.pending_memories(limit, wait).await
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

    fn describe(&self) -> String {
        self.inner.describe()
    }
}
