//! Messages that wait for a moderator.

use super::{
    HELD_FOR, MOST_HELD, MOST_HELD_OF_ONE, What,
    acts::{ActNote, settled_key},
    desk,
    orders::{self, Ordered},
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
    moderators::{Act, Decision, Did, Held, HeldDecided, ModeratorAct, Named},
};
use chatter_store::{Change, Changed, Expected, Shelf, StoreError};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Messages whose time is over that are settled before anybody is told of them.
const AT_ONCE: usize = 50;

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
    let decided = Decided {
        decision,
        by,
        reason,
        at: shared.clock.now(),
    };
    let Some(note) = mark(shared, room, &note, decided).await? else {
        room.moderators.look(shared, room).await?;
        return Err(gone(room, id));
    };
    finish(shared, room, &note).await
}

/// Writes down what is decided about a message, as long as nothing is; none if others were first.
async fn mark(
    shared: &Shared,
    room: &Room,
    note: &HeldNote,
    decided: Decided,
) -> Ordered<Option<HeldNote>> {
    let id = note.held.message.id;
    let keeps_back = (decided.decision != Decision::Approved).then_some(id);
    let mut marked = HeldNote {
        decided: Some(decided),
        ..note.clone()
    };
    marked.text = desk::json(&marked)?;
    let change = Change {
        shelf: Shelf::Held,
        key: id.to_string(),
        expected: Expected::Value(note.text.clone()),
        value: Some(marked.text.clone()),
        most: MOST_HELD,
        keeps_back,
    };
    Ok(match desk::change_anyway(shared, room, change).await? {
        Changed::Done(_) => Some(marked),
        Changed::Other(_) | Changed::InLog(_) => None,
    })
}

/// Messages that were taken off the desk, of which nobody is told yet.
#[derive(Debug, Default)]
struct Settling {
    /// The desk's version without the last of them.
    version: Option<u64>,
    acts: Vec<ModeratorAct>,
}

impl Settling {
    /// Tells all whom it concerns, and leaves the records.
    async fn spread(self, shared: &Shared, room: &Room) {
        if let Some(version) = self.version {
            desk::spread(shared, room, version, Act::Changed).await;
        }
        desk::record_all(shared, room, &self.acts).await;
    }
}

/// Carries a decision out, and tells of it.
async fn finish(shared: &Shared, room: &Arc<Room>, note: &HeldNote) -> Ordered<HeldDecided> {
    let mut settling = Settling::default();
    let outcome = carry_out(shared, room, note, &mut settling).await?;
    settling.spread(shared, room).await;
    Ok(outcome)
}

/// Carries a decision out. Doing it twice changes nothing, and of several gateways that do, the one that takes the message
/// off the desk leaves the record.
async fn carry_out(
    shared: &Shared,
    room: &Arc<Room>,
    note: &HeldNote,
    settling: &mut Settling,
) -> Ordered<HeldDecided> {
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
            Ok(Admitted::InLog(accepted)) => offset = Some(accepted.offset),
            // It was denied before, of which the gateway that held it again had yet to hear; or somebody else's message has
            // got its id meanwhile.
            Ok(Admitted::Waits(_)) | Err(Refusal::IdTaken) => decision = Decision::Denied,
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
    if let Changed::Done(version) = desk::change(shared, room, gone).await? {
        let did = match decision {
            Decision::Approved => Did::Approve,
            Decision::Denied => Did::Deny,
            Decision::Expired => Did::Expire,
        };
        let mut record = desk::record_of(shared, room, did, decided.by);
        record.whom = Some(Named::from(&note.held.message.author));
        record.message_id = Some(id);
        record.reason = decided.reason;
        settling.acts.push(record);
        settling.version = Some(version);
    }
    Ok(HeldDecided {
        id,
        decision,
        offset,
    })
}

/// Looks after what lies on the desk each time when that is due, beside the room's other tasks: none of them waits for a
/// message to be settled. When it is to stop, what was begun with one message is finished and told.
pub(crate) async fn run(shared: Arc<Shared>, room: Arc<Room>, stop: CancellationToken) {
    let due = || stop.run_until_cancelled(room.moderators.due.notified());
    while due().await.is_some() {
        look_after(&shared, &room, &stop).await;
    }
}

/// What waited for too long goes, what was decided and not carried out is, and time-outs that are over are forgotten.
async fn look_after(shared: &Shared, room: &Arc<Room>, stop: &CancellationToken) {
    let now = shared.clock.now();
    let state = room.moderators.state();
    let (mut late, mut stuck) = (Vec::new(), Vec::new());
    for note in state.held.values() {
        match &note.decided {
            None if note.held.until <= now => late.push(note),
            Some(decided) if now.since(decided.at) > STUCK => stuck.push(note),
            _ => {}
        }
    }
    for some in late.chunks(AT_ONCE) {
        let mut settling = Settling::default();
        for note in some.iter().take_while(|_| !stop.is_cancelled()) {
            let done = expire(shared, room, note, &mut settling).await;
            if done.is_err() {
                // The store may take as long with the next one.
                std::mem::take(&mut settling).spread(shared, room).await;
            }
            tell_failure(room, note, done);
        }
        settling.spread(shared, room).await;
    }
    // Each may wait for the room's decision, and others not for that.
    for note in stuck.into_iter().take_while(|_| !stop.is_cancelled()) {
        let done = finish(shared, room, note).await;
        tell_failure(room, note, done.map(drop));
    }
    if !stop.is_cancelled()
        && let Err(problem) = orders::forget_old_bans(shared, room).await
    {
        tracing::debug!(room = %room.id, ?problem, "time-outs that are over could not be forgotten now");
    }
}

async fn expire(
    shared: &Shared,
    room: &Arc<Room>,
    note: &HeldNote,
    settling: &mut Settling,
) -> Ordered<()> {
    let by = AuthorId::new("system:chatter").expect("a literal of the right form");
    let decided = Decided {
        decision: Decision::Expired,
        by: Named {
            id: by,
            name: "chatter".into(),
        },
        reason: String::new(),
        at: shared.clock.now(),
    };
    if let Some(note) = mark(shared, room, note, decided).await? {
        carry_out(shared, room, &note, settling).await?;
    }
    Ok(())
}

fn tell_failure(room: &Room, note: &HeldNote, done: Ordered<()>) {
    if let Err(problem) = done {
        let id = note.held.message.id;
        tracing::debug!(room = %room.id, message = %id, ?problem, "a message that waits could not be settled now");
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
