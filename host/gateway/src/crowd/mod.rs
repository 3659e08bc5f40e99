//! A room's viewers, and what goes to all of them.
//!
//! Each frame is encoded once, with its head, and lies in one [`ring`] that all viewers share; a
//! viewer is a place in it. A few [`shard`]s go through the viewers and write to each socket directly
//! all that is new in one call: while they do, more comes, so that the faster a room is the more goes
//! out with each call. No task of a viewer's own wakes up for a message unless the socket takes no
//! more.

mod notices;
mod peer;
mod ring;
mod shard;

pub(crate) use notices::{Notice, Settled};
pub(crate) use peer::{Need, Peer};
pub(crate) use shard::Member;

use crate::{now::Now, ws::Frame};
use metrics::Counter;
use notices::Notices;
use ring::Ring;
use shard::Shard;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
};
use tokio_util::sync::CancellationToken;

/// More shards than this help nobody: what they do is mostly the kernel's work.
const MOST_SHARDS: usize = 8;

pub(crate) struct Crowd {
    ring: Mutex<Ring>,
    notices: Mutex<Notices>,
    /// The number of the next notice.
    noticed: AtomicU64,
    /// How often something was taken back: what was read of the log before is not shown any more.
    taken_back: AtomicU64,
    /// What happens on the stream, for those who asked for it.
    pub(crate) now: Now,
    shards: Vec<Shard>,
    deliveries: Counter,
    lag_recoveries: Counter,
}

impl Crowd {
    /// Which keeps so many frames.
    pub(crate) fn new(frames: usize, deliveries: Counter, lag_recoveries: Counter) -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self {
            ring: Mutex::new(Ring::new(frames)),
            notices: Mutex::default(),
            noticed: AtomicU64::new(0),
            taken_back: AtomicU64::new(0),
            now: Now::default(),
            shards: (0..processors.min(MOST_SHARDS))
                .map(|_| Shard::default())
                .collect(),
            deliveries,
            lag_recoveries,
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notices(&self) -> MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next notice.
    pub(crate) fn noticed(&self) -> u64 {
        self.noticed.load(Ordering::Acquire)
    }

    /// Tells viewers something that none of those misses whom it is for. It goes out with the next `wake`.
    pub(crate) fn tell(&self, notice: Notice) {
        let mut notices = self.notices();
        notices.push(notice);
        self.noticed.store(notices.end(), Ordering::Release);
    }

    /// How often something was taken back.
    pub(crate) fn taken_back(&self) -> u64 {
        self.taken_back.load(Ordering::Acquire)
    }

    /// Puts other frames in the place of messages that are held for viewers, where there are any.
    pub(crate) fn take_back(&self, other: impl FnMut(u64, &Frame) -> Option<Frame>) {
        self.taken_back.fetch_add(1, Ordering::AcqRel);
        self.ring().take_back(other);
    }

    /// The newest message that viewers are shown.
    pub(crate) fn shown(&self) -> u64 {
        self.ring().shown()
    }

    /// Whether what viewers are shown is of this log, as far as is known yet.
    pub(crate) fn is_of(&self, epoch: &str) -> bool {
        self.ring().is_of(epoch)
    }

    /// Whether a viewer that has seen a log's messages up to an offset gets those up to another one
    /// without the log.
    pub(crate) fn holds(&self, epoch: &str, seen: u64, newest: u64) -> bool {
        let ring = self.ring();
        ring.is_of(epoch) && ring.shown() >= newest && ring.place(seen).is_some()
    }

    // === What goes to all; it goes out with the next `wake` ===

    /// The log's next message.
    pub(crate) fn message(&self, offset: u64, frame: Frame) {
        self.ring().message(offset, frame);
    }

    /// A frame beside the log, which may be missed.
    pub(crate) fn beside(&self, frame: Frame) {
        self.ring().beside(frame);
    }

    /// The log stands here now; whoever wants what is before it reads it there.
    pub(crate) fn stands_at(&self, offset: u64) {
        self.ring().stands_at(offset);
    }

    /// Viewers are shown this log from here on.
    pub(crate) fn begin(&self, epoch: &str, offset: u64) {
        self.ring().begin(epoch, offset);
    }

    /// The log is another one now, or has lost what comes next: viewers must come back.
    pub(crate) fn renew(&self, epoch: &str, offset: u64) {
        self.ring().renew(epoch, offset);
    }

    /// Sends out what is new.
    pub(crate) fn wake(&self) {
        for shard in &self.shards {
            shard.wake();
        }
    }

    // === Viewers ===

    /// From now on a viewer is sent what is new.
    pub(crate) fn join(self: &Arc<Self>, peer: Arc<Peer>) -> Member {
        // One shard does for a small crowd, and wakes up alone.
        const SMALL: usize = 256;
        let shard = self
            .shards
            .iter()
            .position(|shard| shard.members() < SMALL)
            .or_else(|| (0..self.shards.len()).min_by_key(|at| self.shards[*at].members()))
            .unwrap_or_default();
        let slot = self.shards[shard].join(peer);
        Member::new(Arc::clone(self), shard, slot)
    }

    /// Writes to viewers what is new, until it is to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut shards = tokio::task::JoinSet::new();
        for shard in 0..self.shards.len() {
            let (crowd, stop) = (Arc::clone(&self), stop.clone());
            shards.spawn(async move {
                let work = shard::run(&crowd, shard);
                stop.run_until_cancelled(work).await;
            });
        }
        // Without one of them its viewers would see nothing.
        while let Some(ended) = shards.join_next().await {
            if ended.is_err() {
                return;
            }
        }
    }

    /// The offsets of the messages from a place in the ring on, which moves to the end.
    #[cfg(test)]
    pub(crate) fn offsets(&self, place: &mut u64) -> Vec<u64> {
        self.ring().offsets(place)
    }

    fn delivered(&self, messages: u64) {
        if messages > 0 {
            self.deliveries.increment(messages);
        }
    }

    fn fell_behind(&self) {
        self.lag_recoveries.increment(1);
    }
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crowd")
    }
}
