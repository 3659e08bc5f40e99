//! What moderators do, whether by a command or over HTTP.

use super::{
    MOST_BANS, MOST_MODERATORS, Silenced, State,
    command::{self, Command, Wrong},
    desk::{change, json, record, record_of, spread},
    held,
    refused::{already_banned, list_full},
    removing::{clear, delete, take_back},
    who,
};
use crate::{admission::Refusal, names, problem::Problem, room::Room, shared::Shared};
use chatter_protocol::{
    AuthorId, MessageId, Timestamp,
    moderators::{Act, Ban, Decision, Did, HeldDecided, ModeratorEntry, Named},
    modes::{Modes, ModesPatch},
};
use chatter_store::{Change, Changed, Expected, Shelf, StoreError};
use std::{sync::Arc, time::Duration};

/// How long a time-out is over before it is forgotten: another gateway's clock may be behind.
const OVER_FOR: Duration = Duration::from_secs(60);

/// Time-outs that are forgotten at once.
const FORGOTTEN_AT_ONCE: usize = 50;

/// How often something is changed that others change at the same time.
const TRIES: u32 = 10;

pub(crate) type Ordered<T> = Result<T, Problem>;

/// Carries an order out to its end, even if whoever gave it leaves without waiting. A gateway that ends waits for it as it
/// does for connections.
pub(crate) fn to_its_end<T, F>(
    shared: &Shared,
    order: F,
) -> impl Future<Output = Ordered<T>> + Send + use<T, F>
where
    T: Send + 'static,
    F: Future<Output = Ordered<T>> + Send + 'static,
{
    let done = shared.connections.spawn(order);
    async move { done.await.unwrap_or_else(|_| Err(Refusal::Timeout.into())) }
}

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
    pub(super) fn at_least(&self, rank: Rank) -> Ordered<()> {
        if self.rank >= rank {
            return Ok(());
        }
        Err(Problem::forbidden(match rank {
            Rank::Operator => "that is for the operator alone",
            _ => "that is for moderators of this room: the operator makes one with /mod NAME",
        }))
    }

    pub(super) fn over(&self, room: &Room, author: &AuthorId) -> Ordered<()> {
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
        Command::Help(about) => command::help(about, actor.rank >= Rank::Moderator),
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
    room: &Arc<Room>,
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
    room: &Arc<Room>,
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
    let version = put_ban(shared, room, &ban).await?;
    spread(shared, room, version, Act::Changed).await;
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
        take_back(shared, room, &actor.by, Some(whom.id), reason).await?;
    }
    Ok(ban)
}

/// Puts a ban on the desk, whatever others put there meanwhile: this gateway's copy is only what is expected there at
/// first. A time-out takes the place of another one, and of no ban, which it would end. The desk's version with it.
async fn put_ban(shared: &Shared, room: &Room, ban: &Ban) -> Ordered<u64> {
    // One that has yet to hear that a ban was ended would go on refusing.
    let moderators = &room.moderators;
    shared
        .store(moderators.look_if_changed(shared, room))
        .await?;
    let known = moderators.state().bans.get(&ban.author.id).cloned();
    let mut there = known.as_deref().map(json).transpose()?;
    let mut made_place = false;
    for _ in 0..TRIES {
        // What can't be read counts for nothing, as it does where the desk is read.
        let before: Option<Ban> = there
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        if ban.until.is_some() && before.is_some_and(|before| before.until.is_none()) {
            return Err(already_banned(&ban.author));
        }
        let wanted = Change {
            shelf: Shelf::Bans,
            key: ban.author.id.to_string(),
            expected: there.clone().map_or(Expected::Nothing, Expected::Value),
            value: Some(json(ban)?),
            most: MOST_BANS,
            keeps_back: None,
        };
        match change(shared, room, wanted).await {
            Ok(Changed::Done(version)) => return Ok(version),
            Ok(Changed::Other(other)) => there = other,
            // It keeps no message back.
            Ok(Changed::InLog(_)) => break,
            Err(StoreError::Full { .. }) if !made_place => {
                made_place = true;
                moderators.look(shared, room).await?;
                forget_old_bans(shared, room).await?;
            }
            Err(StoreError::Full { bound, .. }) => {
                let detail = format!(
                    "{bound} may not speak here, and no more can be noted: let one speak again first, by /unban NAME; GET .../bans lists them"
                );
                return Err(list_full(detail));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let detail = "others change who may not speak all the time: try again";
    Err(Problem::unavailable("busy", detail))
}

/// Takes time-outs off the desk that are over, some at once. Other gateways see it when they look at the desk next; to
/// none of them it makes a difference.
pub(super) async fn forget_old_bans(shared: &Shared, room: &Room) -> Ordered<()> {
    let (state, now) = (room.moderators.state(), shared.clock.now());
    let is_over = |until: Timestamp| until.plus(OVER_FOR) <= now;
    let over = (state.bans.values()).filter(|ban| ban.until.is_some_and(is_over));
    for ban in over.take(FORGOTTEN_AT_ONCE) {
        let gone = Change {
            shelf: Shelf::Bans,
            key: ban.author.id.to_string(),
            expected: Expected::Value(json(&**ban)?),
            value: None,
            most: MOST_BANS,
            keeps_back: None,
        };
        change(shared, room, gone).await?;
    }
    Ok(())
}

pub(crate) async fn unban(shared: &Shared, room: &Room, actor: &Actor, whom: Named) -> Ordered<()> {
    actor.at_least(Rank::Moderator)?;
    actor.over(room, &whom.id)?;
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
        keeps_back: None,
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

// === Modes ===

pub(crate) async fn set_modes(
    shared: &Shared,
    room: &Room,
    actor: &Actor,
    patch: ModesPatch,
) -> Ordered<Modes> {
    actor.at_least(Rank::Moderator)?;
    let (modes, version) = patch_modes(shared, room, patch).await?;
    spread(shared, room, version, Act::Changed).await;
    let mut record_it = record_of(shared, room, Did::Modes, actor.by.clone());
    record_it.modes = Some(modes);
    record(shared, room, record_it).await;
    Ok(modes)
}

/// Changes what lies on the desk, whatever others put there meanwhile: this gateway's copy is only what is
/// expected there at first. The modes, and the desk's version with them.
async fn patch_modes(shared: &Shared, room: &Room, patch: ModesPatch) -> Ordered<(Modes, u64)> {
    let known = room.moderators.state().modes;
    let mut there = known.as_ref().map(json).transpose()?;
    for _ in 0..TRIES {
        // What can't be read counts for nothing, as it does where the desk is read.
        let set = there
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let modes = patch.apply(set.unwrap_or(room.rules().modes));
        let wanted = Change {
            shelf: Shelf::Modes,
            key: "room".into(),
            expected: there.map_or(Expected::Nothing, Expected::Value),
            value: Some(json(&modes)?),
            most: 1,
            keeps_back: None,
        };
        match change(shared, room, wanted).await? {
            Changed::Done(version) => return Ok((modes, version)),
            Changed::Other(other) => there = other,
            // It keeps no message back.
            Changed::InLog(_) => break,
        }
    }
    let detail = "others change the modes all the time: try again";
    Err(Problem::unavailable("busy", detail))
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
    if !names::is_sessions(&whom.id) {
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
        keeps_back: None,
    };
    match change(shared, room, wanted).await {
        Ok(Changed::Done(version)) => spread(shared, room, version, Act::Changed).await,
        // Whatever lies there is replaced, and no message kept back.
        Ok(Changed::Other(_) | Changed::InLog(_)) => {}
        Err(StoreError::Full { bound, .. }) => {
            let detail = format!(
                "{bound} moderate here, and no more may: let one moderate no more first, by /unmod NAME; GET .../moderators lists them"
            );
            return Err(list_full(detail));
        }
        Err(error) => return Err(error.into()),
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
        keeps_back: None,
    };
    if let Changed::Done(version) = change(shared, room, gone).await? {
        spread(shared, room, version, Act::Changed).await;
    }
    let mut record_it = record_of(shared, room, Did::Unmod, actor.by.clone());
    record_it.whom = Some(whom);
    record(shared, room, record_it).await;
    Ok(())
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
