//! Taking back what was said.
//!
//! First the log loses the text, then an act says so to viewers. What fails in between is finished by giving the
//! order again.

use super::{
    What,
    acts::{self, ActNote},
    desk::{put_act, record, record_of, spread},
    held,
    orders::{Actor, Ordered, Rank},
    who,
};
use crate::{problem::Problem, room::Room, shared::Shared};
use chatter_protocol::{
    AuthorId, ChatMessage, MessageId,
    moderators::{Act, Cleared, Did, Named},
};
use std::sync::Arc;

/// Messages that are looked through at once when somebody's are cleared.
const PAGE: usize = 500;

pub(crate) async fn delete(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    id: MessageId,
    reason: String,
) -> Ordered<()> {
    actor.at_least(Rank::Moderator)?;
    let found = shared
        .store(shared.store.desks().find(&room.id, id))
        .await?;
    let Some((offset, message)) = found else {
        return Err(Problem::not_found("the room's log holds no such message"));
    };
    if message.author.id != actor.by.id {
        actor.over(room, &message.author.id)?;
    }
    if !remove(shared, room, offset, &message, reason.clone()).await? {
        return Ok(());
    }
    let mut record_it = record_of(shared, room, Did::Delete, actor.by.clone());
    record_it.whom = Some(Named::from(&message.author));
    record_it.message_id = Some(id);
    record_it.reason = reason;
    record(shared, room, record_it).await;
    Ok(())
}

/// Takes back one message, or finishes what was begun of that. False if it was taken back before.
pub(crate) async fn remove(
    shared: &Shared,
    room: &Room,
    offset: u64,
    message: &ChatMessage,
    reason: String,
) -> Ordered<bool> {
    if !message.deleted {
        let tombstone = Arc::new(message.tombstone());
        shared
            .store(shared.store.desks().replace(&room.id, vec![tombstone]))
            .await?;
    } else if room.moderators.state().covers(offset, message) {
        return Ok(false);
    }
    let id = message.id;
    let act = ActNote {
        at: shared.clock.now(),
        head: shared.store(shared.store.head(&room.id)).await?.offset,
        what: What::Removed { id, reason },
    };
    let Some(version) = put_act(shared, room, acts::removed_key(id), &act).await? else {
        return Ok(false);
    };
    spread(shared, room, version, Act::Removed { id }).await;
    Ok(true)
}

pub(crate) async fn clear_by_name(
    shared: &Shared,
    room: &Arc<Room>,
    actor: &Actor,
    name: Option<&str>,
    reason: String,
) -> Ordered<Cleared> {
    let whom = name.map(|name| who::find(room, name)).transpose()?;
    clear(shared, room, actor, whom, reason).await
}

pub(super) async fn clear(
    shared: &Shared,
    room: &Arc<Room>,
    actor: &Actor,
    whom: Option<Named>,
    reason: String,
) -> Ordered<Cleared> {
    actor.at_least(Rank::Moderator)?;
    if let Some(whom) = &whom
        && whom.id != actor.by.id
    {
        actor.over(room, &whom.id)?;
    }
    let author = whom.as_ref().map(|whom| whom.id.clone());
    let cleared = take_back(shared, room, &actor.by, author, reason.clone()).await?;
    let mut record_it = record_of(shared, room, Did::Clear, actor.by.clone());
    record_it.whom = whom;
    record_it.reason = reason;
    record(shared, room, record_it).await;
    Ok(cleared)
}

/// Takes back all that is in the log by now, or all of one author, and denies what waits of that.
pub(super) async fn take_back(
    shared: &Shared,
    room: &Arc<Room>,
    by: &Named,
    author: Option<AuthorId>,
    reason: String,
) -> Ordered<Cleared> {
    let up_to = shared.store(shared.store.head(&room.id)).await?.offset;
    let (mut after, mut removed) = (0, 0);
    while after < up_to {
        let page = shared
            .store(shared.store.read_after(&room.id, after, PAGE))
            .await?;
        let Some((last, _)) = page.messages.last() else {
            break;
        };
        after = *last;
        let meant = |(offset, message): &(u64, Arc<ChatMessage>)| {
            let theirs = author
                .as_ref()
                .is_none_or(|author| *author == message.author.id);
            (theirs && !message.deleted && *offset <= up_to).then(|| Arc::new(message.tombstone()))
        };
        let left: Vec<_> = page.messages.iter().filter_map(meant).collect();
        if !left.is_empty() {
            removed += shared
                .store(shared.store.desks().replace(&room.id, left))
                .await?;
        }
    }
    let act = ActNote {
        at: shared.clock.now(),
        head: shared.store(shared.store.head(&room.id)).await?.offset,
        what: What::Cleared {
            author: author.clone(),
            up_to,
            reason,
        },
    };
    let key = MessageId::new().to_string();
    if let Some(version) = put_act(shared, room, key, &act).await? {
        let author = author.clone();
        spread(shared, room, version, Act::Cleared { author, up_to }).await;
    }
    held::deny_cleared(shared, room, by, author.as_ref()).await?;
    Ok(Cleared { up_to, removed })
}
