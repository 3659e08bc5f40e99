//! What moderators took back without anybody here hearing of it.
//!
//! An act is said once, and may get lost on the way. It gives the room's desk another version, and what it took back
//! is without its text in the log by then: so the version is looked at now and then, and what the crowd holds is looked up
//! in the log when that is another one than is known.

use crate::{call::STORE_WAIT, crowd::Crowd};
use chatter_protocol::{MessageId, RoomId, moderators::RoomAct};
use chatter_store::{SharedStore, StoreError};
use std::collections::HashSet;
use tokio::{task::JoinSet, time::timeout};

/// How many messages are read from the log at a time: about what a crowd holds that keeps up with its room.
const PAGE: usize = 100;

/// How many are read at most. Some may wait for longer, such as what names a persona that can't be called; what lies further
/// back is given up then, since nobody knows whether it may be told.
const FARTHEST: usize = 2_000;

/// What is known of a room's acts.
pub(crate) struct Removals {
    room: RoomId,
    store: SharedStore,
    /// Up to which version of the desk every act is known.
    known: Option<u64>,
    /// One look at a time, beside the room's task: a slow store must not hold that up.
    looking: JoinSet<Result<Seen, StoreError>>,
}

/// What a step of a look has seen.
enum Seen {
    /// The desk's version.
    Version(u64),
    /// What is not to be told any more as of this version.
    Gone(u64, HashSet<MessageId>),
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

    /// An act was heard. If versions are counted it may be seen that none was before it that was not. On Redis they are
    /// times: there the next look finds that out, as it does for all acts since the one before.
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
        let (room, store) = (self.room.clone(), self.store.clone());
        self.begin(async move {
            let version = store.desks().desk_version(&room).await?;
            Ok(Seen::Version(version))
        });
    }

    /// Waits for the end of a look; what the crowd is to forget. Nothing is lost if it is dropped. While nobody looks it
    /// does not return.
    pub(crate) async fn found(&mut self, crowd: &Crowd) -> HashSet<MessageId> {
        loop {
            match self.looking.join_next().await {
                Some(Ok(Ok(Seen::Version(version)))) => {
                    if self.known == Some(version) {
                        continue;
                    }
                    let (room, store) = (self.room.clone(), self.store.clone());
                    let held = crowd.held_messages();
                    self.begin(async move {
                        let gone = gone(&room, &store, held).await?;
                        Ok(Seen::Gone(version, gone))
                    });
                }
                Some(Ok(Ok(Seen::Gone(version, gone)))) => {
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

    fn begin(&mut self, step: impl Future<Output = Result<Seen, StoreError>> + Send + 'static) {
        self.looking.spawn(async {
            let late = || StoreError::Unavailable("the store does not answer".into());
            timeout(STORE_WAIT, step)
                .await
                .unwrap_or_else(|_| Err(late()))
        });
    }
}

/// Which of these have no text in the log, or are not in its latest stretch.
async fn gone(
    room: &RoomId,
    store: &SharedStore,
    mut held: HashSet<MessageId>,
) -> Result<HashSet<MessageId>, StoreError> {
    let mut gone = HashSet::new();
    // From where on it was read.
    let mut from: Option<u64> = None;
    for _ in 0..FARTHEST / PAGE {
        if held.is_empty() {
            break;
        }
        let page = match from {
            None => store.read_latest(room, PAGE).await?,
            Some(from) => {
                let after = (from - 1).saturating_sub(PAGE as u64);
                store.read_after(room, after, PAGE).await?
            }
        };
        let first = page.messages.first().map(|(offset, _)| *offset);
        for (_, message) in page.messages {
            if held.remove(&message.id) && message.deleted {
                gone.insert(message.id);
            }
        }
        match first {
            Some(first) if first > 1 && from.is_none_or(|from| first < from) => from = Some(first),
            // The log begins there.
            _ => break,
        }
    }
    gone.extend(held);
    Ok(gone)
}
