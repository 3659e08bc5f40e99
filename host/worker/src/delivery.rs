//! Takes memories from the store's outbox to the memory.
//!
//! Each is written at least once, under the same write id at every try, so that the memory keeps it once. Tenants have
//! equal shares of what is in view and take turns with their scopes, and a scope's entries go in their order: one that fails
//! holds up its scope. If it fails again though the memory has taken others meanwhile, it is the entry that fails: it is set
//! aside and tried again with growing pauses of its own, and its scope goes on. When one that was set aside arrives after
//! all, the tenant's others are tried at once. Where too many are set aside, the one that has failed for longest is dropped
//! for the next.
//!
//! While nothing arrives nobody knows whether it is the memory that fails or what is delivered first. Then all wait, with growing pauses, and
//! each time others go first: another tenant, and another scope of each. After some rounds an entry further behind is tried
//! after the first of a scope. So after an outage in which nothing arrived a scope's entries arrive in their order, but for
//! one that was tried just when the memory came back.
//!
//! What the memory refuses as wrong is dropped, with a line in the log, but only once it has taken something else meanwhile: a
//! memory that refuses everything is set up wrongly, and then nothing is to be lost.
//!
//! Where several workers share a store, the one that has been at it for longest delivers ([`turn`]). What can't be read stays in
//! the outbox ([`unread`]).

mod failing;
mod turn;
mod unread;

use crate::seat::Backoff;
use chatter_memory::SharedMemory;
use chatter_protocol::{Clock, TenantId, memory::Error};
use chatter_store::{PendingMemory, SharedStore};
use failing::{Failed, Failing};
use futures_util::{StreamExt as _, stream};
use metrics::{counter, gauge};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};
use turn::Turn;
use unread::Unread;

/// How many entries are looked at at a time.
const IN_VIEW: usize = 256;

/// How many of them a scope may deliver before the others have had their turn.
const A_TURN: usize = 16;

/// How many scopes deliver at the same time.
const AT_ONCE: usize = 4;

/// So many scopes that failed in a row, with nothing that arrives in between, mean that the memory is away.
const FAILURES: usize = 3;

/// After so many rounds in which nothing arrived entries further behind are tried too.
const IN_VAIN: usize = 3;

/// How long to wait for the first.
const WAIT: Duration = Duration::from_secs(5);

/// How long the memory may take for one beyond its own bound: so that what it says of a late answer is heard.
const GRACE: Duration = Duration::from_secs(5);

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// While all that is in view is held up, or another one delivers: so often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Delivers memories from the store's outbox to the memory until it is dropped. A
/// [`Worker`](crate::Worker) does so by itself.
pub async fn run(store: SharedStore, memory: SharedMemory, clock: Clock) {
    let turn = Turn::new(SharedStore::clone(&store));
    let delivery = Delivery {
        store,
        memory,
        clock,
        turn: &turn,
        failing: Failing::default(),
        unread: Unread::default(),
        taken: 0,
        in_vain: 0,
        probes: HashMap::new(),
    };
    turn.meet().await;
    // Whatever it waits for, it is there.
    tokio::select! {
        never = turn.keep() => match never {},
        () = delivery.run() => {}
    }
}

struct Delivery<'a> {
    store: SharedStore,
    memory: SharedMemory,
    clock: Clock,
    turn: &'a Turn,
    failing: Failing,
    unread: Unread,
    /// How many entries the memory has taken.
    taken: u64,
    /// In how many rounds some failed since one arrived.
    in_vain: usize,
    /// How often an entry further behind was tried since then, by its scope.
    probes: HashMap<String, usize>,
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

impl Delivery<'_> {
    async fn run(mut self) {
        let mut pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        // How many entries had been taken when it went away.
        let mut away = None;
        loop {
            match self.round().await {
                Ok(next) => {
                    if away.is_some_and(|taken| self.taken > taken) {
                        tracing::info!("memories are delivered again");
                        away = None;
                    }
                    if self.in_vain == 0 {
                        pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
                    }
                    if let Next::Later(after) = next {
                        sleep(after).await;
                    }
                }
                Err(reason) => {
                    if away.is_none() {
                        tracing::warn!(%reason, "memories wait in the store until they can be delivered");
                    }
                    away = Some(self.taken);
                    pause.wait().await;
                }
            }
        }
    }

    /// Delivers some of what waits. The error says why nothing can be delivered for now.
    async fn round(&mut self) -> Result<Next, String> {
        if !self.turn.is_ours()? {
            // Whose turn it is tells of all this.
            self.failing = Failing::default();
            self.unread = Unread::default();
            self.unread.show();
            self.show(&[]);
            return Ok(Next::Later(LOOK));
        }
        let now = Instant::now();
        let (resting, unread) = (self.failing.resting(now), self.unread.passed_over(now));
        let others = [&*resting, &*unread].concat();
        let ask = self.store.pending_memories_but(&others, IN_VIEW, WAIT);
        let (mut pending, mut unreadable) = (Vec::new(), Vec::new());
        for entry in answered(ask).await? {
            match entry {
                Ok(memory) => pending.push(memory),
                Err(entry) => unreadable.push(entry),
            }
        }
        let now = Instant::now();
        self.unread.note(unreadable, &unread, now);
        self.failing.retain(&pending, &resting, now);
        self.show(&pending);
        if pending.is_empty() {
            return Ok(Next::GoOn);
        }
        for waiting in &pending {
            let PendingMemory {
                scope, entry, at, ..
            } = waiting;
            let waited = self.clock.now().since(*at);
            self.memory.expect(scope, entry, *at, waited).await;
        }
        let mut scopes: BTreeMap<String, Vec<PendingMemory>> = BTreeMap::new();
        let mut held = HashSet::new();
        for waiting in pending {
            let scope = waiting.scope.to_string();
            if self.failing.holds_up(&waiting.id, now) {
                held.insert(scope);
            } else if !held.contains(&scope) {
                scopes.entry(scope).or_default().push(waiting);
            }
        }
        if scopes.is_empty() {
            return Ok(Next::Later(LOOK));
        }
        let order = in_turn(scopes, self.in_vain);
        let began = Instant::now();
        let failures = AtomicUsize::new(0);
        let ends: Vec<(PendingMemory, End)> = stream::iter(order)
            .map(|waiting| self.deliver(waiting, &failures))
            .buffer_unordered(AT_ONCE)
            .concat()
            .await;
        if ends
            .iter()
            .any(|(entry, _)| self.failing.is_aside(&entry.id))
        {
            self.failing.rest(began, Instant::now());
        }
        self.settle(ends).await
    }

    /// Delivers entries of one scope, in their order, until its turn is over, or this worker's, one fails, or the memory
    /// seems to be away. After some rounds in vain it tries one of those behind one that failed, each time another.
    async fn deliver(
        &self,
        waiting: Vec<PendingMemory>,
        failures: &AtomicUsize,
    ) -> Vec<(PendingMemory, End)> {
        let mut waiting = VecDeque::from(waiting);
        let mut ends = Vec::new();
        while ends.len() < A_TURN
            && failures.load(Ordering::Relaxed) < FAILURES
            && self.turn.is_ours() == Ok(true)
        {
            let Some(next) = waiting.pop_front() else {
                break;
            };
            let end = remember(&self.memory, &next).await;
            let is_kept = matches!(end, End::Kept);
            let is_aside = self.failing.is_aside(&next.id);
            ends.push((next, end));
            if is_kept {
                failures.store(0, Ordering::Relaxed);
            } else if !is_aside {
                failures.fetch_add(1, Ordering::Relaxed);
                if self.in_vain >= IN_VAIN && !waiting.is_empty() {
                    let scope = waiting[0].scope.to_string();
                    let place = self.probes.get(&scope).copied().unwrap_or(0) % waiting.len();
                    if let Some(next) = waiting.remove(place) {
                        let end = remember(&self.memory, &next).await;
                        ends.push((next, end));
                    }
                }
                break;
            }
        }
        ends
    }

    /// Takes what is done with out of the outbox, and notes what failed.
    async fn settle(&mut self, ends: Vec<(PendingMemory, End)>) -> Result<Next, String> {
        let before = self.taken;
        let kept = ends.iter().filter(|(_, end)| matches!(end, End::Kept));
        self.taken += kept.count() as u64;
        let arrived = self.taken > before;
        let (mut settled, mut failed) = (Vec::new(), Vec::new());
        let mut healed = HashSet::new();
        for (entry, end) in ends {
            let (reason, is_alone, is_wrong) = match end {
                End::Kept => {
                    counter!("chatter_memories_delivered_total", "end" => "kept").increment(1);
                    if self.failing.is_aside(&entry.id) {
                        healed.insert(entry.scope.room.tenant());
                    }
                    settled.push(entry.id);
                    continue;
                }
                // A refusal is no outage: what arrived in the same round counts.
                End::Refused(error) => {
                    let first = self.failing.refused_at(&entry.id).unwrap_or(before);
                    (error.to_string(), self.taken > first, true)
                }
                // A failure may be one: then only what arrived in rounds between two of them does.
                End::Failed(reason) => {
                    let first = self.failing.failed_at(&entry.id).unwrap_or(self.taken);
                    (reason, before > first, false)
                }
            };
            if is_wrong && is_alone {
                dropped(&reason);
                settled.push(entry.id);
            } else {
                failed.push(Failed {
                    entry,
                    at: if is_wrong { before } else { self.taken },
                    is_wrong,
                    is_alone,
                    reason,
                });
            }
        }
        self.failing.forget(&settled);
        // What fails alone says nothing of the memory.
        let is_away = !arrived && failed.iter().any(|failed| !failed.is_alone);
        if is_away {
            if self.in_vain >= IN_VAIN {
                let scopes: HashSet<_> = failed.iter().map(|f| f.entry.scope.to_string()).collect();
                for scope in scopes {
                    *self.probes.entry(scope).or_default() += 1;
                }
            }
            self.in_vain += 1;
        } else if arrived {
            if self.in_vain > 0 {
                self.failing.is_back(&failed);
            }
            self.in_vain = 0;
            self.probes.clear();
        }
        let now = Instant::now();
        for tenant in &healed {
            self.failing.try_again(tenant, now);
        }
        for failed in &failed {
            if let Some(given_up) = self.failing.note(failed, is_away, now) {
                dropped("it has failed for longest of too many that fail alone");
                settled.push(given_up);
            }
        }
        self.failing.show();
        if !settled.is_empty() {
            answered(self.store.settle_memories(settled)).await?;
        }
        let news = failed.into_iter().find(|failed| !failed.is_alone);
        match news {
            Some(failed) if is_away => Err(failed.reason),
            _ => Ok(Next::GoOn),
        }
    }

    /// Tells how old the oldest is; of what is set aside another gauge tells.
    fn show(&self, pending: &[PendingMemory]) {
        self.failing.show();
        let now = self.clock.now();
        let waiting = pending
            .iter()
            .filter(|waiting| !self.failing.is_aside(&waiting.id));
        let age = waiting.map(|waiting| now.since(waiting.at)).max();
        let age = age.unwrap_or_default().as_secs_f64();
        gauge!("chatter_memories_oldest_seconds").set(age);
    }
}

fn dropped(reason: &str) {
    tracing::warn!(reason, "an entry for the memory was dropped");
    counter!("chatter_memories_delivered_total", "end" => "dropped").increment(1);
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
    let first = in_vain % tenants.len().max(1);
    tenants.rotate_left(first);
    for scopes in &mut tenants {
        let first = in_vain % scopes.len().max(1);
        scopes.rotate_left(first);
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

async fn remember(memory: &SharedMemory, waiting: &PendingMemory) -> End {
    let PendingMemory {
        scope,
        write_id,
        entry,
        at,
        ..
    } = waiting;
    let writing = memory.remember(scope, write_id, entry, *at);
    match timeout(memory.write_wait() + GRACE, writing).await {
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
