//! Keeping what is decided on the room's desk, and telling of it.

use super::{MOST_ACTS, acts::ActNote, orders::Ordered};
use crate::{admission, problem::Problem, room::Room, shared::Shared};
use chatter_protocol::{
    Timestamp, TopicKind, V1,
    moderators::{Act, Did, ModeratorAct, Named, RoomAct},
};
use chatter_store::{Change, Changed, Expected, StoreError};
use serde::Serialize;
use std::time::Duration;

/// How long the store may take for one step.
const STORE_DEADLINE: Duration = Duration::from_secs(5);

/// How often a place is made for an act, which others may take meanwhile.
const TRIES: u32 = 3;

pub(super) fn json(value: &impl Serialize) -> Ordered<String> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "a decision can't be written as JSON");
        Problem::unavailable("store_unavailable", "the decision could not be kept")
    })
}

pub(super) async fn change(
    shared: &Shared,
    room: &Room,
    change: Change,
) -> Result<Changed, StoreError> {
    let changing = shared.store.desks().change_desk(&room.id, change);
    match tokio::time::timeout(STORE_DEADLINE, changing).await {
        Ok(changed) => changed,
        Err(_) => Err(StoreError::Unavailable("no answer in time".into())),
    }
}

/// Changes something that is to keep a message from the log. If the log has it all the same (another version of this
/// program may have let it in), nothing is kept back.
pub(super) async fn change_anyway(
    shared: &Shared,
    room: &Room,
    wanted: Change,
) -> Result<Changed, StoreError> {
    match change(shared, room, wanted.clone()).await {
        Ok(Changed::InLog(_)) => {
            let keeps_back = None;
            change(
                shared,
                room,
                Change {
                    keeps_back,
                    ..wanted
                },
            )
            .await
        }
        changed => changed,
    }
}

/// Keeps an act for those who come back, in the place of the oldest of its kind if there are too many. The desk's
/// version with it; none if an act lies there under that key.
pub(super) async fn put_act(
    shared: &Shared,
    room: &Room,
    key: String,
    act: &ActNote,
) -> Ordered<Option<u64>> {
    let wanted = Change {
        shelf: act.shelf(),
        key,
        expected: Expected::Nothing,
        value: Some(json(act)?),
        most: MOST_ACTS,
        keeps_back: act.keeps_back(),
    };
    let mut full = None;
    for _ in 0..TRIES {
        match change_anyway(shared, room, wanted.clone()).await {
            Ok(Changed::Done(version)) => return Ok(Some(version)),
            Ok(Changed::Other(_) | Changed::InLog(_)) => return Ok(None),
            Err(error @ StoreError::Full { .. }) => {
                full = Some(error);
                make_place(shared, room, &wanted).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    match full {
        Some(error) => Err(error.into()),
        None => Ok(None),
    }
}

/// Drops the oldest of a shelf, some at once, so that it is not full again at the next act. What can't be read is of
/// use to nobody, and goes first.
async fn make_place(shared: &Shared, room: &Room, wanted: &Change) -> Ordered<()> {
    let desk = shared.store(shared.store.desks().desk(&room.id)).await?;
    let notes = desk.notes.into_iter();
    let mut old: Vec<(Option<Timestamp>, String)> = notes
        .filter(|note| note.shelf == wanted.shelf)
        .map(|note| {
            let act = serde_json::from_str::<ActNote>(&note.value);
            (act.ok().map(|act| act.at), note.key)
        })
        .collect();
    old.sort_unstable();
    for (_, key) in old.into_iter().take(wanted.most.div_ceil(10)) {
        let gone = Change {
            key,
            expected: Expected::Any,
            value: None,
            ..wanted.clone()
        };
        change(shared, room, gone).await?;
    }
    Ok(())
}

/// Shows what was decided here, and tells the other gateways.
pub(super) async fn spread(shared: &Shared, room: &Room, version: u64, act: Act) {
    if let Err(error) = room.moderators.look(shared, room).await {
        tracing::error!(room = %room.id, %error, "what was decided can't be read: it is shown later");
    }
    let act = RoomAct {
        v: V1,
        room_id: room.id.clone(),
        version,
        act,
    };
    admission::publish(shared, room, TopicKind::ChatActs, &act).await;
}

pub(super) fn record_of(shared: &Shared, room: &Room, did: Did, by: Named) -> ModeratorAct {
    ModeratorAct {
        v: V1,
        room_id: room.id.clone(),
        did,
        by,
        whom: None,
        message_id: None,
        seconds: None,
        modes: None,
        reason: String::new(),
        at: shared.clock.now(),
    }
}

/// Keeps what was done, and says it on `chat.audit`.
pub(super) async fn record(shared: &Shared, room: &Room, act: ModeratorAct) {
    record_all(shared, room, &[act]).await;
}

/// The same for what was done at once.
pub(super) async fn record_all(shared: &Shared, room: &Room, acts: &[ModeratorAct]) {
    if acts.is_empty() {
        return;
    }
    if let Some(audit) = &shared.audit
        && let Err(error) = audit.add(&room.id, acts).await
    {
        tracing::error!(room = %room.id, %error, acts = acts.len(), "what moderators did could not be kept in the audit");
        room.counters.unkept(acts.len());
    }
    for act in acts {
        metrics::counter!("chatter_moderator_acts_total", "tenant" => room.id.tenant().to_string(), "room" => room.id.room().to_owned())
            .increment(1);
        admission::publish(shared, room, TopicKind::ChatAudit, act).await;
    }
}
