//! What is kept of a room by name, beside its log: small things that all gateways share, such as who may not
//! speak. The store does not know what they mean.
//!
//! Every change is a comparison and a write in one, so that of two who decide about the same thing one
//! wins and the other is told; and it counts up the desk's version, by which everybody else sees
//! that there is something to look at.

use crate::StoreError;
use async_trait::async_trait;
use chatter_protocol::{ChatMessage, MessageId, RoomId};
use std::{
    fmt,
    sync::{Arc, Once},
};

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shelf {
    /// Who may not speak.
    Bans,
    /// Who may moderate.
    Moderators,
    /// How everyone may chat.
    Modes,
    /// Messages that wait for a moderator.
    Held,
    /// What was done lately that viewers are to be told.
    Acts,
    /// What became of messages that waited.
    Settled,
}

impl Shelf {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Bans,
        Self::Moderators,
        Self::Modes,
        Self::Held,
        Self::Acts,
        Self::Settled,
    ];

    /// Its name, as in a store's keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bans => "bans",
            Self::Moderators => "moderators",
            Self::Modes => "modes",
            Self::Held => "held",
            Self::Acts => "acts",
            Self::Settled => "settled",
        }
    }

    /// The shelf of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shelf| shelf.as_str() == name)
    }
}

/// The shelf of that name. What lies on one that is unknown was put there by a later version of this program, and is
/// passed over; the log says so once.
pub(crate) fn known(room: &RoomId, name: &str) -> Option<Shelf> {
    static TOLD: Once = Once::new();
    let shelf = Shelf::by_name(name);
    if shelf.is_none() {
        TOLD.call_once(|| {
            tracing::warn!(%room, shelf = name, "a later version of this program has put something on the room's desk that this one passes over");
        });
    }
    shelf
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All that lies on a room's desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// Greater with each change; 0 before the first. Two desks of one version are the same, even if changes were lost in
    /// between.
    pub version: u64,
    /// In no order.
    pub notes: Vec<Note>,
}

/// One thing on a desk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where it lies.
    pub shelf: Shelf,
    /// Its name there.
    pub key: String,
    /// What it says.
    pub value: String,
}

/// What must lie there for a change to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Nothing,
    /// Just this.
    Value(String),
}

/// A change of one thing on a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it lies.
    pub shelf: Shelf,
    /// Its name there.
    pub key: String,
    /// What must lie there before.
    pub expected: Expected,
    /// What is to lie there afterwards; nothing if none.
    pub value: Option<String>,
    /// How many the shelf holds at most; something new beyond that is refused.
    pub most: usize,
    /// The message that is not added to the room's log as long as this lies there. So whatever several gateways think of
    /// it, it is either in the log or kept back.
    pub keeps_back: Option<MessageId>,
}

impl Change {
    /// What lies there afterwards keeps this message back.
    pub(crate) fn will_keep_back(&self) -> Option<MessageId> {
        self.keeps_back.filter(|_| self.value.is_some())
    }
}

/// What became of a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It happened, and this is the desk's version now.
    Done(u64),
    /// Something else lay there, or nothing; it is as it was.
    Other(Option<String>),
    /// The message that it would keep back is in the log, at this offset; nothing was changed.
    InLog(u64),
}

/// The desks of all rooms, and what is put in the place of messages that moderators removed.
#[async_trait]
pub trait Desks: Send + Sync {
    /// The [version](Desk::version) of a room's desk.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn desk_version(&self, room: &RoomId) -> Result<u64, StoreError>;

    /// All that lies on a room's desk.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn desk(&self, room: &RoomId) -> Result<Desk, StoreError>;

    /// Changes one thing on a room's desk, if what is expected lies there, and the log does not hold the message that would be
    /// [kept back](Change::keeps_back) by it and not by what lies there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] if the shelf holds as much as it may; or if the store fails: then the change may
    /// have happened or not.
    async fn change_desk(&self, room: &RoomId, change: Change) -> Result<Changed, StoreError>;

    /// The message with that id, if the room's log holds it.
    ///
    /// # Errors
    ///
    /// If the store fails, or the message can't be read.
    async fn find(
        &self,
        room: &RoomId,
        id: MessageId,
    ) -> Result<Option<(u64, Arc<ChatMessage>)>, StoreError>;

    /// Puts these in the place of the messages with their ids, which whoever reads the log from now on
    /// does not get any more. Those whose id the log does not hold are passed over. How many were there.
    ///
    /// # Errors
    ///
    /// If the store fails; some may have been replaced then.
    async fn replace(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<u64, StoreError>;
}

pub(crate) fn full(shelf: Shelf, most: usize) -> StoreError {
    StoreError::Full {
        what: format!("the room's {shelf}"),
        bound: most,
    }
}
