//! Takes memories from the store's outbox to the memory.
//!
//! Each is written at least once, under the same write id at every try, so that the memory keeps it
//! once. Tenants have equal shares of what is in view, scopes take turns, and each scope's entries go in their order. While the memory is away all
//! wait, and it is tried again with growing pauses.
//!
//! An entry that fails alone, while others arrive, is set aside and tried again later, with growing
//! pauses of its own: it holds up none of the others. Where nothing arrives, nobody knows whether it is the memory that
//! fails or what is delivered first: then others go first, and after some rounds what failed is set aside, one by one. What the memory refuses as wrong is dropped,
//! with a line in the log, but only once it has taken something else meanwhile: a memory that refuses
//! everything is set up wrongly, and then nothing is to be lost.
//!
//! Where several workers share a store, the one that has been at it for longest delivers.

use crate::seat::Backoff;
use chatter_memory::SharedMemory;
use chatter_protocol::{CallId, Clock, TenantId, memory::Error};
use chatter_store::{PendingMemory, SharedStore};
use futures_util::{StreamExt as _, stream};
use metrics::{counter, gauge};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// How many entries are looked at at a time, beside those set aside.
const IN_VIEW: usize = 256;

/// How many of them a scope may deliver before the others have had their turn.
const A_TURN: usize = 16;

/// How many scopes deliver at the same time.
const AT_ONCE: usize = 4;

/// So many failures in a row, with nothing that arrives in between, mean that the memory is away.
const FAILURES: u32 = 3;

/// After so many rounds in which nothing arrived one of those entries that failed is set aside in each.
const IN_VAIN: usize = 3;

/// How many entries may be set aside. Of more, it is the memory that fails.
const ASIDE: usize = 1_000;

/// How long to wait for the first.
const WAIT: Duration = Duration::from_secs(5);

/// How long the memory may take for one.
const MEMORY_WAIT: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause of an entry that is set aside.
const LONGEST_ASIDE: Duration = Duration::from_secs(600);

/// While something is set aside the outbox is never empty: so often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The group of those who would deliver, and how long one counts that says nothing.
const GROUP: &str = "memories";
const PRESENT: Duration = Duration::from_secs(20);

/// How long one who is not to deliver waits before it asks again.
const STAND_BY: Duration = Duration::from_secs(5);

/// Delivers memories from the store's outbox to the memory until it is dropped. A
/// [`Worker`](crate::Worker) does so by itself.
pub async fn run(store: SharedStore, memory: SharedMemory, clock: Clock) {
    let mut delivery = Delivery {
        store,
        memory,
        clock,
        // Later ones sort behind earlier ones.
        name: CallId::new().to_string(),
        aside: HashMap::new(),
        taken: 0,
        in_vain: 0,
    };
    let mut pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    // How many entries had been taken when it went away.
    let mut away = None;
    loop {
        match delivery.round().await {
            Ok(next) => {
                if away.is_some_and(|taken| delivery.taken > taken) {
                    tracing::info!("memories are delivered again");
                    away = None;
                }
                pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
                if let Next::Later(after) = next {
                    sleep(after).await;
                }
            }
            Err(reason) => {
                if away.is_none() {
                    tracing::warn!(%reason, "memories wait in the store until they can be delivered");
                }
                away = Some(delivery.taken);
                pause.wait().await;
            }
        }
    }
}

struct Delivery {
    store: SharedStore,
    memory: SharedMemory,
    clock: Clock,
    name: String,
    /// By their number in the outbox.
    aside: HashMap<i64, Aside>,
    /// How many entries the memory has taken.
    taken: u64,
    /// In how many rounds lately some failed and none arrived.
    in_vain: usize,
}

/// An entry that failed.
struct Aside {
    until: Instant,
    pause: Duration,
    /// How many entries the memory had taken when it refused this one for the first time.
    refused_at: Option<u64>,
}

/// How a round ended.
enum Next {
    GoOn,
    Later(Duration),
}

/// What became of an entry.
enum End {
    Kept,
    Refused(Error),
    Failed(String),
}

impl Delivery {
    /// Delivers some of what waits. The error says why nothing can be delivered for now.
    async fn round(&mut self) -> Result<Next, String> {
        if !self.is_ours().await? {
            return Ok(Next::Later(STAND_BY));
        }
        let view = self.aside.len() + IN_VIEW;
        let pending = answered(self.store.pending_memories(view, WAIT)).await?;
        self.show_age(&pending);
        if pending.len() < view {
            // Nothing else waits.
            self.aside
                .retain(|id, _| pending.iter().any(|waiting| waiting.id == *id));
        }
        let now = Instant::now();
        let is_due = |waiting: &PendingMemory| {
            let aside = self.aside.get(&waiting.id);
            aside.is_none_or(|aside| aside.until <= now)
        };
        let mut scopes: BTreeMap<String, Vec<PendingMemory>> = BTreeMap::new();
        for waiting in pending {
            if is_due(&waiting) {
                let scope = scopes.entry(waiting.scope.to_string()).or_default();
                scope.push(waiting);
            }
        }
        if scopes.is_empty() {
            return Ok(if self.aside.is_empty() {
                Next::GoOn
            } else {
                Next::Later(LOOK)
            });
        }
        for waiting in scopes.values().flatten() {
            let PendingMemory {
                scope,
                write_id,
                entry,
                at,
                ..
            } = waiting;
            self.memory.expect(scope, write_id, entry, *at).await;
        }
        let failures = AtomicU32::new(0);
        let ends: Vec<(i64, End)> = stream::iter(in_turn(scopes, self.in_vain))
            .map(|waiting| deliver(&self.memory, waiting, &failures))
            .buffer_unordered(AT_ONCE)
            .concat()
            .await;
        self.settle(ends).await
    }

    /// Whether it is this worker's turn to deliver.
    async fn is_ours(&self) -> Result<bool, String> {
        let there = answered(self.store.duties().meet(GROUP, &self.name, PRESENT)).await?;
        Ok(there.iter().min().is_none_or(|first| *first == self.name))
    }

    /// Takes what is done with out of the outbox, and sets aside what is not.
    async fn settle(&mut self, ends: Vec<(i64, End)>) -> Result<Next, String> {
        let before = self.taken;
        self.taken += ends
            .iter()
            .filter(|(_, end)| matches!(end, End::Kept))
            .count() as u64;
        let (mut settled, mut failed) = (Vec::new(), Vec::new());
        for (id, end) in ends {
            match end {
                End::Kept => {
                    counter!("chatter_memories_delivered_total", "end" => "kept").increment(1);
                    settled.push(id);
                }
                End::Failed(reason) => failed.push((id, None, reason)),
                End::Refused(error) => {
                    let known = self.aside.get(&id).and_then(|aside| aside.refused_at);
                    let refused_at = known.unwrap_or(before);
                    if self.taken > refused_at {
                        tracing::warn!(%error, "an entry for the memory was dropped");
                        counter!("chatter_memories_delivered_total", "end" => "dropped")
                            .increment(1);
                        settled.push(id);
                    } else {
                        failed.push((id, Some(refused_at), error.to_string()));
                    }
                }
            }
        }
        for id in &settled {
            self.aside.remove(id);
        }
        // What has failed before says nothing new of the memory.
        let mut news = failed
            .iter()
            .filter(|(id, ..)| !self.aside.contains_key(id));
        let first = news.next().map(|(id, ..)| *id);
        let is_away = settled.is_empty() && first.is_some();
        self.in_vain = if is_away { self.in_vain + 1 } else { 0 };
        let suspect = first.filter(|_| self.in_vain > IN_VAIN);
        let mut why = None;
        for (id, refused_at, reason) in failed {
            let is_known = refused_at.is_some() || self.aside.contains_key(&id);
            if !is_away || is_known || suspect == Some(id) {
                self.set_aside(id, refused_at);
            }
            why = Some(reason);
        }
        gauge!("chatter_memories_set_aside").set(self.aside.len() as f64);
        if !settled.is_empty() {
            answered(self.store.settle_memories(settled)).await?;
        }
        match why {
            Some(reason) if is_away || self.aside.len() > ASIDE => Err(reason),
            _ => Ok(Next::GoOn),
        }
    }

    fn set_aside(&mut self, id: i64, refused_at: Option<u64>) {
        let known = self.aside.get(&id);
        let pause = known.map_or(FIRST_PAUSE, |aside| aside.pause);
        let aside = Aside {
            until: Instant::now() + pause,
            pause: (pause * 2).min(LONGEST_ASIDE),
            refused_at: refused_at.or(known.and_then(|aside| aside.refused_at)),
        };
        self.aside.insert(id, aside);
    }

    fn show_age(&self, pending: &[PendingMemory]) {
        let now = self.clock.now();
        let age = pending.iter().map(|waiting| now.since(waiting.at)).max();
        let age = age.unwrap_or_default().as_secs_f64();
        gauge!("chatter_memories_oldest_seconds").set(age);
    }
}

/// The scopes in the order in which they are delivered: of each tenant one, then of each another. Who is first changes
/// with the number of rounds that were `in_vain`.
fn in_turn(
    scopes: BTreeMap<String, Vec<PendingMemory>>,
    in_vain: usize,
) -> Vec<Vec<PendingMemory>> {
    let mut tenants: BTreeMap<TenantId, VecDeque<Vec<PendingMemory>>> = BTreeMap::new();
    for waiting in scopes.into_values() {
        if let Some(first) = waiting.first() {
            let tenant = first.scope.room.tenant();
            tenants.entry(tenant).or_default().push_back(waiting);
        }
    }
    let mut tenants: VecDeque<_> = tenants.into_values().collect();
    tenants.rotate_left(in_vain % tenants.len().max(1));
    for scopes in &mut tenants {
        scopes.rotate_left(in_vain % scopes.len().max(1));
    }
    let mut order = Vec::new();
    while let Some(mut scopes) = tenants.pop_front() {
        if let Some(waiting) = scopes.pop_front() {
            order.push(waiting);
            tenants.push_back(scopes);
        }
    }
    order
}

/// Delivers entries of one scope, in their order, until its turn is over or the memory seems to be
/// away.
async fn deliver(
    memory: &SharedMemory,
    waiting: Vec<PendingMemory>,
    failures: &AtomicU32,
) -> Vec<(i64, End)> {
    let mut ends = Vec::new();
    for waiting in waiting.into_iter().take(A_TURN) {
        if failures.load(Ordering::Relaxed) >= FAILURES {
            break;
        }
        let end = remember(memory, &waiting).await;
        match end {
            End::Kept => failures.store(0, Ordering::Relaxed),
            End::Refused(_) | End::Failed(_) => {
                failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        ends.push((waiting.id, end));
    }
    ends
}

async fn remember(memory: &SharedMemory, waiting: &PendingMemory) -> End {
    let PendingMemory {
        scope,
        write_id,
        entry,
        at,
        ..
    } = waiting;
    let writing = timeout(MEMORY_WAIT, memory.remember(scope, write_id, entry, *at));
    match writing.await {
        Ok(Ok(())) => End::Kept,
        Ok(Err(Error::Unavailable(reason))) => End::Failed(reason),
        Ok(Err(error)) => End::Refused(error),
        Err(_) => End::Failed("the memory did not answer in time".into()),
    }
}

/// What the store answers, if it does.
async fn answered<T>(
    asking: impl Future<Output = Result<T, chatter_store::StoreError>>,
) -> Result<T, String> {
    timeout(WAIT * 3, asking)
        .await
        .map_err(|_| "the store did not answer in time".to_owned())?
        .map_err(|error| error.to_string())
}
