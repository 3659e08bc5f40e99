//! Those who wait for something to come into a queue are woken by a channel, so that no connection is
//! blocked by their waiting.

use super::{Redis, answer::unavailable};
use crate::StoreError;
use chatter_bus::redis::Hearing;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// For how long a channel that nobody waits for is listened to: who asks usually asks again.
const IDLE: Duration = Duration::from_secs(60);

/// The channels that are listened to.
#[derive(Default)]
pub(super) struct Wakers(Mutex<HashMap<String, Waker>>);

struct Waker {
    come: Arc<Notify>,
    _hearing: Hearing,
    used: Instant,
}

impl Wakers {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, channel: &str) -> Option<Arc<Notify>> {
        let mut wakers = self.lock();
        let waker = wakers.get_mut(channel)?;
        waker.used = Instant::now();
        Some(Arc::clone(&waker.come))
    }
}

impl Redis {
    /// What is notified when something is said on a channel, or may have been. One who does not wait
    /// needs no channel.
    pub(super) async fn woken_by(
        &self,
        channel: String,
        wait: Duration,
    ) -> Result<Arc<Notify>, StoreError> {
        let wakers = &self.shared.wakers;
        if wait.is_zero() {
            return Ok(Arc::default());
        }
        if let Some(come) = wakers.find(&channel) {
            return Ok(come);
        }
        let come = Arc::new(Notify::new());
        let wake = Arc::clone(&come);
        let channels = [channel];
        let listening = self
            .shared
            .link
            .listen(&channels, move |_, _| wake.notify_waiters());
        let hearing = listening.await.map_err(|fault| unavailable(&fault))?;
        let [channel] = channels;
        // Somebody else may have been quicker.
        if let Some(come) = wakers.find(&channel) {
            return Ok(come);
        }
        let waker = Waker {
            come: Arc::clone(&come),
            _hearing: hearing,
            used: Instant::now(),
        };
        let idle: Vec<Waker> = {
            let mut wakers = wakers.lock();
            wakers.insert(channel, waker);
            wakers
                .extract_if(|_, waker| waker.used.elapsed() > IDLE)
                .map(|(_, waker)| waker)
                .collect()
        };
        drop(idle);
        Ok(come)
    }
}

/// When it was tidied up last.
#[derive(Default)]
pub(super) struct Tidied(Mutex<Option<Instant>>);

impl Tidied {
    /// Whether it is time to do it again; then it counts as done.
    pub(super) fn is_due(&self, every: Duration) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() > every);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}
