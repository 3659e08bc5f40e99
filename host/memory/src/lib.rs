//! What personas remember and recall.
//!
//! The only crate that knows where memories are kept: today a SQLite file with full-text search. It
//! promises that one scope never sees another's entries, and that the same write id is kept only
//! once. It must not know personas' code or rooms' chat.

mod embedded;

pub use embedded::{Embedded, SCOPE_KEEPS, SEARCH_LIMIT};

use async_trait::async_trait;
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use std::sync::Arc;

/// A memory.
#[async_trait]
pub trait Memory: Send + Sync + 'static {
    /// Finds entries, best first.
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error>;

    /// Keeps an entry. The same `write_id` again changes nothing.
    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error>;

    /// What it runs on, for people.
    fn describe(&self) -> String;
}

/// A memory that many hold.
pub type SharedMemory = Arc<dyn Memory>;
