//! Group commit: all writes that wait go to disk together.
//!
//! Requests are put into a queue, and one blocking task at a time empties it: everything that
//! waits becomes one transaction, and so one flush of the disk, while the next requests gather.
//! Each request has a savepoint of its own, so that one that fails takes no other with it.

use super::{Failure, open::Lock};
use crate::StoreError;
use rusqlite::Connection;
use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How many requests may wait or be under way. Further ones wait in front of the queue.
const QUEUE_HOLDS: usize = 1024;

/// How long a request waits for its place in the queue before it is given up. Once in the queue it
/// runs to its end, which takes as long as the disk takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The one connection that writes.
pub(super) struct Writer {
    connection: Mutex<Connection>,
    queue: Mutex<Queue>,
    places: Arc<Semaphore>,
    /// Where this is, for errors.
    place: Arc<str>,
    /// The last to go, when the connection is closed.
    _lock: Option<Lock>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Box<dyn Request>>,
    /// Whether a task is there to empty it.
    attended: bool,
}

impl Writer {
    pub(super) fn new(connection: Connection, place: Arc<str>, lock: Option<Lock>) -> Self {
        Self {
            connection: Mutex::new(connection),
            queue: Mutex::default(),
            places: Arc::new(Semaphore::new(QUEUE_HOLDS)),
            place,
            _lock: lock,
        }
    }

    /// Runs `work` inside the next transaction, then, once that is on disk, `committed`, and
    /// answers. If `work` fails, nothing that it wrote stays.
    pub(super) async fn run<T, W, C>(
        self: &Arc<Self>,
        work: W,
        committed: C,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
        C: FnOnce() + Send + 'static,
    {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(self.unavailable("the disk does not keep up with what is to be written"));
        };
        let (answer, answered) = oneshot::channel();
        let pending = Pending {
            work: Some(work),
            outcome: None,
            committed,
            answer,
            _place: place,
        };
        let attended = {
            let mut queue = self.queue();
            queue.waiting.push(Box::new(pending));
            mem::replace(&mut queue.attended, true)
        };
        if !attended {
            let attendant = Attendant {
                writer: Arc::clone(self),
                done: false,
            };
            tokio::task::spawn_blocking(move || attendant.empty_queue());
        }
        match answered.await {
            Ok(outcome) => outcome.map_err(|failure| failure.at(&self.place)),
            Err(_) => Err(self.unavailable("the program was ending")),
        }
    }

    /// How many requests wait for the next transaction.
    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.queue().waiting.len()
    }

    fn unavailable(&self, what: &str) -> StoreError {
        StoreError::Unavailable(format!("{}: {what}", self.place))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut batch: Vec<Box<dyn Request>>) {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let outcome = transact(&connection, &mut batch);
        if outcome.is_err() && !connection.is_autocommit() {
            // The transaction is lost either way; if even this fails, the next one says so.
            let _ = connection.execute_batch("ROLLBACK");
        }
        drop(connection);
        let lost = outcome.err().map(|error| error.to_string());
        for request in batch {
            request.settle(lost.as_deref());
        }
    }
}

fn transact(connection: &Connection, batch: &mut [Box<dyn Request>]) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for request in batch {
        connection
            .prepare_cached("SAVEPOINT request")?
            .execute(())?;
        if !request.run(connection) {
            // Some errors (a full disk, for one) end the whole transaction; then this fails too.
            connection
                .prepare_cached("ROLLBACK TO request")?
                .execute(())?;
        }
        connection.prepare_cached("RELEASE request")?.execute(())?;
    }
    connection.execute_batch("COMMIT")
}

/// The task that empties the queue. Whatever ends it, the queue is not left unattended with
/// requests in it: they are dropped, which their senders see.
struct Attendant {
    writer: Arc<Writer>,
    done: bool,
}

impl Attendant {
    fn empty_queue(mut self) {
        loop {
            let batch = {
                let mut queue = self.writer.queue();
                if queue.waiting.is_empty() {
                    queue.attended = false;
                    self.done = true;
                    return;
                }
                mem::take(&mut queue.waiting)
            };
            self.writer.write(batch);
        }
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        if !self.done {
            let mut queue = self.writer.queue();
            queue.attended = false;
            queue.waiting.clear();
        }
    }
}

trait Request: Send {
    /// Does the work; false if it failed.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Answers, after the transaction is on disk or, for the reason given, lost.
    fn settle(self: Box<Self>, lost: Option<&str>);
}

struct Pending<T, W, C> {
    work: Option<W>,
    outcome: Option<Result<T, Failure>>,
    committed: C,
    answer: oneshot::Sender<Result<T, Failure>>,
    _place: OwnedSemaphorePermit,
}

impl<T, W, C> Request for Pending<T, W, C>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Failure> + Send,
    C: FnOnce() + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        // A fault of ours in one request must not cost others theirs, nor end the writing.
        let work = self
            .work
            .take()
            .map(|work| AssertUnwindSafe(move || work(connection)));
        let panicked = |_| Err(Failure::Lost("the request panicked".into()));
        self.outcome = work.map(|work| catch_unwind(work).unwrap_or_else(panicked));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn settle(self: Box<Self>, lost: Option<&str>) {
        let answer = match (self.outcome, lost) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(lost)) => Err(Failure::Lost(lost.to_owned())),
            (Some(Ok(value)), None) => {
                (self.committed)();
                Ok(value)
            }
            (None, None) => Err(Failure::Lost("the request was passed over".into())),
        };
        // Whoever asked may have gone.
        let _ = self.answer.send(answer);
    }
}
