//! From a batch of admission to the desk, where messages wait.

use super::HeldNote;
use crate::{
    admission::{Accepted, Admitted, Refusal},
    moderators::{HELD_FOR, MOST_HELD, MOST_HELD_OF_ONE, desk},
    room::Room,
    shared::Shared,
};
use chatter_protocol::{
    AuthorId, ChatMessage, MessageId, ModerationVerdict, Timestamp,
    moderators::{Act, Held},
};
use chatter_store::{Change, Changed, Expected, Shelf, StoreError};
use std::{collections::HashMap, sync::Arc};

/// Lets the messages of a batch wait.
#[derive(Debug, Default)]
pub(crate) struct Holding {
    /// The desk's version with the last of them.
    version: Option<u64>,
    of: HashMap<AuthorId, usize>,
}

impl Holding {
    /// Lets a message wait. It waits once, however often it comes, and no more once it is decided about, or if another
    /// gateway has let it out.
    pub(crate) async fn hold(
        &mut self,
        shared: &Shared,
        room: &Room,
        message: Arc<ChatMessage>,
        verdict: ModerationVerdict,
    ) -> Result<Admitted, Refusal> {
        let id = message.id;
        let author = message.author.id.clone();
        // Who comes back asks by sending it again, and is told what became of it.
        if room.moderators.settled(id).is_some() {
            return Ok(Admitted::Waits(id));
        }
        self.bound(shared, room, &message)?;
        let note = HeldNote {
            held: Held {
                until: message.sent_at.plus(HELD_FOR),
                message,
                verdict: verdict.clone(),
            },
            decided: None,
            text: String::new(),
        };
        let change = Change {
            shelf: Shelf::Held,
            key: id.to_string(),
            expected: Expected::Nothing,
            value: Some(desk::json(&note).map_err(|_| Refusal::Unavailable)?),
            most: MOST_HELD,
            keeps_back: Some(id),
        };
        match desk::change(shared, room, change).await {
            Ok(Changed::Done(version)) => {
                self.version = Some(version);
                *self.of.entry(author).or_default() += 1;
                Ok(Admitted::Waits(id))
            }
            Ok(Changed::Other(there)) => {
                let there: Option<HeldNote> =
                    there.and_then(|json| serde_json::from_str(&json).ok());
                let same = |note: HeldNote| note.held.message.author.id == author;
                if there.is_some_and(same) {
                    Ok(Admitted::Waits(id))
                } else {
                    Err(Refusal::IdTaken)
                }
            }
            Ok(Changed::InLog(_)) => in_log(shared, room, id, &author).await,
            Err(StoreError::Full { .. }) => Err(Refusal::Moderated {
                rule: verdict.rule,
                reason: format!(
                    "{}; and too many messages wait for a moderator",
                    verdict.reason
                ),
                pointer: "/text",
            }),
            Err(error) => {
                tracing::error!(room = %room.id, %error, "a message could not be held");
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Whether one more message of its author may wait.
    fn bound(&self, shared: &Shared, room: &Room, message: &ChatMessage) -> Result<(), Refusal> {
        let state = room.moderators.state();
        if state.held.contains_key(&message.id) {
            return Ok(());
        }
        let theirs = |note: &&Arc<HeldNote>| {
            note.decided.is_none() && note.held.message.author.id == message.author.id
        };
        let ends: Vec<Timestamp> = (state.held.values().filter(theirs))
            .map(|note| note.held.until)
            .collect();
        let of_batch = self.of.get(&message.author.id).copied().unwrap_or_default();
        if ends.len() + of_batch < MOST_HELD_OF_ONE {
            return Ok(());
        }
        let now = shared.clock.now();
        let first = ends.into_iter().min().map(|until| until.since(now));
        Err(Refusal::TooManyWait(first.unwrap_or(HELD_FOR)))
    }

    /// Shows moderators what waits since.
    pub(crate) async fn spread(self, shared: &Shared, room: &Room) {
        if let Some(version) = self.version {
            desk::spread(shared, room, version, Act::Changed).await;
        }
    }
}

/// What is said of a message that is to wait and is in the log already.
async fn in_log(
    shared: &Shared,
    room: &Room,
    id: MessageId,
    author: &AuthorId,
) -> Result<Admitted, Refusal> {
    let finding = shared.store.desks().find(&room.id, id);
    match shared.store(finding).await {
        Ok(Some((offset, there))) if there.author.id == *author => Ok(Admitted::InLog(Accepted {
            id,
            offset,
            new: false,
        })),
        Ok(_) => Err(Refusal::IdTaken),
        Err(_) => Err(Refusal::Unavailable),
    }
}

/// What is said of a message that is not in the log because something on the desk keeps it back.
pub(crate) fn kept_back(room: &Room, message: &ChatMessage) -> Result<Admitted, Refusal> {
    let (state, id) = (room.moderators.state(), message.id);
    match state.held.get(&id) {
        Some(note) if note.held.message.author.id != message.author.id => Err(Refusal::IdTaken),
        Some(_) => Ok(Admitted::Waits(id)),
        None if state.keeps_back(id) => Ok(Admitted::Waits(id)),
        // It was let out just now, or this gateway has yet to hear of what keeps it back.
        None => Err(Refusal::Unavailable),
    }
}
