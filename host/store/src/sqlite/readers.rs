//! Connections that read beside the one that writes, and never wait for it.

use super::{Failure, open, writer::PATIENCE};
use crate::StoreError;
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// Reads take microseconds; two let a short one pass a long one.
const CONNECTIONS: usize = 2;

pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    /// As many as there are idle connections.
    places: Arc<Semaphore>,
    place: Arc<str>,
}

impl Readers {
    pub(super) fn open(path: &Path, place: Arc<str>) -> Result<Self, StoreError> {
        let idle: Vec<_> = (0..CONNECTIONS)
            .map(|_| open::reader(path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            idle: Mutex::new(idle),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            place,
        })
    }

    /// Runs `work` on one state of the store: it sees all that was committed before, and nothing
    /// that is committed while it runs.
    pub(super) async fn run<T, W>(self: &Arc<Self>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let unavailable = |what: &str| StoreError::Unavailable(format!("{}: {what}", self.place));
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(unavailable(
                "the disk does not keep up with what is to be read",
            ));
        };
        let readers = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            // Given back after the connection is.
            let _place = place;
            let lent = Lent::new(&readers);
            let Some(connection) = &lent.connection else {
                return Err(Failure::Lost("no connection is left".into()));
            };
            let _snapshot = connection.unchecked_transaction()?;
            work(connection)
        });
        match reading.await {
            Ok(outcome) => outcome.map_err(|failure| failure.at(&self.place)),
            Err(_) => Err(unavailable("the program was ending")),
        }
    }
}

/// A connection that goes back to the others, also when its user panics.
struct Lent<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl<'a> Lent<'a> {
    fn new(readers: &'a Readers) -> Self {
        let connection = readers
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Self {
            readers,
            connection,
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}
