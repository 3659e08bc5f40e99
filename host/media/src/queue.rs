//! What lies between a source and the one who reads its feed.

use crate::{Part, feed::ms_of};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// How many pieces of a file wait for a reader: a second. Then the file waits.
const FILE: usize = 10;

/// How many pieces of a live source wait: ten seconds. Then the oldest go, and are told as a gap.
const LIVE: usize = 100;

/// How many pictures wait. Then the oldest go.
const PICTURES: usize = 8;

/// Both ends. The feed reads, the player writes.
#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something came, or it is over.
    filled: Notify,
    /// Something was taken away.
    taken: Notify,
}

#[derive(Default)]
struct State {
    parts: VecDeque<Part>,
    pieces: usize,
    pictures: usize,
    over: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and a half-done change does not exist.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next part; [`Part::Ended`] once it is over and all before was taken. Dropping the future
    /// loses nothing.
    pub(crate) async fn next(&self) -> Part {
        tokio::task::coop::consume_budget().await;
        loop {
            {
                let mut state = self.lock();
                if let Some(part) = state.pop() {
                    drop(state);
                    self.0.taken.notify_one();
                    return part;
                }
                if state.over {
                    return Part::Ended;
                }
            }
            self.0.filled.notified().await;
        }
    }

    /// Waits until there is room for another piece of a file.
    pub(crate) async fn room(&self) {
        while self.lock().pieces >= FILE {
            self.0.taken.notified().await;
        }
    }

    /// Adds a part. Never waits: too much of it, and the oldest goes.
    pub(crate) fn push(&self, part: Part) {
        self.lock().push(part);
        self.0.filled.notify_one();
    }

    /// Nothing follows.
    pub(crate) fn end(&self) {
        self.lock().over = true;
        self.0.filled.notify_one();
    }
}

impl State {
    fn pop(&mut self) -> Option<Part> {
        let part = self.parts.pop_front()?;
        match part {
            Part::Sound { .. } => self.pieces -= 1,
            Part::Picture { .. } => self.pictures -= 1,
            Part::Gap { .. } | Part::Ended => {}
        }
        Some(part)
    }

    fn push(&mut self, part: Part) {
        match part {
            Part::Sound { .. } => {
                if self.pieces >= LIVE {
                    self.forget_oldest_piece();
                }
                self.pieces += 1;
            }
            Part::Picture { .. } => {
                if self.pictures >= PICTURES
                    && let Some(oldest) = self.parts.iter().position(Part::is_picture)
                {
                    self.parts.remove(oldest);
                    self.pictures -= 1;
                }
                self.pictures += 1;
            }
            Part::Gap { from_ms, to_ms } => {
                if let Some(Part::Gap { to_ms: end, .. }) = self.parts.back_mut()
                    && *end == from_ms
                {
                    *end = to_ms;
                    return;
                }
            }
            Part::Ended => {}
        }
        self.parts.push_back(part);
    }

    /// What comes before the second piece becomes one gap.
    fn forget_oldest_piece(&mut self) {
        let mut gap: Option<(u64, u64)> = None;
        while let Some(part) = self.parts.front() {
            let (from_ms, to_ms) = match part {
                Part::Sound { at_ms, samples } if self.pieces >= LIVE => {
                    (*at_ms, *at_ms + ms_of(samples.len()))
                }
                Part::Gap { from_ms, to_ms } => (*from_ms, *to_ms),
                Part::Picture { .. } if self.pieces >= LIVE => {
                    self.pop();
                    continue;
                }
                _ => break,
            };
            gap = Some((gap.map_or(from_ms, |(from_ms, _)| from_ms), to_ms));
            self.pop();
        }
        if let Some((from_ms, to_ms)) = gap {
            self.parts.push_front(Part::Gap { from_ms, to_ms });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PIECE;

    fn sound(n: u64) -> Part {
        Part::Sound {
            at_ms: n * 100,
            samples: vec![0.0; PIECE],
        }
    }

    fn picture(at_ms: u64) -> Part {
        Part::Picture {
            at_ms,
            width: 1,
            height: 1,
            rgb: vec![0; 3],
        }
    }

    #[tokio::test]
    async fn what_is_too_much_is_one_gap_and_then_the_latest_ten_seconds() {
        let queue = Queue::default();
        for n in 0..150 {
            if n == 20 {
                queue.push(picture(2_000));
            }
            queue.push(sound(n));
        }
        queue.end();
        assert_eq!(
            queue.next().await,
            Part::Gap {
                from_ms: 0,
                to_ms: 5_000
            }
        );
        for n in 50..150 {
            assert_eq!(queue.next().await, sound(n));
        }
        assert_eq!(queue.next().await, Part::Ended);
        assert_eq!(queue.next().await, Part::Ended);
    }

    #[tokio::test]
    async fn gaps_that_touch_are_one_and_of_pictures_the_latest_stay() {
        let queue = Queue::default();
        for n in 0..1000 {
            queue.push(Part::Gap {
                from_ms: n * 10,
                to_ms: n * 10 + 10,
            });
        }
        for n in 0..20 {
            queue.push(picture(n));
        }
        assert_eq!(
            queue.next().await,
            Part::Gap {
                from_ms: 0,
                to_ms: 10_000
            }
        );
        for n in 12..20 {
            assert_eq!(queue.next().await, picture(n));
        }
    }

    #[tokio::test]
    async fn a_file_waits_for_its_reader() {
        let queue = Queue::default();
        for n in 0..10 {
            queue.room().await;
            queue.push(sound(n));
        }
        let writer = tokio::spawn({
            let queue = queue.clone();
            async move { queue.room().await }
        });
        tokio::task::yield_now().await;
        assert!(!writer.is_finished());
        queue.next().await;
        writer.await.unwrap();
    }
}
