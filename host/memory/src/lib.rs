//! What personas remember and recall.
//!
//! The only crate that knows where memories are kept: a SQLite file with full-text search and
//! vectors ([`Embedded`]), or a Mem0 server ([`Mem0`], as a rule inside [`Guarded`], which keeps a
//! server that is away from slowing the rooms). It promises that one scope never sees another's
//! entries, and that the same write id is recalled only once. It must not know personas' code or
//! rooms' chat.

mod away;
mod embedded;
mod entry;
mod guarded;
mod mem0;

pub use embedded::{Embedded, SCOPE_KEEPS, SEARCH_LIMIT};
pub use entry::gist;
pub use guarded::{AT_HAND, Guarded};
pub use mem0::{Api, HOSTED, Mem0, Mem0Config};

use async_trait::async_trait;
use chatter_protocol::{
    AuthorId, RoomId, TenantId, Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};
use std::{sync::Arc, time::Duration};

/// A memory, as rooms use it.
#[async_trait]
pub trait Memory: Send + Sync + 'static {
    /// Finds entries, best first.
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error>;

    /// Keeps an entry. The same `write_id` again changes nothing that a search would show.
    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error>;

    /// An entry that waits to be remembered, and has `waited` for so long: a memory that may be away can answer
    /// searches with it meanwhile. To say so again makes the entry no newer than it is.
    async fn expect(&self, _: &Scope, _: &NewEntry, _: Timestamp, waited: Duration) {
        let _ = waited;
    }

    /// How long [`remember`](Self::remember) may take by its own bounds. Whoever waits for it waits for a little longer.
    fn write_wait(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Why it does not answer a tenant, for operators; none if it does. What it said to others is not in it.
    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        let _ = tenant;
        None
    }

    /// What it runs on, for people.
    fn describe(&self) -> String;

    /// Whether it is this process's own: what is remembered in it, nobody else finds.
    fn is_private(&self) -> bool {
        false
    }
}

/// A memory that many hold.
pub type SharedMemory = Arc<dyn Memory>;

/// A memory, as its operator uses it: nothing that personas may do.
#[async_trait]
pub trait Archive: Memory {
    /// The scopes that hold something.
    async fn scopes(&self, of: &Which) -> Result<Scopes, Error>;

    /// All entries of a scope that the filter lets through, oldest first, each with score 1.
    async fn list(&self, scope: &Scope, filter: &Filter) -> Result<Listing, Error>;

    /// Forgets what the filter lets through, with all its copies, and says how many entries that were. No search
    /// finds them any more. What a server keeps of what was deleted (Mem0's open-source server: its history) is
    /// that server's.
    async fn forget(&self, scope: &Scope, filter: &Filter) -> Result<u64, Error>;
}

/// Which scopes are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    Every,
    /// Those of a tenant's rooms.
    Tenant(TenantId),
    /// Those of a room.
    Room(RoomId),
}

impl Which {
    /// Whether this one is.
    #[must_use]
    pub fn takes(&self, scope: &Scope) -> bool {
        match self {
            Self::Every => true,
            Self::Tenant(tenant) => scope.room.tenant() == *tenant,
            Self::Room(room) => scope.room == *room,
        }
    }
}

/// Which entries of a scope are meant; all, if it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those about this person.
    pub about: Option<AuthorId>,
    /// The one with this id.
    pub id: Option<String>,
}

impl Filter {
    /// Whether this entry is.
    #[must_use]
    pub fn takes(&self, entry: &Entry) -> bool {
        let is_about = |about: &AuthorId| entry.entry.about.as_ref() == Some(about);
        self.about.as_ref().is_none_or(is_about)
            && self.id.as_ref().is_none_or(|id| entry.id == *id)
    }
}

/// The scopes that hold something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// The scopes, in order.
    pub scopes: Vec<Scope>,
    /// Whether there may be more than the memory names.
    pub more: bool,
}

/// Entries of a scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether the memory holds more than it lists.
    pub more: bool,
}
