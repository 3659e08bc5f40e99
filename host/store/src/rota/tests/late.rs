//! A store whose leases are there in time, and whose answers are not.

use crate::{Delegate, Duty, Lease, Sqlite, Store, StoreError};
use chatter_protocol::RoomId;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(super) struct Late {
    store: Sqlite,
    after: Mutex<Duration>,
    /// When it tells who is there.
    meets_after: Mutex<Duration>,
    tells_nobody: AtomicBool,
}

impl Late {
    pub(super) fn new(after: Duration) -> Self {
        Self {
            store: Sqlite::in_memory().unwrap(),
            after: Mutex::new(after),
            meets_after: Mutex::default(),
            tells_nobody: AtomicBool::new(false),
        }
    }

    pub(super) fn answers_after(&self, after: Duration) {
        *self.after.lock().unwrap() = after;
    }

    pub(super) fn meets_after(&self, after: Duration) {
        *self.meets_after.lock().unwrap() = after;
    }

    pub(super) fn tells_nobody(&self) {
        self.tells_nobody.store(true, Ordering::Relaxed);
    }
}

impl Delegate for Late {
    fn store(&self) -> &dyn Store {
        &self.store
    }

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

    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError> {
        if self.tells_nobody.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("that node is away".into()));
        }
        let after = *self.meets_after.lock().unwrap();
        tokio::time::sleep(after).await;
        self.store.duties().meet(group, member, ttl).await
    }
}
