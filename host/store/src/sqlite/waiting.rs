//! Those who wait for something to come into a queue.

use crate::StoreError;
use chatter_protocol::RoomId;
use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::Notify;

#[derive(Default)]
pub(super) struct Waiting {
    /// Only rooms that somebody waits for, or did until somebody waited for another one.
    rooms: Mutex<HashMap<RoomId, Weak<Notify>>>,
    /// Woken when memories come.
    pub(super) memories: Notify,
}

impl Waiting {
    /// Woken when lines of that room come.
    pub(super) fn lines(&self, room: &RoomId) -> Arc<Notify> {
        let mut rooms = self.rooms();
        if let Some(known) = rooms.get(room).and_then(Weak::upgrade) {
            return known;
        }
        rooms.retain(|_, notify| notify.strong_count() > 0);
        let notify = Arc::new(Notify::new());
        rooms.insert(room.clone(), Arc::downgrade(&notify));
        notify
    }

    pub(super) fn wake_lines(&self, room: &RoomId) {
        if let Some(notify) = self.rooms().get(room).and_then(Weak::upgrade) {
            notify.notify_waiters();
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Weak<Notify>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks until the answer is not empty, again after each wake-up, for as long as `wait`.
pub(super) async fn first<T, A>(
    notify: &Notify,
    wait: Duration,
    ask: impl Fn() -> A,
) -> Result<Vec<T>, StoreError>
where
    A: Future<Output = Result<Vec<T>, StoreError>>,
{
    let mut deadline = pin!(tokio::time::sleep(wait));
    loop {
        // From here on, so that nothing that comes while we ask is missed.
        let mut woken = pin!(notify.notified());
        woken.as_mut().enable();
        let found = ask().await?;
        if !found.is_empty() {
            return Ok(found);
        }
        tokio::select! {
            biased;
            () = woken => {}
            () = &mut deadline => return Ok(Vec::new()),
        }
    }
}
