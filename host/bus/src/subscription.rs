//! What lies between whoever says something and one who listens: a bounded queue that never makes
//! the speaker wait.

use crate::Heard;
use bytes::Bytes;
use chatter_protocol::Topic;
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// One who listens.
///
/// Of what is said faster than it is taken away, the oldest is dropped, and [`Heard::Lagged`] says
/// how much of which topic that was, before anything that was said later.
pub struct Subscription {
    queue: Arc<Queue>,
    _farewell: Farewell,
}

/// The end of a [`Subscription`] into which a bus speaks. Any implementation of
/// [`Bus`](crate::Bus) makes its subscriptions of these, so that all of them lag in the same way.
/// Clones feed the same subscription, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Feed(Arc<Source>);

impl Subscription {
    /// A subscription that holds at most `capacity` messages (at least one), and its feed.
    /// `farewell` runs once, when the subscription is dropped; it must not wait.
    #[must_use]
    pub fn new(capacity: usize, farewell: impl FnOnce() + Send + 'static) -> (Feed, Self) {
        let queue = Arc::new(Queue {
            capacity: capacity.max(1),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        let feed = Feed(Arc::new(Source {
            queue: Arc::clone(&queue),
        }));
        (
            feed,
            Self {
                queue,
                _farewell: Farewell(Some(Box::new(farewell))),
            },
        )
    }

    /// What is heard next, in the order in which it was said; `None` when the bus is gone and
    /// everything said before has been heard.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        // One who always finds something waiting must still let others run.
        tokio::task::coop::consume_budget().await;
        loop {
            {
                let mut state = self.queue.lock();
                if let Some((topic, missed)) = state.missed.pop() {
                    return Some(Heard::Lagged { topic, missed });
                }
                if let Some((topic, payload)) = state.waiting.pop_front() {
                    return Some(Heard::Message { topic, payload });
                }
                if state.ended {
                    return None;
                }
            }
            self.queue.changed.notified().await;
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.fmt(f)
    }
}

impl Feed {
    /// Hands a message over. Never waits: if the queue is full, its oldest message is dropped and
    /// counted.
    pub fn push(&self, topic: &Topic, payload: Bytes) {
        let queue = &self.0.queue;
        let mut state = queue.lock();
        if state.waiting.len() >= queue.capacity
            && let Some((topic, _)) = state.waiting.pop_front()
        {
            state.miss(topic, 1);
        }
        state.waiting.push_back((topic.clone(), payload));
        drop(state);
        queue.changed.notify_one();
    }

    /// Tells the subscriber that `missed` messages of a topic were lost before they came here.
    pub fn lagged(&self, topic: &Topic, missed: u64) {
        self.0.queue.lock().miss(topic.clone(), missed);
        self.0.queue.changed.notify_one();
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.queue.fmt(f)
    }
}

/// What all clones of a [`Feed`] share: its end is the subscription's end.
struct Source {
    queue: Arc<Queue>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.queue.lock().ended = true;
        self.queue.changed.notify_one();
    }
}

struct Farewell(Option<Box<dyn FnOnce() + Send>>);

impl Drop for Farewell {
    fn drop(&mut self) {
        if let Some(farewell) = self.0.take() {
            farewell();
        }
    }
}

struct Queue {
    capacity: usize,
    state: Mutex<State>,
    /// There is one listener, so that one permit is enough to wake it.
    changed: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Topic, Bytes)>,
    /// At most one entry for each topic. All of these were said before what waits.
    missed: Vec<(Topic, u64)>,
    ended: bool,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} waiting",
            self.lock().waiting.len(),
            self.capacity
        )
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and a half-done change does not exist.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn miss(&mut self, topic: Topic, count: u64) {
        match self.missed.iter_mut().find(|(known, _)| *known == topic) {
            Some((_, missed)) => *missed = missed.saturating_add(count),
            None => self.missed.push((topic, count)),
        }
    }
}
