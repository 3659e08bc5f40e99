//! Those who wait for something to come into a queue.

use chatter_protocol::RoomId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
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
