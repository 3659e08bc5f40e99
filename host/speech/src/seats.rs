//! Whose turn it is at the model.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Things of which each is used by one at a time. Whoever waits is served in the order of coming; as a
/// room has one inference at a time, rooms that always want one take turns.
#[derive(Debug)]
pub(crate) struct Seats<T> {
    line: Mutex<Line<T>>,
    moved: Condvar,
}

#[derive(Debug)]
struct Line<T> {
    free: Vec<T>,
    /// The tickets of those who wait, first come first.
    waiting: VecDeque<u64>,
    next: u64,
}

impl<T> Seats<T> {
    #[cfg_attr(
        not(feature = "whisper"),
        allow(dead_code, reason = "without a model there are no seats")
    )]
    pub(crate) fn new(things: Vec<T>) -> Self {
        Self {
            line: Mutex::new(Line {
                free: things,
                waiting: VecDeque::new(),
                next: 0,
            }),
            moved: Condvar::new(),
        }
    }

    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one and uses it. Whoever has stopped by then is passed over, and gets nothing.
    pub(crate) fn with<R>(&self, stop: &AtomicBool, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut thing = self.take(stop)?;
        let done = catch_unwind(AssertUnwindSafe(|| act(&mut thing)));
        self.line().free.push(thing);
        self.moved.notify_all();
        Some(done.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    fn take(&self, stop: &AtomicBool) -> Option<T> {
        let mut line = self.line();
        let ticket = line.next;
        line.next += 1;
        line.waiting.push_back(ticket);
        let mut line = self
            .moved
            .wait_while(line, |line| {
                let mine = line.waiting.front() == Some(&ticket) && !line.free.is_empty();
                !mine && !stop.load(Ordering::Relaxed)
            })
            .unwrap_or_else(PoisonError::into_inner);
        let first = line.waiting.front() == Some(&ticket);
        line.waiting.retain(|waiting| *waiting != ticket);
        let stopped = stop.load(Ordering::Relaxed);
        let thing = (first && !stopped).then(|| line.free.pop()).flatten();
        drop(line);
        // Whoever is first now may find another one free.
        self.moved.notify_all();
        thing
    }

    /// Wakes those who wait, so that whoever has stopped goes.
    pub(crate) fn look(&self) {
        // Under the lock, or somebody who looked just before would sleep through it.
        drop(self.line());
        self.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    fn waiting<T>(seats: &Seats<T>) -> usize {
        seats.line().waiting.len()
    }

    /// Waits until something holds that another thread brings about.
    fn until(holds: impl Fn() -> bool) {
        while !holds() {
            thread::yield_now();
        }
    }

    #[test]
    fn whoever_came_first_is_served_first_and_who_stopped_is_passed_over() {
        let seats = Arc::new(Seats::new(vec![()]));
        let served = Arc::new(Mutex::new(Vec::new()));
        let stops: Vec<_> = (0..4).map(|_| Arc::new(AtomicBool::new(false))).collect();
        let threads = seats.with(&AtomicBool::new(false), |()| {
            let mut threads = Vec::new();
            for (n, stop) in stops.iter().enumerate() {
                let (seats, served, stop) = (seats.clone(), served.clone(), stop.clone());
                let same = seats.clone();
                threads.push(thread::spawn(move || {
                    same.with(&stop, |()| served.lock().unwrap().push(n))
                }));
                until(|| waiting(&seats) == n + 1);
            }
            stops[1].store(true, Ordering::Relaxed);
            seats.look();
            until(|| waiting(&seats) == 3);
            threads
        });
        let got: Vec<_> = threads
            .unwrap()
            .into_iter()
            .map(|thread| thread.join().unwrap().is_some())
            .collect();
        assert_eq!(got, [true, false, true, true]);
        assert_eq!(*served.lock().unwrap(), [0, 2, 3]);
    }

    #[test]
    fn a_panic_gives_it_back() {
        let seats = Seats::new(vec![()]);
        let stop = AtomicBool::new(false);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            seats.with(&stop, |()| panic!("on purpose"))
        }));
        assert!(panicked.is_err());
        assert_eq!(seats.with(&stop, |()| 1), Some(1));
    }
}
