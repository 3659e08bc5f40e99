//! A memory on the network, so that whoever asks it is never held up by it.
//!
//! A search has a deadline. While the memory is away, and so that nobody has to wait to learn it, a
//! breaker (each tenant's own: what one searches for may be what the memory fails at) answers in its place: with what is at hand (entries that were found or written lately, and
//! those that wait to be written), or else that the memory is unavailable and why. Writes are not
//! held back by it: whoever delivers them waits and tries again by itself.

use crate::{Archive, Embedded, Filter, Listing, Mem0, Memory, Scopes, Which, away::PATIENCE};
use async_trait::async_trait;
use chatter_http::{Breakers, Pass};
use chatter_protocol::{
    TenantId, Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use metrics::{counter, gauge, histogram};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// How many entries of a scope are at hand, and of how many scopes. Of more, all are dropped and
/// gathered anew.
const ENTRIES_AT_HAND: u32 = 64;
const SCOPES_AT_HAND: u32 = 4_096;

/// A memory that is guarded.
pub struct Guarded<M> {
    memory: M,
    breakers: Breakers<TenantId, String>,
    /// Since when it is away, as the operator was told.
    away: Mutex<Option<Instant>>,
    at_hand: Embedded,
    wait: Duration,
}

impl Guarded<Mem0> {
    /// Guards a Mem0 server, by its own deadlines.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if SQLite can't get the memory that it needs.
    pub fn mem0(memory: Mem0) -> Result<Self, Error> {
        let wait = memory.search_wait();
        Self::new(memory, wait)
    }
}

impl<M: Memory> Guarded<M> {
    /// Guards a memory: a search is waited for so long.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if SQLite can't get the memory that it needs.
    pub fn new(memory: M, wait: Duration) -> Result<Self, Error> {
        Ok(Self {
            memory,
            breakers: Breakers::new(PATIENCE),
            away: Mutex::default(),
            at_hand: Embedded::in_memory()?.keeps(ENTRIES_AT_HAND),
            wait,
        })
    }

    /// Asks the memory; the error says why there is no answer from it.
    async fn ask(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        let breaker = self.breakers.of(scope.room.tenant());
        let pass = breaker.pass(Instant::now());
        let pass = pass.map_err(Error::Unavailable)?;
        let asking = Asking {
            memory: self,
            pass: Some(pass),
            since: Instant::now(),
        };
        let answer = timeout(self.wait, self.memory.search(scope, query)).await;
        let answer = answer.unwrap_or_else(|_| {
            let wait = self.wait;
            Err(Error::Unavailable(format!(
                "it did not answer within {wait:?}"
            )))
        });
        asking.told(&answer);
        answer
    }

    /// Tells the operator what has changed by an answer that was good or not.
    fn note(&self, is_good: bool) {
        let (memory, now) = (self.memory.describe(), Instant::now());
        let resting = self.breakers.rests(now);
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match (&resting, *away) {
            (Some(reason), None) => {
                *away = Some(now);
                gauge!("chatter_memory_away").set(1.0);
                tracing::warn!(
                    %memory, %reason,
                    "the memory is away: what is to be remembered waits, and searches answer from what is at hand"
                );
            }
            (None, Some(since)) if is_good => {
                *away = None;
                gauge!("chatter_memory_away").set(0.0);
                let after = now.duration_since(since);
                tracing::info!(%memory, "the memory answers again, after {after:.1?}");
            }
            _ => {}
        }
    }

    /// Keeps at hand what may be asked for while the memory is away.
    async fn keep(&self, scope: &Scope, entries: Vec<(NewEntry, Timestamp)>) {
        // It is only a copy: if it fails, there is less at hand.
        if self.at_hand.scopes_known() >= SCOPES_AT_HAND {
            let _ = self.at_hand.clear().await;
        }
        let _ = self.at_hand.keep_at_hand(scope, entries).await;
    }
}

/// A search under way. Should whoever asked give up before there is an answer, it counts as a failure
/// of the memory if it had the better part of its time.
struct Asking<'a, M: Memory> {
    memory: &'a Guarded<M>,
    pass: Option<Pass<'a, String>>,
    since: Instant,
}

impl<M: Memory> Asking<'_, M> {
    fn told(mut self, answer: &Result<Vec<Entry>, Error>) {
        let Some(pass) = self.pass.take() else {
            return;
        };
        let now = Instant::now();
        let is_good = match answer {
            Err(Error::Unavailable(reason)) => {
                pass.bad(now, reason.clone());
                false
            }
            _ => {
                pass.good(now);
                true
            }
        };
        self.memory.note(is_good);
    }
}

impl<M: Memory> Drop for Asking<'_, M> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            let took = self.since.elapsed();
            if took >= self.memory.wait / 2 {
                let reason = format!("it had not answered after {took:.1?}");
                pass.bad(Instant::now(), reason);
                self.memory.note(false);
            }
        }
    }
}

#[async_trait]
impl<M: Memory> Memory for Guarded<M> {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        let started = Instant::now();
        let answer = match self.ask(scope, query).await {
            Ok(found) => {
                // The best last, so that it stays the longest.
                let copies = found.iter().rev();
                let copies = copies.map(|found| (found.entry.clone(), found.at));
                self.keep(scope, copies.collect()).await;
                counter!("chatter_memory_searches_total", "end" => "answered").increment(1);
                Ok(found)
            }
            Err(Error::Unavailable(reason)) => {
                let at_hand = self.at_hand.search(scope, query).await.unwrap_or_default();
                let end = if at_hand.is_empty() {
                    "unavailable"
                } else {
                    "at_hand"
                };
                counter!("chatter_memory_searches_total", "end" => end).increment(1);
                if at_hand.is_empty() {
                    Err(Error::Unavailable(reason))
                } else {
                    Ok(at_hand)
                }
            }
            Err(error) => Err(error),
        };
        histogram!("chatter_memory_search_seconds").record(started.elapsed().as_secs_f64());
        answer
    }

    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.memory.remember(scope, write_id, entry, at).await
    }

    async fn expect(&self, scope: &Scope, _: &str, entry: &NewEntry, at: Timestamp) {
        self.keep(scope, vec![(entry.clone(), at)]).await;
    }

    fn trouble(&self) -> Option<String> {
        self.breakers.rests(Instant::now())
    }

    fn describe(&self) -> String {
        self.memory.describe()
    }
}

#[async_trait]
impl<M: Archive> Archive for Guarded<M> {
    async fn scopes(&self, of: &Which) -> Result<Scopes, Error> {
        self.memory.scopes(of).await
    }

    async fn list(&self, scope: &Scope, filter: &Filter) -> Result<Listing, Error> {
        self.memory.list(scope, filter).await
    }

    async fn forget(&self, scope: &Scope, filter: &Filter) -> Result<u64, Error> {
        // Ids differ between the two: of what is at hand nothing stays.
        self.at_hand.forget(scope, &Filter::default()).await?;
        self.memory.forget(scope, filter).await
    }
}

#[cfg(test)]
mod tests;
