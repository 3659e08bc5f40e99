//! A memory that may be away.

use async_trait::async_trait;
use chatter_memory::Memory;
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
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
        if entry.text == "choke on me" {
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
