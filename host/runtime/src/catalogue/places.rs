//! Who may load next: so many at a time, and the tenants in turn.
//!
//! Whoever waits for a place in front of all has waited for one of its tenant's before, and of those
//! there are as many as there are places. So each tenant has at most that many in the one queue, and a
//! tenant with many files holds up another for no longer than a turn.

use chatter_protocol::TenantId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) struct Places {
    at_once: usize,
    all: Arc<Semaphore>,
    /// Of tenants that have or want a place; none is everybody.
    tenants: Mutex<HashMap<Option<TenantId>, Weak<Semaphore>>>,
}

/// Free again when it is dropped.
pub(super) struct Place {
    _place: Option<OwnedSemaphorePermit>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            all: Arc::new(Semaphore::new(at_once)),
            tenants: Mutex::default(),
        }
    }

    /// Waits until it is the tenant's turn.
    pub(super) async fn take(&self, tenant: Option<&TenantId>) -> Arc<Place> {
        // Neither is ever closed.
        let turn = self.of(tenant).acquire_owned().await.ok();
        let place = self.all.clone().acquire_owned().await.ok();
        Arc::new(Place {
            _place: place,
            _turn: turn,
        })
    }

    fn of(&self, tenant: Option<&TenantId>) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant = tenant.cloned();
        if let Some(known) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return known;
        }
        tenants.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.at_once));
        tenants.insert(tenant, Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::{JoinSet, yield_now};

    #[tokio::test]
    async fn a_tenant_with_many_files_holds_up_another_for_a_turn() {
        let places = Arc::new(Places::new(2));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut loads = JoinSet::new();
        let many = [Some("acme"); 20];
        for name in many.into_iter().chain([None, Some("globex")]) {
            let (places, order) = (places.clone(), order.clone());
            let tenant = name.map(|name| TenantId::new(name).unwrap());
            loads.spawn(async move {
                let _place = places.take(tenant.as_ref()).await;
                order.lock().unwrap().push(name);
                yield_now().await;
            });
        }
        while let Some(loaded) = loads.join_next().await {
            loaded.unwrap();
        }
        let order = order.lock().unwrap();
        let at = |name| order.iter().position(|who| *who == name).unwrap();
        assert_eq!(order.len(), 22);
        assert!(at(None) < 8 && at(Some("globex")) < 8, "{order:?}");
        assert_eq!(places.all.available_permits(), 2);
    }
}
