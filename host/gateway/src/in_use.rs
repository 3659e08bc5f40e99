//! Sessions that are in use are kept again now and then: of too many those are forgotten first that were kept
//! longest ago.
//!
//! A session is good without that, so nobody waits for it: one is written at a time, beside what people wait for.

use crate::shared::Shared;
use chatter_protocol::Timestamp;
use chatter_store::StoredSession;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};

/// One is kept again once in so long. It is lost if [`SESSIONS_KEPT`](chatter_store::SESSIONS_KEPT), 100,000, others
/// are kept meanwhile: five gateways full of viewers keep 56,250 of those, and make 31,000 new ones. Each of them has 38
/// to write a second.
const AGAIN: Duration = Duration::from_secs(300);

/// So many wait to be written: more than a gateway has connections. The others are looked at when they are next used.
const MOST: usize = 16_384;

/// The pause after one could not be kept.
const PAUSE: Duration = Duration::from_secs(30);

/// Sessions that are to be kept again.
#[derive(Debug, Default)]
pub(crate) struct InUse {
    /// By their tokens' hashes.
    waiting: Mutex<BTreeMap<String, StoredSession>>,
    come: Notify,
}

impl InUse {
    /// A session is used now. One that was last used in the future was so before the clock was set back.
    pub(crate) fn note(&self, session: &mut StoredSession, now: Timestamp) {
        if session.used_at <= now && now.since(session.used_at) < AGAIN {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            return;
        }
        session.used_at = now;
        waiting.insert(session.token_sha256.clone(), session.clone());
        self.come.notify_one();
    }

    fn next(&self) -> Option<StoredSession> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_first().map(|(_, session)| session)
    }

    /// Keeps them, one after the other.
    pub(crate) async fn keep(&self, shared: &Shared) {
        loop {
            let Some(session) = self.next() else {
                self.come.notified().await;
                continue;
            };
            let author = session.author_id.clone();
            if shared
                .store(shared.store.put_session(session))
                .await
                .is_err()
            {
                tracing::debug!(%author, "that a session is in use could not be kept");
                sleep(PAUSE).await;
            }
        }
    }
}
