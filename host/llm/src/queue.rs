//! Whose turn it is at a provider.
//!
//! Tenants take turns, among a tenant's requests its rooms, among a room's its personas, and a
//! persona's own come in order. A room of fifty that never stop asking leaves every second place to
//! a room of one.
//!
//! At each level this is round robin. Whoever was served goes to the end of the round even if nothing of
//! theirs waits any more, and leaves it only when its turn comes round again: else one that asks anew as
//! soon as it was answered would come behind those who always wait, every time. (FQ-CoDel does the same with
//! its queues, [RFC 8290, 4.2](https://www.rfc-editor.org/rfc/rfc8290#section-4.2).)

use chatter_protocol::memory::Scope;
use metrics::Gauge;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

/// The places at a provider, and those who wait for one.
#[derive(Clone, Debug)]
pub(crate) struct Queue(Arc<Mutex<Line>>);

#[derive(Debug)]
struct Line {
    free: usize,
    /// At most so many wait.
    bound: usize,
    waiting: Turns,
    next_ticket: u64,
    /// How many wait, for operators.
    length: Gauge,
}

impl Line {
    fn tell(&self) {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        self.length.set(self.waiting.len as f64);
    }
}

/// A place at a provider; dropping it gives it to the next.
#[derive(Debug)]
pub(crate) struct Place(Option<Queue>);

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    call: oneshot::Sender<Place>,
}

impl Queue {
    pub(crate) fn new(places: usize, bound: usize, length: Gauge) -> Self {
        length.set(0.0);
        Self(Arc::new(Mutex::new(Line {
            free: places,
            bound,
            waiting: Turns::default(),
            next_ticket: 0,
            length,
        })))
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.line().waiting.len
    }

    /// A place for somebody, once it is their turn; none if that is not before `until`, or if too many
    /// wait. Then it is the newest of the longest queue that gets none, whoever has come last.
    pub(crate) async fn place(&self, asker: &Scope, until: Instant) -> Option<Place> {
        let tenant = asker.room.tenant();
        let path = [tenant.as_str(), asker.room.as_str(), asker.persona.as_str()];
        let (called, ticket) = {
            let mut line = self.line();
            if line.free > 0 {
                line.free -= 1;
                return Some(Place(Some(self.clone())));
            }
            let (call, called) = oneshot::channel();
            let ticket = line.next_ticket;
            line.next_ticket += 1;
            line.waiting.push(&path, Waiter { ticket, call });
            if line.waiting.len > line.bound {
                // Dropping it tells whoever waits.
                drop(line.waiting.newest_of_the_longest());
            }
            line.tell();
            (called, ticket)
        };
        let _leave = Leave {
            queue: self,
            path: &path,
            ticket,
        };
        timeout_at(until, called).await.ok()?.ok()
    }

    /// Gives a place that has become free to the next.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut line = self.line();
                let next = line.waiting.pop();
                line.tell();
                match next {
                    Some(next) => next,
                    None => {
                        line.free += 1;
                        return;
                    }
                }
            };
            match next.call.send(Place(Some(self.clone()))) {
                Ok(()) => return,
                // It left a moment ago. The place goes on, without giving itself back first.
                Err(mut place) => place.0 = None,
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.pass_on();
        }
    }
}

/// Takes whoever gave up waiting out of the queue.
struct Leave<'a> {
    queue: &'a Queue,
    path: &'a [&'a str],
    ticket: u64,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let waiter = {
            let mut line = self.queue.line();
            let waiter = line.waiting.remove(self.path, self.ticket);
            line.tell();
            waiter
        };
        drop(waiter);
    }
}

/// Those who wait, by the levels of whom they wait for.
#[derive(Debug, Default)]
struct Turns {
    /// How many wait in it altogether.
    len: usize,
    own: VecDeque<Waiter>,
    /// Whose turn it is stands first; in some of them nobody waits.
    parts: VecDeque<(String, Turns)>,
}

impl Turns {
    fn push(&mut self, path: &[&str], waiter: Waiter) {
        self.len += 1;
        let Some((name, rest)) = path.split_first() else {
            return self.own.push_back(waiter);
        };
        if let Some((_, part)) = self.parts.iter_mut().find(|(part, _)| part == name) {
            return part.push(rest, waiter);
        }
        let mut part = Self::default();
        part.push(rest, waiter);
        self.parts.push_back(((*name).to_owned(), part));
    }

    fn pop(&mut self) -> Option<Waiter> {
        let next = match self.own.pop_front() {
            Some(own) => own,
            None => loop {
                let (name, mut part) = self.parts.pop_front()?;
                if let Some(next) = part.pop() {
                    self.parts.push_back((name, part));
                    break next;
                }
            },
        };
        self.has_left();
        Some(next)
    }

    fn remove(&mut self, path: &[&str], ticket: u64) -> Option<Waiter> {
        let removed = match path.split_first() {
            None => {
                let at = self.own.iter().position(|own| own.ticket == ticket)?;
                self.own.remove(at)?
            }
            Some((name, rest)) => {
                let (_, part) = self.parts.iter_mut().find(|(part, _)| part == name)?;
                part.remove(rest, ticket)?
            }
        };
        self.has_left();
        Some(removed)
    }

    fn newest_of_the_longest(&mut self) -> Option<Waiter> {
        let newest = match self.own.pop_back() {
            Some(own) => own,
            None => {
                // Of several the last: it has the longest to wait until its turn anyway.
                let longest = self.parts.iter_mut().max_by_key(|(_, part)| part.len)?;
                longest.1.newest_of_the_longest()?
            }
        };
        self.has_left();
        Some(newest)
    }

    fn has_left(&mut self) {
        self.len -= 1;
        // With nobody here there are no turns to be kept.
        if self.len == 0 {
            self.parts.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{PersonaId, RoomId};
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };
    use tokio::{
        sync::mpsc,
        task::JoinHandle,
        time::{sleep, timeout},
    };

    fn scope(who: &str) -> Scope {
        let (room, persona) = who.rsplit_once('/').unwrap();
        Scope {
            room: RoomId::new(room).unwrap(),
            persona: PersonaId::new(persona).unwrap(),
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    /// Asks again and again, a second each time, and tells whenever it has got its place.
    fn chatty(
        queue: &Queue,
        who: String,
        served: &mpsc::UnboundedSender<String>,
    ) -> JoinHandle<()> {
        let (queue, served) = (queue.clone(), served.clone());
        tokio::spawn(async move {
            while let Some(_place) = queue.place(&scope(&who), soon()).await {
                let _ = served.send(who.clone());
                sleep(Duration::from_secs(1)).await;
            }
        })
    }

    /// The order in which those who came in this one are served, with one place that is taken.
    async fn order(who: &[&str]) -> Vec<String> {
        let queue = Queue::new(1, 100, Gauge::noop());
        let first = queue.place(&scope("z/z/z"), soon()).await;
        let (tell, mut served) = mpsc::unbounded_channel();
        for who in who {
            let (queue, tell, who) = (queue.clone(), tell.clone(), (*who).to_owned());
            tokio::spawn(async move {
                let _place = queue.place(&scope(&who), soon()).await;
                let _ = tell.send(who);
            });
            tokio::task::yield_now().await;
        }
        drop((first, tell));
        let mut order = Vec::new();
        while let Some(who) = served.recv().await {
            order.push(who);
        }
        order
    }

    #[tokio::test(start_paused = true)]
    async fn tenants_rooms_and_personas_take_turns() {
        let cases: [(&[&str], &[&str]); 4] = [
            (&["a/r/p", "a/r/p", "a/r/q"], &["a/r/p", "a/r/q", "a/r/p"]),
            (
                &["a/r/p", "a/r/q", "a/r/s", "a/s/p"],
                &["a/r/p", "a/s/p", "a/r/q", "a/r/s"],
            ),
            (
                &["a/r/p", "a/s/p", "a/t/p", "b/r/p", "b/r/p"],
                &["a/r/p", "b/r/p", "a/s/p", "b/r/p", "a/t/p"],
            ),
            (&["a/r/p", "a/r/p"], &["a/r/p", "a/r/p"]),
        ];
        for (came, served) in cases {
            assert_eq!(order(came).await, served, "{came:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_that_never_stop_leave_every_second_place_to_one() {
        let queue = Queue::new(1, 1_000, Gauge::noop());
        let (tell, mut served) = mpsc::unbounded_channel();
        let mut tasks: Vec<_> = (0..50)
            .map(|n| chatty(&queue, format!("main/busy/p{n}"), &tell))
            .collect();
        tasks.push(chatty(&queue, "main/calm/one".into(), &tell));
        sleep(Duration::from_millis(100_500)).await;
        for task in tasks {
            task.abort();
        }
        drop(tell);
        let mut all = Vec::new();
        while let Ok(who) = served.try_recv() {
            all.push(who);
        }
        let calm = all.iter().filter(|who| *who == "main/calm/one").count();
        assert!((45..=51).contains(&calm), "{calm} of {} places", all.len());
        let busy: std::collections::HashSet<_> = all.iter().collect();
        assert!(busy.len() >= 50, "each of the fifty had its turn");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_or_is_late_leaves_no_trace() {
        let queue = Queue::new(1, 100, Gauge::noop());
        let place = queue.place(&scope("a/r/p"), soon()).await.unwrap();
        let until = Instant::now() + Duration::from_secs(2);
        assert!(queue.place(&scope("a/r/q"), until).await.is_none());
        let asker = scope("a/r/q");
        let given_up = timeout(Duration::from_secs(1), queue.place(&asker, soon())).await;
        assert!(given_up.is_err());
        assert_eq!(queue.len(), 0);
        assert!(queue.line().waiting.parts.is_empty());
        drop(place);
        assert!(queue.place(&asker, soon()).await.is_some());
        assert_eq!(queue.line().free, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_sends_the_newest_of_the_longest_away() {
        let queue = Queue::new(1, 3, Gauge::noop());
        let place = queue.place(&scope("z/z/z"), soon()).await;
        let (tell, mut sent_away) = mpsc::unbounded_channel();
        for who in ["a/r/p1", "a/r/p2", "a/r/p3", "a/r/p4", "b/r/p1"] {
            let (queue, tell) = (queue.clone(), tell.clone());
            tokio::spawn(async move {
                let Some(_place) = queue.place(&scope(who), soon()).await else {
                    let _ = tell.send(who);
                    return;
                };
                std::future::pending::<()>().await;
            });
            tokio::task::yield_now().await;
        }
        assert_eq!(sent_away.recv().await, Some("a/r/p4"));
        assert_eq!(sent_away.recv().await, Some("a/r/p3"));
        assert_eq!(queue.len(), 3);
        drop(place);
    }

    #[tokio::test(start_paused = true)]
    async fn operators_see_how_many_wait() {
        let length = Arc::new(AtomicU64::new(0));
        let told = || f64::from_bits(length.load(Ordering::Relaxed));
        let queue = Queue::new(1, 100, Gauge::from_arc(Arc::clone(&length)));
        let (one, two) = (scope("a/lobby/p0"), scope("a/lobby/p1"));
        let first = queue.place(&one, soon()).await.unwrap();
        let (second, ()) = tokio::join!(biased; queue.place(&two, soon()), async {
            assert_eq!(told(), 1.0);
            drop(first);
        });
        assert!(second.is_some());
        assert_eq!(told(), 0.0);
        let given_up = tokio::time::timeout(Duration::from_secs(1), queue.place(&one, soon()));
        assert!(given_up.await.is_err());
        assert_eq!(told(), 0.0);
    }
}
