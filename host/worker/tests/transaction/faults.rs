//! The real store and memory, and a model, that break when they are told to.

use async_trait::async_trait;
use chatter_llm::{About, LanguageModel};
use chatter_memory::{Embedded, Memory};
use chatter_protocol::{
    ChatMessage, MessageId, PersonaId, RoomId, Timestamp,
    call::{Fate, LineFate},
    llm,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use chatter_store::{
    Appended, CallCommit, Head, LogPage, PendingLine, PendingMemory, Sqlite, Store, StoreError,
    StoredSession, StoredState,
};
use std::{
    collections::BTreeSet,
    future::pending,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

// === The memory ===

/// The embedded memory. It never answers whoever searches for `for ever`.
pub(crate) struct Recall {
    inner: Embedded,
    /// Told when somebody waits in vain.
    pub(crate) waits: Notify,
    /// Whether the next search panics.
    pub(crate) panics: AtomicBool,
    delivered: Mutex<BTreeSet<String>>,
}

impl Recall {
    pub(crate) fn open(path: &Path) -> Self {
        Self {
            inner: Embedded::open(path).unwrap(),
            waits: Notify::new(),
            panics: AtomicBool::new(false),
            delivered: Mutex::default(),
        }
    }

    /// How many entries have ever arrived.
    pub(crate) fn delivered(&self) -> usize {
        self.delivered.lock().unwrap().len()
    }
}

#[async_trait]
impl Memory for Recall {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        if query.text == "for ever" {
            self.waits.notify_one();
            pending::<()>().await;
        }
        assert!(!self.panics.swap(false, Ordering::SeqCst), "scripted");
        self.inner.search(scope, query).await
    }

    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.delivered.lock().unwrap().insert(write_id.to_owned());
        self.inner.remember(scope, write_id, entry, at).await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

// === The model ===

#[derive(Default)]
pub(crate) struct Fickle {
    /// Whether the next question makes it panic.
    pub(crate) panics: AtomicBool,
}

#[async_trait]
impl LanguageModel for Fickle {
    async fn complete(
        &self,
        _: &llm::Request,
        _: u64,
        _: Duration,
    ) -> Result<llm::Completion, llm::Error> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "scripted");
        Ok(llm::Completion {
            text: "a word".into(),
            model: "scripted".into(),
            input_tokens: 2,
            output_tokens: 2,
        })
    }

    fn about(&self) -> About {
        About {
            model: "scripted".into(),
            place: "in the test".into(),
            offline: true,
        }
    }
}

// === The store ===

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

/// SQLite in a file, whose commits go wrong on demand.
pub(crate) struct Broken {
    inner: Sqlite,
    pub(crate) fault: Mutex<Option<Fault>>,
    /// Told when a commit will never be answered.
    pub(crate) silent: Notify,
}

impl Broken {
    pub(crate) fn open(path: &Path) -> Self {
        Self {
            inner: Sqlite::open(path).unwrap(),
            fault: Mutex::default(),
            silent: Notify::new(),
        }
    }

    async fn never(&self) -> Result<(), StoreError> {
        self.silent.notify_one();
        pending().await
    }
}

#[async_trait]
impl Store for Broken {
    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        let fault = *self.fault.lock().unwrap();
        let away = || Err(StoreError::Unavailable("scripted".into()));
        match fault {
            None => self.inner.commit(commit).await,
            Some(Fault::Away) => away(),
            Some(Fault::Silent) => self.never().await,
            Some(Fault::AnswerLost) => {
                *self.fault.lock().unwrap() = None;
                self.inner.commit(commit).await?;
                away()
            }
            Some(Fault::KeptAndSilent) => {
                self.inner.commit(commit).await?;
                self.never().await
            }
        }
    }

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
        self.inner.read_after(room, after, limit).await
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.inner.read_latest(room, limit).await
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
