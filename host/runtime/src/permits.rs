//! Places in the pool of instances, shared out fairly by tenant.
//!
//! The pool has so many **places**; one is what a small component needs of it, and a call takes as
//! many as its component weighs. While there are enough, everybody gets what they ask for. When there
//! are not, calls queue by tenant, and each place that becomes free goes to the tenant that holds the
//! least against its share (max-min fairness; the tie goes to who was served longest ago). Whoever's
//! turn it is is waited for, so that a heavy component is not overtaken by light ones for ever; unless
//! what it needs is held by calls that wait for the language model, which takes too long: then others
//! pass.
//!
//! A computing call gives its places back within its CPU time, so a turn comes soon. One that waits
//! for the language model holds them for seconds, so those are bounded apart: a tenant's waiting
//! calls may hold at most twice its share of what is left for waiting (the dynamic threshold of
//! Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998).
//! So one tenant can't take it all, and there is always something left for the next.

use crate::engine::HEAVIEST;
use chatter_protocol::TenantId;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// What calls share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Places.
    pub calls: u32,
    /// Places that may be held by calls that wait for the language model: as many as leave the heaviest
    /// component its own, or half of them, whatever this says.
    pub waiting: u32,
    /// How long a call waits for a place before it ends as
    /// [`CallEnd::Busy`](chatter_protocol::call::CallEnd::Busy).
    pub queue: Duration,
    /// The largest memory of a call, in bytes, whatever its limits say.
    pub memory_bytes: u64,
    /// The stack of a call, in bytes.
    pub stack_bytes: u64,
    /// What tenants get of a full pool, against the 1 of all others.
    pub shares: BTreeMap<TenantId, u32>,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            calls: 64,
            waiting: 42,
            queue: Duration::from_secs(2),
            memory_bytes: 256 << 20,
            stack_bytes: 512 << 10,
            shares: BTreeMap::new(),
        }
    }
}

/// So many calls of one tenant may queue; more are refused at once.
const QUEUED: usize = 1024;

/// What a tenant's waiting calls may hold, as a multiple of its share of what is left for waiting.
const WAITING_FACTOR: u64 = 2;

/// All places.
#[derive(Clone)]
pub(crate) struct Permits(Arc<Shared>);

struct Shared {
    places: u32,
    waiting_places: u32,
    shares: BTreeMap<TenantId, u32>,
    state: Mutex<State>,
}

struct State {
    free: u32,
    free_for_waiting: u32,
    /// Places that are held by calls that wait for the language model.
    kept_waiting: u32,
    /// Counts what was granted, to know who was served longest ago.
    granted: u64,
    /// Tenants that hold or want something.
    tenants: HashMap<TenantId, Tenant>,
    /// How many calls queue, over all tenants.
    queued: usize,
}

struct Tenant {
    share: u32,
    held: u32,
    waiting: u32,
    served: u64,
    queue: VecDeque<Queued>,
}

impl Tenant {
    /// Its next call of those that need no more places than are within reach.
    fn first(&self, within_reach: u32) -> Option<usize> {
        self.queue
            .iter()
            .position(|queued| queued.weight <= within_reach)
    }
}

struct Queued {
    weight: u32,
    tell: oneshot::Sender<Permit>,
}

/// A call's places; they are free again when it is dropped. It must outlive the call's instance.
#[derive(Debug)]
pub(crate) struct Permit {
    shared: Arc<Shared>,
    pub(crate) tenant: TenantId,
    pub(crate) weight: u32,
    /// Set if the places were given back by other means.
    void: bool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permits")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

/// No place became free, or too many wait for one already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Permits {
    pub(crate) fn new(pool: &Pool) -> Self {
        let places = pool.calls.max(1);
        let most = places.saturating_sub(HEAVIEST).max(places / 2).max(1);
        let waiting_places = pool.waiting.clamp(1, most);
        Self(Arc::new(Shared {
            places,
            waiting_places,
            shares: pool.shares.clone(),
            state: Mutex::new(State {
                free: places,
                free_for_waiting: waiting_places,
                kept_waiting: 0,
                granted: 0,
                tenants: HashMap::new(),
                queued: 0,
            }),
        }))
    }

    /// So many places, or all that there are if that is less: at once if they are free and nobody
    /// waits, or when the tenant's turn has come. A future that is dropped has taken nothing.
    ///
    /// # Errors
    ///
    /// [`Full`] if it takes longer than `patience`, or if the tenant's queue has no end in sight.
    pub(crate) async fn acquire(
        &self,
        tenant: TenantId,
        weight: u32,
        patience: Duration,
    ) -> Result<Permit, Full> {
        let weight = weight.clamp(1, self.0.places);
        let told = {
            let mut state = self.0.lock();
            if state.queued == 0 && weight <= state.free {
                return Ok(self.0.grant(&mut state, tenant, weight));
            }
            let queue = &mut self.0.tenant(&mut state, &tenant).queue;
            if queue.len() >= QUEUED {
                return Err(Full);
            }
            let (tell, told) = oneshot::channel();
            queue.push_back(Queued { weight, tell });
            state.queued += 1;
            self.0.dispatch(&mut state);
            told
        };
        // Whoever gives up may have been what all others waited behind.
        let mut waiting = Waiting {
            shared: &self.0,
            told,
            granted: false,
        };
        match tokio::time::timeout(patience, &mut waiting.told).await {
            Ok(Ok(permit)) => {
                waiting.granted = true;
                Ok(permit)
            }
            _ => Err(Full),
        }
    }
}

/// In the queue, until it is granted or dropped.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    told: oneshot::Receiver<Permit>,
    granted: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.granted {
            self.told.close();
            // What came at the very end goes to the next.
            drop(self.told.try_recv());
            let mut state = self.shared.lock();
            self.shared.dispatch(&mut state);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tenant<'a>(&self, state: &'a mut State, tenant: &TenantId) -> &'a mut Tenant {
        state
            .tenants
            .entry(tenant.clone())
            .or_insert_with(|| Tenant {
                share: self.shares.get(tenant).copied().unwrap_or(1).max(1),
                held: 0,
                waiting: 0,
                served: 0,
                queue: VecDeque::new(),
            })
    }

    fn grant(self: &Arc<Self>, state: &mut State, tenant: TenantId, weight: u32) -> Permit {
        state.free -= weight;
        state.granted += 1;
        let served = state.granted;
        let entry = self.tenant(state, &tenant);
        entry.held += weight;
        entry.served = served;
        Permit {
            shared: self.clone(),
            tenant,
            weight,
            void: false,
        }
    }

    fn give_back(&self, state: &mut State, tenant: &TenantId, weight: u32) {
        state.free += weight;
        if let Some(entry) = state.tenants.get_mut(tenant) {
            entry.held -= weight;
        }
    }

    /// Hands out what is free, as far as it goes.
    fn dispatch(self: &Arc<Self>, state: &mut State) {
        if state.queued > 0 {
            let mut left = 0;
            for tenant in state.tenants.values_mut() {
                let before = tenant.queue.len();
                tenant.queue.retain(|queued| !queued.tell.is_closed());
                left += before - tenant.queue.len();
            }
            state.queued -= left;
        }
        // What calls that wait for the language model leave to the others.
        let within_reach = self.places - state.kept_waiting;
        while state.queued > 0 {
            let next = state
                .tenants
                .iter()
                .filter_map(|(id, tenant)| Some((id, tenant, tenant.first(within_reach)?)))
                .min_by(|(_, a, _), (_, b, _)| {
                    let held =
                        |of: &Tenant, other: &Tenant| u64::from(of.held) * u64::from(other.share);
                    held(a, b).cmp(&held(b, a)).then(a.served.cmp(&b.served))
                })
                .map(|(id, tenant, first)| (id.clone(), first, tenant.queue[first].weight));
            let Some((id, first, weight)) = next else {
                break;
            };
            if weight > state.free {
                break;
            }
            let Some(queued) = self.tenant(state, &id).queue.remove(first) else {
                break;
            };
            state.queued -= 1;
            let permit = self.grant(state, id, queued.weight);
            if let Err(mut permit) = queued.tell.send(permit) {
                // It left at this moment; dropping the permit would lock what is locked.
                permit.void = true;
                self.give_back(state, &permit.tenant, permit.weight);
            }
        }
        state
            .tenants
            .retain(|_, tenant| tenant.held > 0 || !tenant.queue.is_empty());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.void {
            return;
        }
        let mut state = self.shared.lock();
        self.shared.give_back(&mut state, &self.tenant, self.weight);
        self.shared.dispatch(&mut state);
    }
}

impl Permit {
    /// What lets this call wait for the language model.
    pub(crate) fn waiting_room(&self) -> WaitingRoom {
        WaitingRoom {
            shared: self.shared.clone(),
            tenant: self.tenant.clone(),
            weight: self.weight,
        }
    }
}

/// Where a call waits for the language model, without giving its places back.
#[derive(Clone)]
pub(crate) struct WaitingRoom {
    shared: Arc<Shared>,
    tenant: TenantId,
    weight: u32,
}

impl WaitingRoom {
    /// Begins to wait, if that leaves enough for others. It ends when the seat is dropped.
    pub(crate) fn enter(&self) -> Option<WaitingSeat> {
        let shared = &self.shared;
        let mut state = shared.lock();
        let (kept, weight) = (self.weight, self.weight.min(shared.waiting_places));
        let free = state.free_for_waiting;
        let tenant = shared.tenant(&mut state, &self.tenant);
        let most = WAITING_FACTOR * u64::from(tenant.share) * u64::from(free);
        if weight > free || u64::from(tenant.waiting) + u64::from(weight) > most {
            return None;
        }
        tenant.waiting += weight;
        state.free_for_waiting -= weight;
        state.kept_waiting += kept;
        if state.queued > 0 {
            // Whoever needs what is kept now isn't waited for any more.
            shared.dispatch(&mut state);
        }
        Some(WaitingSeat {
            room: self.clone(),
            weight,
        })
    }
}

/// Held while a call waits for the language model.
pub(crate) struct WaitingSeat {
    room: WaitingRoom,
    weight: u32,
}

impl Drop for WaitingSeat {
    fn drop(&mut self) {
        let mut state = self.room.shared.lock();
        state.free_for_waiting += self.weight;
        state.kept_waiting -= self.room.weight;
        if let Some(tenant) = state.tenants.get_mut(&self.room.tenant) {
            tenant.waiting -= self.weight;
        }
    }
}

#[cfg(test)]
mod tests;
