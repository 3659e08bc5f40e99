//! A part of a room's viewers, and the task that writes to them.

use super::{Crowd, Peer, peer::Place, ring::Batch};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// Viewers that are written to without letting others do something: some 0.4 ms.
const AT_A_TIME: usize = 128;

/// Under load messages wait up to so long for each other.
const GATHER: Duration = Duration::from_millis(20);

/// Waits that are shorter are not worth it: timers count in milliseconds.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Every second one in so many viewers is looked after.
const ROUND: usize = 10;

/// Rounds after which a viewer who gave no sign of life is given up.
const MOST_QUIET: u8 = 6;

#[derive(Default)]
pub(super) struct Shard {
    wake: Notify,
    members: Mutex<Members>,
    count: AtomicUsize,
}

#[derive(Default)]
struct Members {
    slots: Vec<Option<Arc<Peer>>>,
    free: Vec<usize>,
}

impl Shard {
    pub(super) fn wake(&self) {
        if self.members() > 0 {
            self.wake.notify_one();
        }
    }

    pub(super) fn members(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn join(&self, peer: Arc<Peer>) -> usize {
        let mut members = self.lock();
        self.count.fetch_add(1, Ordering::AcqRel);
        match members.free.pop() {
            Some(slot) => {
                members.slots[slot] = Some(peer);
                slot
            }
            None => {
                members.slots.push(Some(peer));
                members.slots.len() - 1
            }
        }
    }

    fn leave(&self, slot: usize) {
        let mut members = self.lock();
        if let Some(gone) = members.slots.get_mut(slot).and_then(Option::take) {
            members.free.push(slot);
            let left = self.count.fetch_sub(1, Ordering::AcqRel) - 1;
            if left == 0 {
                *members = Members::default();
            }
            drop(members);
            drop(gone);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something for each viewer, letting others do something now and then.
    async fn each(&self, mut what: impl FnMut(usize, &Peer)) {
        let mut from = 0;
        loop {
            {
                let members = self.lock();
                let to = members.slots.len().min(from + AT_A_TIME);
                for (slot, peer) in (from..to).zip(&members.slots[from.min(to)..to]) {
                    if let Some(peer) = peer {
                        what(slot, peer);
                    }
                }
                if to == members.slots.len() {
                    return;
                }
                from = to;
            }
            yield_now().await;
        }
    }
}

pub(super) async fn run(crowd: &Arc<Crowd>, shard: usize) {
    let shard = &crowd.shards[shard];
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0;
    let mut batch = Batch::default();
    let mut position = crowd.ring().end();
    loop {
        tokio::select! {
            () = shard.wake.notified() => {}
            _ = second.tick() => {
                round = (round + 1) % ROUND;
                if shard.members() > 0 {
                    shard.each(|slot, peer| {
                        if slot % ROUND == round {
                            peer.look_after(MOST_QUIET, crowd);
                        }
                    }).await;
                }
                continue;
            }
        }
        let began = Instant::now();
        let place = gather(crowd, position, &mut batch);
        position = place.next;
        let mut shown = 0;
        shard
            .each(|_, peer| shown += peer.show(&batch, place, crowd))
            .await;
        crowd.delivered(shown);
        if position < crowd.ring().end() {
            shard.wake.notify_one();
        }
        // At most half of the time is spent on this, as long as nobody waits too long for that.
        let rest = (began.elapsed() * 2).min(GATHER);
        if began + rest > Instant::now() + SHORTEST_WAIT {
            sleep_until(began + rest).await;
        }
    }
}

/// All that is new, as far as it is written at once.
fn gather(crowd: &Crowd, position: u64, batch: &mut Batch) -> Place {
    batch.clear();
    let stream = crowd.now.version();
    // Before the ring: who has been told that a message was taken back is not given what was read before.
    let notices = crowd.noticed();
    let ring = crowd.ring();
    let from = position.clamp(ring.first(), ring.end());
    let (seen, next, sees) = ring.read_for_all(from, batch);
    Place {
        from,
        seen,
        next,
        sees,
        stream,
        notices,
        renewed: ring.renewed(),
    }
}

/// A viewer's place among those who are written to.
#[derive(Debug)]
pub(crate) struct Member {
    crowd: Arc<Crowd>,
    shard: u32,
    slot: u32,
}

impl Member {
    pub(super) fn new(crowd: Arc<Crowd>, shard: usize, slot: usize) -> Self {
        // There are no more viewers than there can be open files.
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            crowd,
            shard: small(shard),
            slot: small(slot),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.shards[self.shard as usize].leave(self.slot as usize);
    }
}
