//! Whose turn it is to deliver: of the workers that share a store, the one that has been there for longest.

use super::answered;
use chatter_protocol::CallId;
use chatter_store::SharedStore;
use std::{
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// The group of those who would deliver.
const GROUP: &str = "memories";

/// For how long one counts as there that says nothing.
const PRESENT: Duration = Duration::from_secs(20);

/// How often each says that it is there, whatever it waits for meanwhile.
const RENEW: Duration = Duration::from_secs(5);

pub(super) struct Turn {
    store: SharedStore,
    /// Later ones sort behind earlier ones.
    name: String,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Until when no other can have it.
    until: Option<Instant>,
    /// Why the store did not answer, if it did not the latest time.
    trouble: Option<String>,
}

impl Turn {
    pub(super) fn new(store: SharedStore) -> Self {
        Self {
            store,
            name: CallId::new().to_string(),
            seen: Mutex::default(),
        }
    }

    /// Says again and again that this worker is there.
    pub(super) async fn keep(&self) -> Infallible {
        loop {
            sleep(RENEW).await;
            self.meet().await;
        }
    }

    /// Says that this worker is there, and looks who else is.
    pub(super) async fn meet(&self) {
        let asked = Instant::now();
        let meeting = self.store.duties().meet(GROUP, &self.name, PRESENT);
        let there = answered(meeting).await;
        let mut seen = self.seen();
        match there {
            Ok(there) => {
                let is_ours = there.iter().min().is_none_or(|first| *first == self.name);
                seen.until = is_ours.then_some(asked + PRESENT);
                seen.trouble = None;
            }
            // What it said before holds for as long as it said.
            Err(reason) => seen.trouble = Some(reason),
        }
    }

    /// Whether it is this worker's turn. The error says why nothing is known of that.
    pub(super) fn is_ours(&self) -> Result<bool, String> {
        let seen = self.seen();
        match &seen.trouble {
            _ if seen.until.is_some_and(|until| Instant::now() < until) => Ok(true),
            Some(reason) => Err(reason.clone()),
            None => Ok(false),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
