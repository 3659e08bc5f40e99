//! The real memory, and a model, that break when they are told to.

use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_memory::{Embedded, Memory};
use chatter_protocol::{
    Timestamp, llm,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use std::{
    collections::BTreeSet,
    future::pending,
    path::Path,
    sync::{
        Mutex,
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
        _: &Asker,
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
