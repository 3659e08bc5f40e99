//! What moderators decide in a room, as every gateway shows and enforces it.
//!
//! It lies on the room's desk in the store; what is here is a copy, read again whenever somebody says on
//! `chat.acts` that it has changed, whenever the room is listened to anew, and every few seconds if the desk's version
//! says so. What is new in it is told to viewers, whichever gateway it was decided at.

mod acts;
pub(crate) mod command;
mod desk;
pub(crate) mod held;
mod modes;
pub(crate) mod orders;
mod refused;
pub(crate) mod removing;
mod who;

use acts::{ActNote, What};
use held::HeldNote;
pub(crate) use modes::{Kept, Lately, Speaker};
pub(crate) use orders::{Actor, Rank};
pub(crate) use refused::too_many_wait;

use crate::{
    crowd::{Notice, Settled},
    frames,
    room::Room,
    shared::Shared,
};
use arc_swap::ArcSwap;
use chatter_protocol::{
    AuthorId, ChatMessage, MessageId, Timestamp,
    frames::ServerFrame,
    moderators::{Ban, Decision, Held, ModeratorEntry},
    modes::Modes,
};
use chatter_store::{Desk, Shelf, StoreError};
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Messages of a room that may wait for a moderator.
pub(crate) const MOST_HELD: usize = 200;

/// Of one author.
pub(crate) const MOST_HELD_OF_ONE: usize = 3;

/// How long one waits at most.
pub(crate) const HELD_FOR: Duration = Duration::from_secs(15 * 60);

/// Those of a room who may not speak.
pub(crate) const MOST_BANS: usize = 10_000;

/// Those who may moderate in a room.
pub(crate) const MOST_MODERATORS: usize = 100;

/// Acts of each kind, what is taken back and what became of messages that waited, that are kept for those who come back.
pub(crate) const MOST_ACTS: usize = 500;

/// By so many messages the order of acts and of messages may differ at two gateways.
const SLACK: u64 = 256;

/// What is decided in a room.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) version: u64,
    pub(crate) bans: BTreeMap<AuthorId, Arc<Ban>>,
    pub(crate) moderators: BTreeMap<AuthorId, Arc<ModeratorEntry>>,
    /// What moderators said; if they said nothing, the configuration counts.
    pub(crate) modes: Option<Modes>,
    pub(crate) held: BTreeMap<MessageId, Arc<HeldNote>>,
    /// By their keys on the desk.
    pub(crate) acts: BTreeMap<String, Arc<ActNote>>,
}

/// Why somebody may not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silenced {
    /// For so long.
    TimedOut(Duration),
    Banned,
}

impl State {
    fn of(room: &Room, desk: Desk) -> Self {
        let mut state = Self {
            version: desk.version,
            ..Self::default()
        };
        for note in desk.notes {
            let read = match note.shelf {
                Shelf::Bans => read(&note.value).map(|ban: Ban| {
                    state.bans.insert(ban.author.id.clone(), Arc::new(ban));
                }),
                Shelf::Moderators => read(&note.value).map(|entry: ModeratorEntry| {
                    state
                        .moderators
                        .insert(entry.author.id.clone(), Arc::new(entry));
                }),
                Shelf::Modes => read(&note.value).map(|modes| state.modes = Some(modes)),
                Shelf::Held => HeldNote::read(note.value).map(|held| {
                    state.held.insert(held.held.message.id, Arc::new(held));
                }),
                Shelf::Acts | Shelf::Settled => read(&note.value).map(|act: ActNote| {
                    state.acts.insert(note.key.clone(), Arc::new(act));
                }),
            };
            if let Err(error) = read {
                tracing::warn!(room = %room.id, shelf = %note.shelf, key = note.key, %error, "what lies on the room's desk can't be read");
            }
        }
        state
    }

    /// Whether somebody may not speak now.
    pub(crate) fn silenced(&self, author: &AuthorId, now: Timestamp) -> Option<Silenced> {
        match self.bans.get(author)?.until {
            None => Some(Silenced::Banned),
            Some(until) => {
                let left = until.since(now);
                (!left.is_zero()).then_some(Silenced::TimedOut(left))
            }
        }
    }

    /// Whether somebody moderates now: who is kept from speaking does not.
    pub(crate) fn moderates(&self, author: &AuthorId, now: Timestamp) -> bool {
        self.moderators.contains_key(author) && self.silenced(author, now).is_none()
    }

    /// Whether a message waits for a moderator, or waited and was refused: if it is sent again, that is the answer,
    /// whatever it would be judged now.
    pub(crate) fn keeps_back(&self, id: MessageId) -> bool {
        let settled = || self.acts.get(&acts::settled_key(id))?.settled();
        self.held.contains_key(&id) || matches!(settled(), Some((_, Settled::Refused(..))))
    }

    /// Whether a moderator took back all that somebody had said, or everybody, after that time.
    pub(crate) fn cleared_since(&self, author: &AuthorId, since: Timestamp) -> bool {
        self.acts
            .values()
            .any(|act| act.at > since && act.clears(author))
    }

    fn moderate(&self, now: Timestamp) -> BTreeSet<AuthorId> {
        let entered = self.moderators.keys();
        let moderate = entered.filter(|id| self.moderates(id, now));
        moderate.cloned().collect()
    }

    /// Whether a message was taken back.
    fn covers(&self, offset: u64, message: &ChatMessage) -> bool {
        self.acts
            .values()
            .any(|act| act.covers(offset, message.id, &message.author.id))
    }
}

fn read<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    serde_json::from_str(json)
}

/// What moderators decide in a room.
#[derive(Debug, Default)]
pub(crate) struct Moderators {
    state: ArcSwap<State>,
    /// One look at the desk at a time.
    looking: tokio::sync::Mutex<bool>,
    /// What waits, and what is over, is to be [looked after](held::run).
    pub(crate) due: tokio::sync::Notify,
    /// Held while something is shown or taken back: what is shown after it was taken back is shown as that.
    showing: Mutex<()>,
    lately: Mutex<Lately>,
    /// The modes that viewers know of.
    told: Mutex<Option<Modes>>,
    /// Who moderated when that was looked at last.
    moderate: Mutex<BTreeSet<AuthorId>>,
}

impl Moderators {
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    pub(crate) fn lately(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a message that was heard, or what is left of it.
    pub(crate) fn show(&self, room: &Room, offset: u64, message: &Arc<ChatMessage>) {
        let _showing = self.showing.lock().unwrap_or_else(PoisonError::into_inner);
        room.show(offset, || {
            if !message.deleted && self.state.load().covers(offset, message) {
                return frames::message(offset, &Arc::new(message.tombstone()));
            }
            frames::message(offset, message)
        });
    }

    /// Looks at the desk if it has another version than this copy.
    pub(crate) async fn look_if_changed(
        &self,
        shared: &Shared,
        room: &Room,
    ) -> Result<(), StoreError> {
        let version = shared.store.desks().desk_version(&room.id).await?;
        if version == self.state.load().version && *self.looking.lock().await {
            return Ok(());
        }
        self.look(shared, room).await
    }

    /// Looks at the desk, and tells viewers what is new.
    pub(crate) async fn look(&self, shared: &Shared, room: &Room) -> Result<(), StoreError> {
        let mut looked = self.looking.lock().await;
        let desk = shared.store.desks().desk(&room.id).await?;
        let after = Arc::new(State::of(room, desk));
        let before = self.state.load_full();
        if *looked {
            self.become_this(room, &before, &after, shared.clock.now());
            room.crowd.wake();
        } else {
            let moderate = after.moderate(shared.clock.now());
            *self.moderate.lock().unwrap_or_else(PoisonError::into_inner) = moderate;
            self.state.store(after);
            self.tell_modes(room);
            *looked = true;
        }
        Ok(())
    }

    fn become_this(&self, room: &Room, before: &State, after: &Arc<State>, now: Timestamp) {
        let _showing = self.showing.lock().unwrap_or_else(PoisonError::into_inner);
        self.state.store(Arc::clone(after));
        let new = |(key, _): &(&String, &Arc<ActNote>)| !before.acts.contains_key(*key);
        let mut acts: Vec<&Arc<ActNote>> =
            after.acts.iter().filter(new).map(|(_, act)| act).collect();
        acts.sort_by_key(|act| act.at);
        if acts.iter().any(|act| act.takes_back()) {
            room.crowd.take_back(|offset, frame| {
                let Ok(ServerFrame::Message { message, .. }) =
                    serde_json::from_slice(frame.payload())
                else {
                    return None;
                };
                let is_new = !message.deleted && after.covers(offset, &message);
                is_new.then(|| frames::message(offset, &Arc::new(message.tombstone())))
            });
        }
        for act in acts {
            room.crowd.tell(if act.takes_back() {
                Notice::All(act.frame())
            } else {
                Notice::Moderators(act.frame())
            });
            if let Some((id, settled)) = act.settled() {
                room.crowd.tell(Notice::Author(id, settled));
            }
        }
        for (id, note) in &after.held {
            if note.decided.is_none() && !before.held.contains_key(id) {
                room.crowd.tell(Notice::Moderators(note.frame()));
            }
        }
        self.tell_modes(room);
        self.tell_rights(room, now);
    }

    /// Tells viewers the modes, if those are others than were told last: moderators may have set them, or the room's
    /// configuration, if moderators said nothing. It goes out with the crowd's next wake-up.
    pub(crate) fn tell_modes(&self, room: &Room) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that the last one to tell has the latest.
        let modes = self.modes(room);
        if told.replace(modes).is_some_and(|before| before != modes) {
            room.crowd
                .tell(Notice::All(frames::encode(&ServerFrame::Modes(modes))));
        }
    }

    /// Has those come back who moderate now and did not when this was looked at last, or the other way round: a time-out
    /// may have ended since.
    pub(crate) fn tell_rights(&self, room: &Room, now: Timestamp) {
        let mut before = self.moderate.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that the last one to tell has the latest.
        let moderate = self.state.load().moderate(now);
        for author in before.symmetric_difference(&moderate) {
            room.crowd.tell(Notice::Rights(author.clone()));
        }
        *before = moderate;
    }

    /// What somebody who comes is told, after its hello: the modes, what was taken back since it was there last, and, if it
    /// moderates, what waits.
    pub(crate) fn first(
        &self,
        room: &Room,
        after: Option<u64>,
        moderates: bool,
    ) -> Vec<crate::ws::Frame> {
        let state = self.state.load();
        let mut frames = Vec::new();
        let modes = state.modes.unwrap_or(room.rules().modes);
        if !modes.are_off() {
            frames.push(frames::encode(&ServerFrame::Modes(modes)));
        }
        if let Some(after) = after {
            let mut missed: Vec<_> = state
                .acts
                .values()
                .filter(|act| act.takes_back() && act.head + SLACK >= after)
                .collect();
            missed.sort_by_key(|act| act.at);
            frames.extend(missed.iter().map(|act| act.frame()));
        }
        if moderates {
            let mut waiting: Vec<_> = state
                .held
                .values()
                .filter(|note| note.decided.is_none())
                .collect();
            waiting.sort_by_key(|note| note.held.until);
            frames.extend(waiting.iter().map(|note| note.frame()));
        }
        frames
    }

    /// What became of a message that waited, if that is known already.
    pub(crate) fn settled(&self, id: MessageId) -> Option<Settled> {
        let state = self.state.load();
        let act = state.acts.get(&acts::settled_key(id))?;
        act.settled().map(|(_, settled)| settled)
    }

    /// The messages that wait, the oldest first.
    pub(crate) fn waiting(&self) -> Vec<Arc<Held>> {
        let state = self.state.load();
        let mut waiting: Vec<_> = state
            .held
            .values()
            .filter(|note| note.decided.is_none())
            .collect();
        waiting.sort_by_key(|note| note.held.until);
        waiting
            .iter()
            .map(|note| Arc::new(note.held.clone()))
            .collect()
    }

    pub(crate) fn modes(&self, room: &Room) -> Modes {
        self.state.load().modes.unwrap_or(room.rules().modes)
    }
}

/// The code and the words for the author of a message that was refused by a moderator, or by time.
fn refusal(decision: Decision, reason: &str) -> (&'static str, String) {
    let because = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    match decision {
        Decision::Expired => (
            "expired",
            "no moderator looked at the message in time".into(),
        ),
        _ => (
            "denied",
            format!("a moderator refused the message{because}"),
        ),
    }
}
