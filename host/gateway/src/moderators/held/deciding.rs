//! What a moderator, or time, decides about a message that waits, and carrying it out.

use super::{Decided, HeldNote};
use crate::{
    admission::{Admitted, Refusal},
    moderators::{
        MOST_HELD, What,
        acts::{ActNote, settled_key},
        desk,
        orders::Ordered,
    },
    problem::Problem,
    room::Room,
    shared::Shared,
};
use axum::http::StatusCode;
use chatter_protocol::{
    AuthorId, ChatMessage, MessageId,
    moderators::{Act, Decision, Did, HeldDecided, ModeratorAct, Named},
};
use chatter_store::{Change, Changed, Expected, Shelf};
use std::sync::Arc;

/// Decides about a message that waits. Of two who do, the first one counts, and the other is told.
pub(crate) async fn decide(
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

/// Denies all that waits, or all of one author, as what was said is cleared. What others decide about first is theirs.
pub(crate) async fn deny_cleared(
    shared: &Shared,
    room: &Arc<Room>,
    by: &Named,
    author: Option<&AuthorId>,
) -> Ordered<()> {
    let looking = room.moderators.look_if_changed(shared, room);
    shared.store(looking).await?;
    let state = room.moderators.state();
    let meant = |note: &&Arc<HeldNote>| {
        note.decided.is_none() && author.is_none_or(|author| *author == note.held.message.author.id)
    };
    let mut settling = Settling::default();
    let mut done = Ok(());
    for note in state.held.values().filter(meant) {
        let decided = Decided {
            decision: Decision::Denied,
            by: by.clone(),
            reason: "cleared".into(),
            at: shared.clock.now(),
        };
        done = settle(shared, room, note, decided, &mut settling).await;
        if done.is_err() {
            break;
        }
    }
    settling.spread(shared, room).await;
    done
}

/// Decides about a message unless others were first, and carries that out.
pub(super) async fn settle(
    shared: &Shared,
    room: &Arc<Room>,
    note: &HeldNote,
    decided: Decided,
    settling: &mut Settling,
) -> Ordered<()> {
    if let Some(note) = mark(shared, room, note, decided).await? {
        carry_out(shared, room, &note, settling).await?;
    }
    Ok(())
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
pub(super) struct Settling {
    /// The desk's version without the last of them.
    version: Option<u64>,
    acts: Vec<ModeratorAct>,
}

impl Settling {
    /// Tells all whom it concerns, and leaves the records.
    pub(super) async fn spread(self, shared: &Shared, room: &Room) {
        if let Some(version) = self.version {
            desk::spread(shared, room, version, Act::Changed).await;
        }
        desk::record_all(shared, room, &self.acts).await;
    }
}

/// Carries a decision out, and tells of it.
pub(super) async fn finish(
    shared: &Shared,
    room: &Arc<Room>,
    note: &HeldNote,
) -> Ordered<HeldDecided> {
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
