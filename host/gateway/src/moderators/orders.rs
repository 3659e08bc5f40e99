//! What moderators do, whether by a command or over HTTP.

use super::{
    MOST_ACTS, MOST_BANS, MOST_MODERATORS, Silenced, State, What,
    acts::ActNote,
    command::{self, Command, Wrong},
    held, who,
};
use crate::{admission, problem::Problem, room::Room, shared::Shared};
use chatter_protocol::{
    AuthorId, ChatMessage, MessageId, TopicKind, V1,
    moderators::{
        Act, Ban, Cleared, Decision, Did, HeldDecided, ModeratorAct, ModeratorEntry, Named, RoomAct,
    },
    modes::{Modes, ModesPatch},
};
use chatter_store::{Change, Changed, Expected, Shelf, StoreError};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// How long the store may take for one step.
const STORE_DEADLINE: Duration = Duration::from_secs(5);

/// Messages that are looked through at once when somebody's are cleared.
const PAGE: usize = 500;

pub(crate) type Ordered<T> = Result<T, Problem>;

/// What somebody is to others in a room. Nobody acts on who ranks as high as oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Guest,
    Moderator,
    Operator,
}

/// Who gives an order.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) by: Named,
    pub(crate) rank: Rank,
}

impl State {
    fn rank(&self, author: &AuthorId) -> Rank {
        if author.as_str().starts_with("operator:") {
            Rank::Operator
        } else if self.moderators.contains_key(author) {
            Rank::Moderator
        } else {
            Rank::Guest
        }
    }
}

impl Actor {
    fn at_least(&self, rank: Rank) -> Ordered<()> {
        if self.rank >= rank {
            return Ok(());
        }
        Err(Problem::forbidden(match rank {
            Rank::Operator => "that is for the operator alone",
            _ => "that is for moderators of this room: the operator makes one with /mod NAME",
        }))
    }

    fn over(&self, room: &Room, author: &AuthorId) -> Ordered<()> {
        if self.rank > room.moderators.state().rank(author) {
            return Ok(());
        }
        Err(Problem::forbidden(
            "moderators do that neither to the operator nor to each other",
        ))
    }
}

// === Commands ===

/// Carries out a command; what is said of it to whoever gave it.
pub(crate) async fn command(
    shared: &Shared,
    room: &Arc<Room>,
    actor: &Actor,
    text: &str,
) -> Ordered<String> {
    let command = command::parse(text).map_err(|wrong| match wrong {
        Wrong::Unknown(name) => Problem::unprocessable(
            "unknown_command",
            format!("there is no command /{name}: /help lists what there is"),
        )
        .at("/text"),
        Wrong::Usage { of, why } => {
            Problem::unprocessable("bad_command", format!("{why}: {}", of.usage)).at("/text")
        }
    })?;
    let find = |name: &str| who::find(room, name);
    Ok(match command {
        Command::Help(about) => command::help(about),
        Command::Timeout {
            who,
            seconds,
            reason,
        } => {
            actor.at_least(Rank::Moderator)?;
            let ban = ban(
                shared,
                room,
                actor,
                find(&who)?,
                Some(seconds),
                reason,
                true,
            )
            .await?;
            format!("{} is timed out for {}", ban.author.name, span(seconds))
        }
        Command::Ban { who, reason } => {
            actor.at_least(Rank::Moderator)?;
            let ban = ban(shared, room, actor, find(&who)?, None, reason, true).await?;
            format!("{} is banned", ban.author.name)
        }
        Command::Untimeout { who } | Command::Unban { who } => {
            actor.at_least(Rank::Moderator)?;
            let whom = find(&who)?;
            let name = whom.name.clone();
            unban(shared, room, actor, whom).await?;
            format!("{name} may speak again")
        }
        Command::Delete { id, reason } => {
            delete(shared, room, actor, id, reason).await?;
            "the message is removed".into()
        }
        Command::Clear { who } => {
            actor.at_least(Rank::Moderator)?;
            let whom = who.map(|name| find(&name)).transpose()?;
            let cleared = clear(shared, room, actor, whom, String::new()).await?;
            match cleared.removed {
                1 => "1 message is removed".into(),
                n => format!("{n} messages are removed"),
            }
        }
        Command::Modes(patch) => {
            let modes = set_modes(shared, room, actor, patch).await?;
            say_modes(&modes)
        }
        Command::Approve { id } => {
            settle(shared, room, actor, id, Decision::Approved, String::new()).await?;
            "the message is in the room".into()
        }
        Command::Deny { id, reason } => {
            settle(shared, room, actor, id, Decision::Denied, reason).await?;
            "the message is refused".into()
        }
        Command::Mod { who } => {
            actor.at_least(Rank::Operator)?;
            let entry = make_moderator(shared, room, actor, find(&who)?).await?;
            format!("{} moderates here now", entry.author.name)
        }
        Command::Unmod { who } => {
            actor.at_least(Rank::Operator)?;
            let whom = find(&who)?;
            let name = whom.name.clone();
            unmake_moderator(shared, room, actor, whom).await?;
            format!("{name} moderates here no more")
        }
    })
}

/// A time, for people.
pub(crate) fn span(seconds: u32) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s}")
}

fn say_modes(modes: &Modes) -> String {
    let mut on = Vec::new();
    if let Some(seconds) = modes.slow_seconds {
        on.push(format!("slow ({seconds} s)"));
    }
    if let Some(minutes) = modes.known_minutes {
        on.push(format!("known ({minutes} min)"));
    }
    on.extend(modes.emote_only.then(|| "emote-only".to_owned()));
    on.extend(modes.unique.then(|| "unique".to_owned()));
    if on.is_empty() {
        "no mode is on".into()
    } else {
        format!("modes that are on: {}", on.join(", "))
    }
}

// === Bans ===

pub(crate) async fn ban_by_name(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    name: &str,
    seconds: Option<u32>,
    reason: String,
    clears: bool,
) -> Ordered<Ban> {
    let whom = who::find(room, name)?;
    ban(shared, room, actor, whom, seconds, reason, clears).await
}

async fn ban(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    whom: Named,
    seconds: Option<u32>,
    reason: String,
    clears: bool,
) -> Ordered<Ban> {
    actor.at_least(Rank::Moderator)?;
    actor.over(room, &whom.id)?;
    let at = shared.clock.now();
    let ban = Ban {
        author: whom.clone(),
        until: seconds.map(|seconds| at.plus(Duration::from_secs(seconds.into()))),
        reason: reason.clone(),
        by: actor.by.clone(),
        at,
    };
    let wanted = Change {
        shelf: Shelf::Bans,
        key: whom.id.to_string(),
        expected: Expected::Any,
        value: Some(json(&ban)?),
        most: MOST_BANS,
    };
    let done = match change(shared, room, wanted.clone()).await {
        Err(StoreError::Full { .. }) => {
            forget_old_bans(shared, room).await?;
            change(shared, room, wanted).await
        }
        done => done,
    };
    if let Changed::Done(version) = done? {
        spread(shared, room, version, Act::Changed).await;
    }
    let did = if seconds.is_some() {
        Did::Timeout
    } else {
        Did::Ban
    };
    let mut record_it = record_of(shared, room, did, actor.by.clone());
    record_it.whom = Some(whom.clone());
    record_it.seconds = seconds;
    record_it.reason.clone_from(&reason);
    record(shared, room, record_it).await;
    if clears {
        take_back(shared, room, Some(whom.id), reason).await?;
    }
    Ok(ban)
}

async fn forget_old_bans(shared: &Shared, room: &Room) -> Ordered<()> {
    let (state, now) = (room.moderators.state(), shared.clock.now());
    for ban in state.bans.values() {
        if ban.until.is_some_and(|until| until <= now) {
            let gone = Change {
                shelf: Shelf::Bans,
                key: ban.author.id.to_string(),
                expected: Expected::Value(json(&**ban)?),
                value: None,
                most: MOST_BANS,
            };
            change(shared, room, gone).await?;
        }
    }
    Ok(())
}

pub(crate) async fn unban(shared: &Shared, room: &Room, actor: &Actor, whom: Named) -> Ordered<()> {
    actor.at_least(Rank::Moderator)?;
    let (state, now) = (room.moderators.state(), shared.clock.now());
    let was = state.silenced(&whom.id, now).ok_or_else(|| {
        Problem::not_found("nobody keeps them from speaking: GET .../bans lists those who may not")
    })?;
    let gone = Change {
        shelf: Shelf::Bans,
        key: whom.id.to_string(),
        expected: Expected::Any,
        value: None,
        most: MOST_BANS,
    };
    if let Changed::Done(version) = change(shared, room, gone).await? {
        spread(shared, room, version, Act::Changed).await;
    }
    let did = match was {
        Silenced::TimedOut(_) => Did::Untimeout,
        Silenced::Banned => Did::Unban,
    };
    let mut record_it = record_of(shared, room, did, actor.by.clone());
    record_it.whom = Some(whom);
    record(shared, room, record_it).await;
    Ok(())
}

// === Removing ===

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
    if message.deleted {
        return Ok(());
    }
    let tombstone = Arc::new(message.tombstone());
    shared
        .store(shared.store.desks().replace(&room.id, vec![tombstone]))
        .await?;
    let act = ActNote {
        at: shared.clock.now(),
        head: offset,
        what: What::Removed {
            id,
            reason: reason.clone(),
        },
    };
    let version = put_act(shared, room, MessageId::new().to_string(), &act).await?;
    spread(shared, room, version, Act::Removed { id }).await;
    let mut record_it = record_of(shared, room, Did::Delete, actor.by.clone());
    record_it.whom = Some(Named::from(&message.author));
    record_it.message_id = Some(id);
    record_it.reason = reason;
    record(shared, room, record_it).await;
    Ok(())
}

pub(crate) async fn clear_by_name(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    name: Option<&str>,
    reason: String,
) -> Ordered<Cleared> {
    let whom = name.map(|name| who::find(room, name)).transpose()?;
    clear(shared, room, actor, whom, reason).await
}

async fn clear(
    shared: &Shared,
    room: &Room,
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
    let cleared = take_back(shared, room, author, reason.clone()).await?;
    let mut record_it = record_of(shared, room, Did::Clear, actor.by.clone());
    record_it.whom = whom;
    record_it.reason = reason;
    record(shared, room, record_it).await;
    Ok(cleared)
}

/// Takes back all that is in the log by now, or all of one author.
async fn take_back(
    shared: &Shared,
    room: &Room,
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
        head: up_to,
        what: What::Cleared {
            author: author.clone(),
            up_to,
            reason,
        },
    };
    let version = put_act(shared, room, MessageId::new().to_string(), &act).await?;
    spread(shared, room, version, Act::Cleared { author, up_to }).await;
    Ok(Cleared { up_to, removed })
}

// === Modes ===

pub(crate) async fn set_modes(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    patch: ModesPatch,
) -> Ordered<Modes> {
    actor.at_least(Rank::Moderator)?;
    let modes = patch.apply(room.moderators.modes(room));
    let wanted = Change {
        shelf: Shelf::Modes,
        key: "room".into(),
        expected: Expected::Any,
        value: Some(json(&modes)?),
        most: 1,
    };
    if let Changed::Done(version) = change(shared, room, wanted).await? {
        spread(shared, room, version, Act::Changed).await;
    }
    let mut record_it = record_of(shared, room, Did::Modes, actor.by.clone());
    record_it.modes = Some(modes);
    record(shared, room, record_it).await;
    Ok(modes)
}

// === What waits ===

pub(crate) async fn settle(
    shared: &Shared,
    room: &Arc<Room>,
    actor: &Actor,
    id: MessageId,
    decision: Decision,
    reason: String,
) -> Ordered<HeldDecided> {
    actor.at_least(Rank::Moderator)?;
    held::decide(shared, room, actor.by.clone(), id, decision, reason).await
}

// === Moderators ===

pub(crate) async fn make_moderator_by_name(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    name: &str,
) -> Ordered<ModeratorEntry> {
    let whom = who::find(room, name)?;
    make_moderator(shared, room, actor, whom).await
}

async fn make_moderator(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    whom: Named,
) -> Ordered<ModeratorEntry> {
    actor.at_least(Rank::Operator)?;
    // A session's id alone can't be taken by giving a name.
    if !(whom.id.as_str().starts_with("guest:") && whom.id.as_str().contains('-')) {
        let detail = "only a session can moderate: without one, whoever gives the same name is the same author";
        return Err(Problem::unprocessable("invalid", detail).at("/author"));
    }
    let entry = ModeratorEntry {
        author: whom.clone(),
        at: shared.clock.now(),
    };
    let wanted = Change {
        shelf: Shelf::Moderators,
        key: whom.id.to_string(),
        expected: Expected::Any,
        value: Some(json(&entry)?),
        most: MOST_MODERATORS,
    };
    if let Changed::Done(version) = change(shared, room, wanted).await? {
        spread(shared, room, version, Act::Changed).await;
    }
    let mut record_it = record_of(shared, room, Did::Mod, actor.by.clone());
    record_it.whom = Some(whom);
    record(shared, room, record_it).await;
    Ok(entry)
}

pub(crate) async fn unmake_moderator(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    whom: Named,
) -> Ordered<()> {
    actor.at_least(Rank::Operator)?;
    if !room.moderators.state().moderators.contains_key(&whom.id) {
        return Err(Problem::not_found("they do not moderate here"));
    }
    let gone = Change {
        shelf: Shelf::Moderators,
        key: whom.id.to_string(),
        expected: Expected::Any,
        value: None,
        most: MOST_MODERATORS,
    };
    if let Changed::Done(version) = change(shared, room, gone).await? {
        spread(shared, room, version, Act::Changed).await;
    }
    let mut record_it = record_of(shared, room, Did::Unmod, actor.by.clone());
    record_it.whom = Some(whom);
    record(shared, room, record_it).await;
    Ok(())
}

// === What all of them do ===

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

/// Keeps an act for those who come back, in the place of the oldest if there are too many.
pub(super) async fn put_act(
    shared: &Shared,
    room: &Room,
    key: String,
    act: &ActNote,
) -> Ordered<u64> {
    let wanted = Change {
        shelf: Shelf::Acts,
        key,
        expected: Expected::Any,
        value: Some(json(act)?),
        most: MOST_ACTS,
    };
    loop {
        match change(shared, room, wanted.clone()).await {
            Ok(Changed::Done(version)) => return Ok(version),
            Ok(Changed::Other(_)) => {}
            Err(StoreError::Full { .. }) => {
                room.moderators.look(shared, room).await?;
                let state = room.moderators.state();
                let mut old: Vec<_> = state.acts.iter().map(|(key, act)| (act.at, key)).collect();
                old.sort();
                // Some at once, so that it is not full again at the next act.
                for (_, key) in old.into_iter().take(MOST_ACTS / 10) {
                    let gone = Change {
                        key: key.clone(),
                        value: None,
                        ..wanted.clone()
                    };
                    change(shared, room, gone).await?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
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
    if let Some(audit) = &shared.audit
        && let Err(error) = audit.add(&room.id, std::slice::from_ref(&act)).await
    {
        tracing::error!(room = %room.id, %error, "what a moderator did could not be kept in the audit");
    }
    metrics::counter!("chatter_moderator_acts_total", "tenant" => room.id.tenant().to_string(), "room" => room.id.room().to_owned())
        .increment(1);
    admission::publish(shared, room, TopicKind::ChatAudit, &act).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        for (seconds, told) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (600, "10 minutes"),
            (7200, "2 hours"),
            (1_209_600, "14 days"),
        ] {
            assert_eq!(span(seconds), told);
        }
    }
}
