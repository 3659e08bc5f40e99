//! A memory that may be away.

use async_trait::async_trait;
use chatter_memory::Memory;
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

#[derive(Default)]
pub(crate) struct Memories {
    pub(crate) kept: Mutex<Vec<(String, String)>>,
    pub(crate) tries: AtomicU32,
    /// The first so many writes find it away.
    pub(crate) away_for: u32,
    /// It is away for as long as this is set.
    pub(crate) is_away: AtomicBool,
    /// It refuses whatever it is given for as long as this is set.
    pub(crate) refuses: AtomicBool,
    /// How long a write takes.
    pub(crate) takes: Duration,
    /// How long one may take, if it says so.
    pub(crate) write_wait: Option<Duration>,
    /// What it was told to wait, in the order in which it was told for the first time.
    pub(crate) expected: Mutex<Vec<String>>,
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
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        let tries = self.tries.fetch_add(1, Ordering::SeqCst);
        if tries < self.away_for || self.is_away.load(Ordering::SeqCst) {
            return Err(Error::Unavailable("scripted".into()));
        }
        if self.refuses.load(Ordering::SeqCst) {
            return Err(Error::Refused("scripted".into()));
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

    async fn expect(&self, _: &Scope, entry: &NewEntry, _: Timestamp, _: Duration) {
        let mut expected = self.expected.lock().unwrap();
        if !expected.contains(&entry.text) {
            expected.push(entry.text.clone());
        }
    }

    fn write_wait(&self) -> Duration {
        self.write_wait.unwrap_or(Duration::from_secs(30))
    }

    fn describe(&self) -> String {
        "scripted".into()
    }
}
