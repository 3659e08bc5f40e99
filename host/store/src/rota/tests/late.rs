//! A store whose leases are there in time, and whose answers are not.

use crate::{
    Appended, CallCommit, Duties, Duty, Head, Lease, LogPage, PendingLine, PendingMemory, Sqlite,
    Store, StoreError, StoredSession, StoredState,
};
use async_trait::async_trait;
use chatter_protocol::{ChatMessage, MessageId, PersonaId, RoomId, call};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(super) struct Late {
    store: Sqlite,
    after: Mutex<Duration>,
    tells_nobody: AtomicBool,
}

impl Late {
    pub(super) fn new(after: Duration) -> Self {
        Self {
            store: Sqlite::in_memory().unwrap(),
            after: Mutex::new(after),
            tells_nobody: AtomicBool::new(false),
        }
    }

    pub(super) fn answers_after(&self, after: Duration) {
        *self.after.lock().unwrap() = after;
    }

    pub(super) fn tells_nobody(&self) {
        self.tells_nobody.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Duties for Late {
    async fn take(
        &self,
        rooms: &[RoomId],
        duty: Duty,
        holder: &str,
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let after = *self.after.lock().unwrap();
        let leases = self.store.duties().take(rooms, duty, holder, ttl).await;
        tokio::time::sleep(after).await;
        leases
    }

    async fn give_up(&self, rooms: &[RoomId], duty: Duty, holder: &str) -> Result<(), StoreError> {
        self.store.duties().give_up(rooms, duty, holder).await
    }

    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError> {
        if self.tells_nobody.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("that node is away".into()));
        }
        self.store.duties().meet(group, member, ttl).await
    }

    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError> {
        self.store.duties().leave(group, member).await
    }
}

/// Of all else a rota asks nothing.
#[async_trait]
impl Store for Late {
    async fn append_fenced(
        &self,
        _: &RoomId,
        _: Vec<Arc<ChatMessage>>,
        _: Option<u64>,
    ) -> Result<Appended, StoreError> {
        unreachable!()
    }

    async fn head(&self, _: &RoomId) -> Result<Head, StoreError> {
        unreachable!()
    }

    async fn read_after(&self, _: &RoomId, _: u64, _: usize) -> Result<LogPage, StoreError> {
        unreachable!()
    }

    async fn read_latest(&self, _: &RoomId, _: usize) -> Result<LogPage, StoreError> {
        unreachable!()
    }

    async fn commit(&self, _: CallCommit) -> Result<(), StoreError> {
        unreachable!()
    }

    async fn state(
        &self,
        _: &RoomId,
        _: &PersonaId,
        _: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        unreachable!()
    }

    async fn pending_lines(
        &self,
        _: &RoomId,
        _: usize,
        _: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        unreachable!()
    }

    async fn settle_fenced(
        &self,
        _: &RoomId,
        _: Vec<(MessageId, call::Fate)>,
        _: Option<u64>,
    ) -> Result<(), StoreError> {
        unreachable!()
    }

    async fn fates(
        &self,
        _: &RoomId,
        _: &PersonaId,
        _: usize,
    ) -> Result<Vec<call::LineFate>, StoreError> {
        unreachable!()
    }

    async fn pending_memories_but(
        &self,
        _: &[i64],
        _: usize,
        _: Duration,
    ) -> Result<Vec<PendingMemory>, StoreError> {
        unreachable!()
    }

    async fn settle_memories(&self, _: Vec<i64>) -> Result<(), StoreError> {
        unreachable!()
    }

    async fn put_session(&self, _: StoredSession) -> Result<(), StoreError> {
        unreachable!()
    }

    async fn session(&self, _: &str) -> Result<Option<StoredSession>, StoreError> {
        unreachable!()
    }

    fn desks(&self) -> &dyn crate::Desks {
        self.store.desks()
    }

    fn duties(&self) -> &dyn Duties {
        self
    }

    fn describe(&self) -> String {
        "late".into()
    }
}
