//! Whose turn it is to deliver: of the workers that share a store, the one whose name comes first, which is the one that
//! came first if their clocks agree. Whether they do or not, it is never the turn of two: who is not alone takes it only
//! after having been there for so long that no other goes on by what it saw before.

use super::answered;
use chatter_protocol::CallId;
use chatter_store::SharedStore;
use std::{
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// The group of those who would deliver.
const GROUP: &str = "memories";

/// For how long one counts as there that says nothing.
const PRESENT: Duration = Duration::from_secs(20);

/// How often each says that it is there, whatever it waits for meanwhile.
const RENEW: Duration = Duration::from_secs(5);

pub(super) struct Turn {
    store: SharedStore,
    /// Later ones sort behind earlier ones, as far as the clock is right.
    name: String,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Since when the others have known of this one without a break.
    since: Option<Instant>,
    /// Until when they do at least.
    known: Option<Instant>,
    /// Until when no other can have it.
    until: Option<Instant>,
    /// Why the store did not answer, if it did not the latest time.
    trouble: Option<String>,
}

impl Turn {
    pub(super) fn new(store: SharedStore) -> Self {
        Self {
            store,
            name: CallId::new().to_string(),
            seen: Mutex::default(),
        }
    }

    /// Says again and again that this worker is there.
    pub(super) async fn keep(&self) -> Infallible {
        loop {
            sleep(RENEW).await;
            self.meet().await;
        }
    }

    /// Says that this worker is there, and looks who else is.
    pub(super) async fn meet(&self) {
        let asked = Instant::now();
        let meeting = self.store.duties().meet(GROUP, &self.name, PRESENT);
        let there = answered(meeting).await;
        let mut seen = self.seen();
        match there {
            Ok(there) => {
                let now = Instant::now();
                if seen.known.is_none_or(|until| until < now) {
                    seen.since = Some(now);
                }
                seen.known = Some(asked + PRESENT);
                let is_first = there.iter().all(|other| self.name <= *other);
                let is_alone = there.iter().all(|other| *other == self.name);
                let has_it = seen.until.is_some_and(|until| now < until);
                let is_old = seen
                    .since
                    .is_some_and(|since| asked.saturating_duration_since(since) >= PRESENT);
                if !is_first {
                    seen.until = None;
                } else if is_alone || has_it || is_old {
                    seen.until = Some(asked + PRESENT);
                }
                seen.trouble = None;
            }
            // What it said before holds for as long as it said.
            Err(reason) => seen.trouble = Some(reason),
        }
    }

    /// Whether it is this worker's turn. The error says why nothing is known of that.
    pub(super) fn is_ours(&self) -> Result<bool, String> {
        let seen = self.seen();
        match &seen.trouble {
            _ if seen.until.is_some_and(|until| Instant::now() < until) => Ok(true),
            Some(reason) => Err(reason.clone()),
            None => Ok(false),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_store::Sqlite;
    use std::sync::Arc;

    const SECOND: Duration = Duration::from_secs(1);

    /// From when on, and until when, one says that it is there, in seconds.
    type Meets = &'static [(u64, u64)];

    /// What happens, the workers by their names, and whose turn it is at last.
    type Case = (&'static str, &'static [(&'static str, Meets)], &'static str);

    #[tokio::test(start_paused = true)]
    async fn it_is_never_the_turn_of_two() {
        let cases: [Case; 5] = [
            (
                "the later one sorts behind",
                &[("a", &[(0, 60)]), ("b", &[(2, 60)])],
                "a",
            ),
            (
                "the later one's clock is slow",
                &[("b", &[(0, 60)]), ("a", &[(2, 60)])],
                "a",
            ),
            (
                "the other one hears nothing of it",
                &[("b", &[(0, 1)]), ("a", &[(2, 60)])],
                "a",
            ),
            (
                "one comes back that was out of reach",
                &[("a", &[(0, 1), (33, 60)]), ("b", &[(1, 36)])],
                "a",
            ),
            (
                "of two that are left the first one",
                &[("a", &[(0, 7)]), ("b", &[(1, 60)]), ("c", &[(2, 60)])],
                "b",
            ),
        ];
        for (what, workers, last) in cases {
            let store: SharedStore = Arc::new(Sqlite::in_memory().unwrap());
            let workers: Vec<(Turn, Meets)> = workers
                .iter()
                .map(|&(name, meets)| {
                    let mut turn = Turn::new(store.clone());
                    turn.name = name.into();
                    (turn, meets)
                })
                .collect();
            let mut ours = Vec::new();
            for second in 0..60 {
                for (turn, meets) in &workers {
                    let is_due = |&(from, until): &(u64, u64)| {
                        (from..until).contains(&second) && (second - from) % RENEW.as_secs() == 0
                    };
                    if meets.iter().any(is_due) {
                        turn.meet().await;
                    }
                }
                let has_it = workers
                    .iter()
                    .filter(|(turn, _)| turn.is_ours() == Ok(true));
                ours = has_it.map(|(turn, _)| turn.name.clone()).collect();
                assert!(ours.len() < 2, "{what}: {ours:?} after {second} s");
                tokio::time::advance(SECOND).await;
            }
            assert_eq!(ours, [last], "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_over_does_so_within_half_a_minute() {
        let store: SharedStore = Arc::new(Sqlite::in_memory().unwrap());
        let [first, second, third] = [(); 3].map(|()| Turn::new(store.clone()));
        for _ in 0..6 {
            for turn in [&first, &second, &third] {
                turn.meet().await;
            }
            tokio::time::advance(RENEW).await;
        }
        assert_eq!(first.is_ours(), Ok(true));
        for _ in 0..5 {
            assert_eq!(third.is_ours(), Ok(false));
            for turn in [&second, &third] {
                turn.meet().await;
            }
            tokio::time::advance(RENEW).await;
        }
        assert_eq!(second.is_ours(), Ok(true));
    }
}
