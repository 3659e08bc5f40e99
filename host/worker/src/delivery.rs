//! Takes memories from the store's outbox to the memory.
//!
//! Each is written at least once, under the same write id at every try, so that the memory keeps it
//! once. A memory that is away is tried again with growing pauses and keeps the order; an entry that
//! it refuses is dropped with a line in the log.

use crate::seat::Backoff;
use chatter_memory::SharedMemory;
use chatter_protocol::memory::Error;
use chatter_store::{PendingMemory, SharedStore};
use metrics::counter;
use std::time::Duration;
use tokio::time::timeout;

/// How many entries are taken at a time.
const AT_ONCE: usize = 32;

/// How long to wait for the first.
const WAIT: Duration = Duration::from_secs(5);

/// How long the memory may take for one.
const MEMORY_WAIT: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Delivers until it is dropped.
pub(crate) async fn run(store: SharedStore, memory: SharedMemory) {
    let mut pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        match deliver(&store, &memory).await {
            Ok(()) => pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            Err(reason) => {
                tracing::warn!(%reason, "memories wait in the store and will be tried again");
                pause.wait().await;
            }
        }
    }
}

async fn deliver(store: &SharedStore, memory: &SharedMemory) -> Result<(), String> {
    let pending = timeout(WAIT * 3, store.pending_memories(AT_ONCE, WAIT)).await;
    let pending = pending
        .map_err(|_| "the store did not answer in time".to_owned())?
        .map_err(|error| error.to_string())?;
    let mut settled = Vec::new();
    let mut stopped = None;
    for waiting in pending {
        match remember(memory, &waiting).await {
            Ok(()) => settled.push(waiting.id),
            Err(reason) => {
                stopped = Some(reason);
                break;
            }
        }
    }
    if !settled.is_empty() {
        let settling = timeout(WAIT, store.settle_memories(settled)).await;
        settling
            .map_err(|_| "the store did not answer in time".to_owned())?
            .map_err(|error| error.to_string())?;
    }
    stopped.map_or(Ok(()), Err)
}

/// Whether the entry is done with; the error says why it has to be tried again.
async fn remember(memory: &SharedMemory, waiting: &PendingMemory) -> Result<(), String> {
    let PendingMemory {
        scope,
        write_id,
        entry,
        at,
        ..
    } = waiting;
    let writing = timeout(MEMORY_WAIT, memory.remember(scope, write_id, entry, *at));
    let end = match writing.await {
        Ok(Ok(())) => "kept",
        Ok(Err(Error::Unavailable(reason))) => return Err(reason),
        Ok(Err(error)) => {
            tracing::warn!(%scope, write_id, %error, "an entry for the memory was dropped");
            "dropped"
        }
        Err(_) => return Err("the memory did not answer in time".into()),
    };
    counter!("chatter_memories_delivered_total", "end" => end).increment(1);
    Ok(())
}
