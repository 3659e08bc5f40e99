//! The store on Redis 7, which several processes share.
//!
//! What belongs together happens together: each request is one script that runs in the server as a
//! whole, on the keys of one room. How much of what was answered to survives the server's end is up
//! to how it persists; where it comes back with less than this process has seen ([`seen`]), the
//! room's log gets another epoch. The same at the first question after a server's start that nothing
//! vouches for: whoever asks has seen nothing of the room, and the server was a replica, or does not
//! say that it had on disk what it answered to (`appendonly`, `appendfsync always`). Memories lie with
//! their room ([`outbox`]).

mod answer;
mod desk;
mod duties;
mod keys;
mod log;
mod outbox;
mod personas;
mod scripts;
mod seen;
mod wakers;

use crate::{
    Appended, CallCommit, Desks, Duties, Head, LogPage, OutboxEntry, OutboxId, PendingLine,
    SESSIONS_KEPT, Store, StoreError, StoredSession, StoredState, waiting::first,
};
use answer::{from_json, to_json, unavailable};
use async_trait::async_trait;
use chatter_bus::redis::{self, Link, Value};
use chatter_protocol::{ChatMessage, MessageId, PersonaId, RoomId, call};
use scripts::Scripts;
use seen::Seen;
use std::{
    fmt,
    sync::{Arc, Weak, atomic::AtomicBool},
    time::Duration,
};
use wakers::{Tidied, Wakers};

/// A store that all processes on one Redis share.
pub struct Redis {
    shared: Arc<Shared>,
}

struct Shared {
    link: Link,
    scripts: Scripts,
    seen: Seen,
    wakers: Wakers,
    tidied: Tidied,
    /// Whether it was told that there are names of rooms which can't be read.
    strange_rooms: AtomicBool,
    /// What others know this one by.
    name: String,
}

impl Redis {
    /// A store on that server. Must be called within a tokio runtime.
    #[must_use]
    pub fn new(link: Link) -> Self {
        let shared = Arc::new(Shared {
            link,
            scripts: Scripts::new(),
            seen: Seen::default(),
            wakers: Wakers::default(),
            tidied: Tidied::default(),
            strange_rooms: AtomicBool::new(false),
            name: format!("{:016x}", rand::random::<u64>()),
        });
        tokio::spawn(look_again(Arc::downgrade(&shared)));
        Self { shared }
    }
}

/// Whenever a server is back, looks at all rooms, so that what it has lost shows soon. Somebody who has
/// seen less may have added to it by then: the marks say so all the same.
async fn look_again(shared: Weak<Shared>) {
    let watched = shared
        .upgrade()
        .map(|shared| (shared.link.reconnects(), shared.seen.questions()));
    let Some((mut reconnects, questions)) = watched else {
        return;
    };
    loop {
        tokio::select! {
            news = reconnects.changed() => if news.is_err() {
                return;
            },
            () = questions.notified() => {}
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let store = Redis { shared };
        for room in store.shared.seen.rooms() {
            // If it fails, whoever asks next looks, too.
            let _ = store.read_log(&room, None, 0).await;
            store.list_again(&room).await;
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shared.link)
    }
}

#[async_trait]
impl Store for Redis {
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        self.append_to_log(room, &messages, fence).await
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        Ok(self.read_log(room, None, 0).await?.head)
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        self.read_log(room, Some(after), limit).await
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.read_log(room, None, limit).await
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        if commit.state.is_none() && commit.lines.is_empty() && commit.memories.is_empty() {
            return Ok(());
        }
        self.commit_call(&commit).await
    }

    async fn state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        self.latest_state(room, persona, without).await
    }

    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let come = self.woken_by(keys::lines_came(room), wait).await?;
        first(&come, wait, || self.waiting_lines(room, limit)).await
    }

    async fn settle_fenced(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, call::Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        self.settle(room, &settled, fence).await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<call::LineFate>, StoreError> {
        self.latest_fates(room, persona, limit).await
    }

    async fn pending_memories_but(
        &self,
        others: &[OutboxId],
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let come = self.woken_by(keys::MEMORIES.to_owned(), wait).await?;
        first(&come, wait, || self.waiting_memories(others, limit)).await
    }

    async fn all_pending_memories(&self) -> Result<Vec<OutboxEntry>, StoreError> {
        self.all_memories().await
    }

    async fn settle_memories(&self, ids: Vec<OutboxId>) -> Result<(), StoreError> {
        self.memories_arrived(&ids).await
    }

    async fn put_session(&self, session: StoredSession) -> Result<(), StoreError> {
        let keys = [keys::SESSIONS, keys::SESSIONS_ORDER, keys::SESSIONS_NUMBER].map(str::to_owned);
        let json = to_json(&session, "a session")?;
        let kept = SESSIONS_KEPT.to_string();
        let arguments = [session.token_sha256.as_bytes(), &json, kept.as_bytes()];
        let done = self
            .shared
            .link
            .run(&self.shared.scripts.session, &keys, arguments)
            .await;
        done.map(drop).map_err(|fault| unavailable(&fault))
    }

    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError> {
        let mut command = redis::command("HGET");
        command.arg(keys::SESSIONS).arg(token_sha256);
        let found = self
            .shared
            .link
            .ask("session", keys::SESSIONS, &command)
            .await;
        match found.map_err(|fault| unavailable(&fault))? {
            Value::BulkString(json) => from_json(&json, || "a session".to_owned()).map(Some),
            _ => Ok(None),
        }
    }

    fn desks(&self) -> &dyn Desks {
        self
    }

    fn duties(&self) -> &dyn Duties {
        self
    }

    fn describe(&self) -> String {
        self.shared.link.to_string()
    }
}
