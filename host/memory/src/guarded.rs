//! A memory on the network, so that whoever asks it is never held up by it.
//!
//! A search has a deadline. While the memory is away, and so that nobody has to wait to learn it, a
//! breaker (each tenant's own, for what one searches for may be what the memory fails at, and one for
//! all, for when it fails for several of them) answers in its place: with what is at hand (entries that were found or written lately, and
//! those that wait to be written), or else that the memory is unavailable and why. Writes are not
//! held back by it: whoever delivers them waits and tries again by itself.
//!
//! Nobody tells this process of what another one has forgotten. So what is at hand stays for [`AT_HAND`] alone.

use crate::{
    Archive, Embedded, Filter, Listing, Mem0, Memory, Scopes, Which, away::PATIENCE, embedded::Stay,
};
use async_trait::async_trait;
use chatter_http::{Breaker, Extent, News, Outage, Pass, Watch};
use chatter_protocol::{
    TenantId, Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use metrics::{counter, gauge, histogram};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How many entries of a scope are at hand, and of how many scopes. Of more, all are dropped and
/// gathered anew.
const ENTRIES_AT_HAND: u32 = 64;
const SCOPES_AT_HAND: u32 = 4_096;

/// For how long an entry stays at hand after it was found last, or was told to be waiting: no persona is given
/// what was forgotten longer ago.
pub const AT_HAND: Duration = Duration::from_secs(3_600);

/// A memory that is guarded.
pub struct Guarded<M> {
    memory: M,
    breaker: Breaker<TenantId, String>,
    watch: Watch,
    at_hand: Embedded,
    /// What the times of what is at hand are counted from.
    began: Instant,
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
            breaker: Breaker::new(PATIENCE),
            watch: Watch::default(),
            at_hand: Embedded::of_copies(ENTRIES_AT_HAND)?,
            began: Instant::now(),
            wait,
        })
    }

    /// Asks the memory; the error says why there is no answer from it.
    async fn ask(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        let tenant = scope.room.tenant();
        let pass = self.breaker.pass(tenant.clone(), Instant::now());
        let pass = pass.map_err(|outage| Error::Unavailable(told(outage)))?;
        let asking = Asking {
            memory: self,
            tenant,
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

    /// Tells the operator what has changed by an answer of a tenant's that was good, or why it was not.
    fn note(&self, tenant: &TenantId, bad: Option<&str>) {
        let now = Instant::now();
        let extent = self.breaker.extent(now);
        let is_away = extent != Extent::Nobody;
        gauge!("chatter_memory_away").set(if is_away { 1.0 } else { 0.0 });
        let news = self.watch.note(extent, bad.is_none(), now);
        let memory = self.memory.describe();
        match (news, bad) {
            (Some(News::Failed(extent)), Some(reason)) => tracing::warn!(
                %memory, %reason,
                tenant = (extent == Extent::Some).then(|| tenant.as_str()),
                "the memory is away: what is to be remembered waits, and searches answer from what is at hand"
            ),
            (Some(News::Recovered(after)), _) => {
                tracing::info!(%memory, "the memory answers again, after {after:.1?}");
            }
            _ => {}
        }
    }

    /// Keeps at hand what may be asked for while the memory is away, as fresh as what came so long `ago`.
    async fn keep(&self, scope: &Scope, entries: Vec<(NewEntry, Timestamp)>, ago: Duration) {
        // It is only a copy: if it fails, there is less at hand.
        if self.at_hand.scopes_known() >= SCOPES_AT_HAND {
            let _ = self.at_hand.clear().await;
        }
        let now = self.now();
        let stay = Stay {
            now,
            since: now.saturating_sub(millis(ago)),
            until: now.saturating_add(millis(AT_HAND)),
        };
        let _ = self.at_hand.keep_at_hand(scope, entries, stay).await;
    }

    /// What is at hand; nothing, if that can't be said.
    async fn look_at_hand(&self, scope: &Scope, query: &Query) -> Vec<Entry> {
        match self.at_hand.drop_at_hand(self.now()).await {
            Ok(()) => self.at_hand.search(scope, query).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// In milliseconds, as what is at hand has it.
    fn now(&self) -> i64 {
        millis(self.began.elapsed())
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Why it is away, for one of those who ask.
fn told(outage: Outage<String>) -> String {
    match outage {
        Outage::Own(reason) => reason,
        Outage::Others => "it did not answer others a moment ago".into(),
    }
}

/// A search under way. Should whoever asked give up before there is an answer, it counts as a failure
/// of the memory if it had the better part of its time.
struct Asking<'a, M: Memory> {
    memory: &'a Guarded<M>,
    tenant: TenantId,
    pass: Option<Pass<'a, TenantId, String>>,
    since: Instant,
}

impl<M: Memory> Asking<'_, M> {
    fn told(mut self, answer: &Result<Vec<Entry>, Error>) {
        match answer {
            Err(Error::Unavailable(reason)) => self.bad(reason),
            _ => {
                if let Some(pass) = self.pass.take() {
                    pass.good(Instant::now());
                    self.memory.note(&self.tenant, None);
                }
            }
        }
    }

    fn bad(&mut self, reason: &str) {
        if let Some(pass) = self.pass.take() {
            pass.bad(Instant::now(), reason.to_owned());
            self.memory.note(&self.tenant, Some(reason));
        }
    }
}

impl<M: Memory> Drop for Asking<'_, M> {
    fn drop(&mut self) {
        let took = self.since.elapsed();
        if took >= self.memory.wait / 2 {
            self.bad(&format!("it had not answered after {took:.1?}"));
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
                self.keep(scope, copies.collect(), Duration::ZERO).await;
                counter!("chatter_memory_searches_total", "end" => "answered").increment(1);
                Ok(found)
            }
            Err(Error::Unavailable(reason)) => {
                let at_hand = self.look_at_hand(scope, query).await;
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

    async fn expect(&self, scope: &Scope, entry: &NewEntry, at: Timestamp, waited: Duration) {
        self.keep(scope, vec![(entry.clone(), at)], waited).await;
    }

    fn write_wait(&self) -> Duration {
        self.memory.write_wait()
    }

    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        self.breaker.outage(tenant, Instant::now()).map(told)
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
