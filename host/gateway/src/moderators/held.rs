//! Messages that wait for a moderator.

use super::{
    HELD_FOR, MOST_HELD, MOST_HELD_OF_ONE, What,
    acts::{ActNote, settled_key},
    desk,
    orders::Ordered,
};
use crate::{
    admission::{Accepted, Admitted, Refusal},
    frames,
    problem::Problem,
    room::Room,
    shared::Shared,
    ws::Frame,
};
use axum::http::StatusCode;
use chatter_protocol::{
    AuthorId, ChatMessage, MessageId, ModerationVerdict, Timestamp,
    frames::ServerFrame,
    moderators::{Act, Decision, Did, Held, HeldDecided, Named},
};
use chatter_store::{Change, Changed, Expected, Shelf, StoreError};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// A decision that was not carried out after so long is carried out by whoever sees it.
const STUCK: Duration = Duration::from_secs(30);

/// A message that waits, as it lies on the desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeldNote {
    #[serde(flatten)]
    pub(crate) held: Held,
    /// What is being done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decided: Option<Decided>,
    /// Its text there, with which a change is compared: another version of this program may have written it.
    #[serde(skip)]
    text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Decided {
    decision: Decision,
    by: Named,
    reason: String,
    at: Timestamp,
}

impl HeldNote {
    pub(super) fn read(text: String) -> serde_json::Result<Self> {
        let note: Self = serde_json::from_str(&text)?;
        Ok(Self { text, ..note })
    }

    pub(super) fn frame(&self) -> Frame {
        frames::encode(&ServerFrame::Held {
            message: Arc::clone(&self.held.message),
            verdict: Box::new(self.held.verdict.clone()),
        })
    }
}

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

/// Decides about a message that waits. Of two who do, the first one counts, and the other is told.
pub(super) async fn decide(
    shared: &Shared,
    room: &Arc<Room>,
    by: Named,
    id: MessageId,
    decision: Decision,
    reason: String,
) -> Ordered<HeldDecided> {
    let Some(note) = room.moderators.state().held.get(&id).cloned() else {
        return Err(gone(room, id));
    };
    if note.decided.is_some() {
        return Err(already());
    }
    let mut decided = HeldNote {
        decided: Some(Decided {
            decision,
            by,
            reason,
            at: shared.clock.now(),
        }),
        ..HeldNote::clone(&note)
    };
    decided.text = desk::json(&decided)?;
    let change = Change {
        shelf: Shelf::Held,
        key: id.to_string(),
        expected: Expected::Value(note.text.clone()),
        value: Some(decided.text.clone()),
        most: MOST_HELD,
        keeps_back: (decision != Decision::Approved).then_some(id),
    };
    match desk::change_anyway(shared, room, change).await? {
        Changed::Done(_) => finish(shared, room, &decided).await,
        Changed::Other(_) | Changed::InLog(_) => {
            room.moderators.look(shared, room).await?;
            Err(gone(room, id))
        }
    }
}

/// Carries a decision out. Doing it twice changes nothing, and of several gateways that do, the one that takes the message
/// off the desk leaves the record.
async fn finish(shared: &Shared, room: &Arc<Room>, note: &HeldNote) -> Ordered<HeldDecided> {
    let id = note.held.message.id;
    let Some(decided) = note.decided.clone() else {
        return Err(already());
    };
    let mut decision = decided.decision;
    let mut offset = None;
    if decision == Decision::Approved {
        match room
            .approve(ChatMessage::clone(&note.held.message))?
            .decision()
            .await
        {
            Ok(admitted) => offset = admitted.offset(),
            // Somebody else's message has got its id meanwhile.
            Err(Refusal::IdTaken) => decision = Decision::Denied,
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let act = ActNote {
        at: shared.clock.now(),
        head: offset.unwrap_or_default(),
        what: What::Settled {
            id,
            decision,
            by: decided.by.clone(),
            offset,
            reason: decided.reason.clone(),
        },
    };
    desk::put_act(shared, room, settled_key(id), &act).await?;
    let gone = Change {
        shelf: Shelf::Held,
        key: id.to_string(),
        expected: Expected::Value(note.text.clone()),
        value: None,
        most: MOST_HELD,
        keeps_back: None,
    };
    let outcome = HeldDecided {
        id,
        decision,
        offset,
    };
    let Changed::Done(version) = desk::change(shared, room, gone).await? else {
        return Ok(outcome);
    };
    desk::spread(shared, room, version, Act::Changed).await;
    let did = match decision {
        Decision::Approved => Did::Approve,
        Decision::Denied => Did::Deny,
        Decision::Expired => Did::Expire,
    };
    let mut record = desk::record_of(shared, room, did, decided.by);
    record.whom = Some(Named::from(&note.held.message.author));
    record.message_id = Some(id);
    record.reason = decided.reason;
    desk::record(shared, room, record).await;
    Ok(outcome)
}

/// Looks after what waits: what waited for too long goes, and what was decided and not carried out is.
pub(crate) async fn look_after(shared: &Shared, room: &Arc<Room>) {
    let now = shared.clock.now();
    let state = room.moderators.state();
    for (id, note) in &state.held {
        let done = match &note.decided {
            None if note.held.until <= now => {
                let Ok(by) = AuthorId::new("system:chatter") else {
                    return;
                };
                let by = Named {
                    id: by,
                    name: "chatter".into(),
                };
                decide(shared, room, by, *id, Decision::Expired, String::new()).await
            }
            Some(decided) if now.since(decided.at) > STUCK => finish(shared, room, note).await,
            _ => continue,
        };
        if done.is_err() {
            tracing::debug!(room = %room.id, message = %id, "a message that waits could not be settled now");
        }
    }
}

fn already() -> Problem {
    let detail = "another moderator has decided about it, or its time is over";
    Problem::new(StatusCode::CONFLICT, "decided", detail)
}

fn gone(room: &Room, id: MessageId) -> Problem {
    if room.moderators.settled(id).is_some() || room.moderators.state().held.contains_key(&id) {
        return already();
    }
    Problem::not_found("no such message waits here")
}
