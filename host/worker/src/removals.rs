//! What moderators took back without anybody here hearing of it.
//!
//! An act is said once, and may get lost on the way. It is counted on the room's desk, and what it took back
//! is without its text in the log by then: so the desk's count is looked at now and then, and the log when
//! that has gone on unheard.

use crate::call::STORE_WAIT;
use chatter_protocol::{MessageId, RoomId, moderators::RoomAct};
use chatter_store::{SharedStore, StoreError};
use std::collections::HashSet;
use tokio::{task::JoinSet, time::timeout};

/// So many of the latest messages are looked through: more than may wait anywhere.
const LATEST: usize = 500;

/// What is known of a room's acts.
pub(crate) struct Removals {
    room: RoomId,
    store: SharedStore,
    /// Up to which version of the desk every act is known.
    known: Option<u64>,
    /// One look at a time, beside the room's task: a slow store must not hold that up.
    looking: JoinSet<Result<Look, StoreError>>,
}

struct Look {
    /// The desk's version before the log was read.
    version: u64,
    /// What has lost its text.
    gone: HashSet<MessageId>,
}

impl Removals {
    pub(crate) fn new(room: RoomId, store: SharedStore) -> Self {
        Self {
            room,
            store,
            known: None,
            looking: JoinSet::new(),
        }
    }

    /// An act was heard. Whether those before it were is found out by the next look.
    pub(crate) fn heard(&mut self, act: &RoomAct) {
        if self.known.is_some_and(|known| known + 1 == act.version) {
            self.known = Some(act.version);
        }
    }

    /// Acts may have been missed: a look that has begun may have come too early for them.
    pub(crate) fn missed(&mut self) {
        self.known = None;
        self.looking = JoinSet::new();
        self.look();
    }

    /// Looks for acts that were not heard, unless that is being done.
    pub(crate) fn look(&mut self) {
        if !self.looking.is_empty() {
            return;
        }
        let (room, store, known) = (self.room.clone(), self.store.clone(), self.known);
        self.looking.spawn(async move {
            let look = look(&room, &store, known);
            let late = || StoreError::Unavailable("the store does not answer".into());
            timeout(STORE_WAIT, look)
                .await
                .unwrap_or_else(|_| Err(late()))
        });
    }

    /// Waits for the end of a look; what is to be forgotten. Nothing is lost if it is dropped. While nobody looks it
    /// does not return.
    pub(crate) async fn found(&mut self) -> HashSet<MessageId> {
        loop {
            match self.looking.join_next().await {
                Some(Ok(Ok(Look { version, gone }))) => {
                    // If a later act was heard meanwhile, the next look is one too many.
                    self.known = Some(version);
                    return gone;
                }
                Some(Ok(Err(error))) => {
                    tracing::warn!(room = %self.room, %error, "whether moderators took something back is not known; trying again");
                }
                Some(Err(error)) => {
                    tracing::error!(room = %self.room, %error, "a look for what moderators took back broke off");
                }
                None => std::future::pending().await,
            }
        }
    }
}

async fn look(room: &RoomId, store: &SharedStore, known: Option<u64>) -> Result<Look, StoreError> {
    let version = store.desks().desk_version(room).await?;
    if known == Some(version) {
        let gone = HashSet::new();
        return Ok(Look { version, gone });
    }
    let page = store.read_latest(room, LATEST).await?;
    let messages = page.messages.into_iter();
    let gone = messages.filter(|(_, message)| message.deleted);
    Ok(Look {
        version,
        gone: gone.map(|(_, message)| message.id).collect(),
    })
}
