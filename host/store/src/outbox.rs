//! What waits for the memory.

use chatter_protocol::{Timestamp, memory};
use std::sync::Arc;

/// What an entry of the outbox is known by: a number that no other one has, and the room that it lies with. Later ones
/// sort behind earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxId {
    /// Its number.
    pub number: i64,
    /// Its room, as it is written there.
    pub room: Arc<str>,
}

/// A memory on its way to the memory.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingMemory {
    /// To be settled by.
    pub id: OutboxId,
    /// Whose memory.
    pub scope: memory::Scope,
    /// The same at every try, so that the memory can drop a second copy.
    pub write_id: String,
    /// What to remember.
    pub entry: memory::NewEntry,
    /// When it was said.
    pub at: Timestamp,
}

/// An entry of the outbox that this program can't read: a later one has written it, or it was damaged. It stays there, as
/// the others do, until it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// To be settled by.
    pub id: OutboxId,
    /// Table and key.
    pub place: String,
    /// What is wrong with it.
    pub detail: String,
}

/// An entry of the outbox.
pub type OutboxEntry = Result<PendingMemory, Unreadable>;

/// The order in which they came.
pub(crate) fn number(entry: &OutboxEntry) -> i64 {
    match entry {
        Ok(PendingMemory { id, .. }) | Err(Unreadable { id, .. }) => id.number,
    }
}
