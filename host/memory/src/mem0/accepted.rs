//! Additions that the hosted API has taken on and not yet done.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The most that are kept in mind. Of more, the next ones are added again if they are asked for again.
const MOST: usize = 10_000;

/// The events of additions by scope and write id, so that whoever tries again looks how far it is rather than
/// adding it once more. They end with the process: then a copy may come in, which readers see through.
#[derive(Default)]
pub(super) struct Accepted(Mutex<HashMap<(String, String), String>>);

impl Accepted {
    fn events(&self) -> MutexGuard<'_, HashMap<(String, String), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn event(&self, scope: &str, write_id: &str) -> Option<String> {
        let key = (scope.to_owned(), write_id.to_owned());
        self.events().get(&key).cloned()
    }

    pub(super) fn keep(&self, scope: &str, write_id: &str, event: &str) {
        let mut events = self.events();
        if events.len() < MOST {
            let key = (scope.to_owned(), write_id.to_owned());
            events.insert(key, event.to_owned());
        }
    }

    pub(super) fn drop(&self, scope: &str, write_id: &str) {
        let key = (scope.to_owned(), write_id.to_owned());
        self.events().remove(&key);
    }
}
