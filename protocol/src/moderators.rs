//! What moderators do: the requests and answers of their routes, the records of their acts, and what
//! gateways and all who keep what was said tell each other of them.

use crate::{
    Author, AuthorId, ChatMessage, MessageId, ModerationVerdict, RoomId, Timestamp, V1,
    modes::Modes,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

// === Bans and time-outs ===

/// A request to keep somebody from speaking in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BanRequest {
    /// An author id, or the display name of somebody who is there or spoke lately.
    #[schemars(length(min = 1, max = 95))]
    pub author: String,
    /// For so long; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_209_600))]
    pub seconds: Option<u32>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub reason: Option<String>,
    /// Whether what they said is cleared; yes if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear: Option<bool>,
}

/// Somebody who may not speak in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ban {
    /// Who.
    pub author: Named,
    /// Until when, for a time-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why; empty if nobody said.
    #[serde(default)]
    pub reason: String,
    /// Who decided it.
    pub by: Named,
    /// When.
    pub at: Timestamp,
}

/// An author by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    /// The author's id.
    pub id: AuthorId,
    /// The display name, as it was then.
    pub name: String,
}

impl From<&Author> for Named {
    fn from(author: &Author) -> Self {
        Self {
            id: author.id.clone(),
            name: author.name.clone(),
        }
    }
}

/// Those who may not speak in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BanList {
    /// In the order of their ids. Time-outs that are over are not among them.
    pub bans: Vec<Arc<Ban>>,
}

// === Messages that wait ===

/// The answer to a message that waits for a moderator, over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiting {
    /// The message's id.
    pub id: MessageId,
}

/// A message that waits for a moderator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// As it would go out.
    pub message: Arc<ChatMessage>,
    /// Why it waits.
    pub verdict: ModerationVerdict,
    /// When it will not go out any more.
    pub until: Timestamp,
}

/// The messages that wait in a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeldList {
    /// The oldest first.
    pub held: Vec<Arc<Held>>,
}

/// A decision about a message that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldRequest {
    /// What is to become of it.
    pub decision: Judgement,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub reason: Option<String>,
}

/// What a moderator says about a message that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// It goes out.
    Approve,
    /// It does not go out.
    Deny,
}

/// What became of a message that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is in the room's log.
    Approved,
    /// A moderator refused it.
    Denied,
    /// Nobody decided in time.
    Expired,
}

/// The answer to a [`HeldRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldDecided {
    /// The message's id.
    pub id: MessageId,
    /// What became of it.
    pub decision: Decision,
    /// Its place in the room's log, if it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

// === Clearing ===

/// What was cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cleared {
    /// Messages up to this offset are not to be shown any more.
    pub up_to: u64,
    /// How many of them were in the log.
    pub removed: u64,
}

// === Those who may moderate ===

/// A request to let a session moderate in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModeratorRequest {
    /// A session's author id, or the display name of somebody who is there or spoke lately.
    #[schemars(length(min = 1, max = 95))]
    pub author: String,
}

/// Somebody who may moderate in a room, beside the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModeratorEntry {
    /// Who.
    pub author: Named,
    /// Since when.
    pub at: Timestamp,
}

/// Those who may moderate in a room, beside the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModeratorList {
    /// In the order of their ids.
    pub moderators: Vec<Arc<ModeratorEntry>>,
}

// === Commands over HTTP ===

/// The answer to a command that was posted as a message: what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noticed {
    /// For people.
    pub notice: String,
}

// === Records ===

/// An audit record: what a moderator did, as it travels on `chat.audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModeratorAct {
    /// Version of this format.
    pub v: V1,
    /// Where.
    pub room_id: RoomId,
    /// What was done.
    pub did: Did,
    /// Who did it. `system:chatter` for what time did.
    pub by: Named,
    /// Whom it is about, if it is about one author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<Named>,
    /// The message that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// For how long, of a time-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The modes from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<Modes>,
    /// Why; empty if nobody said.
    #[serde(default)]
    #[schemars(length(max = 300))]
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What moderators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    /// Removed a message.
    Delete,
    /// Removed all messages, or all of one author.
    Clear,
    /// Kept somebody from speaking for a while.
    Timeout,
    /// Let somebody speak again before the time was over.
    Untimeout,
    /// Kept somebody from speaking.
    Ban,
    /// Let somebody speak again.
    Unban,
    /// Changed the room's modes.
    Modes,
    /// Let a message out that waited.
    Approve,
    /// Refused a message that waited.
    Deny,
    /// A message waited for too long.
    Expire,
    /// Let somebody moderate.
    Mod,
    /// Let somebody moderate no more.
    Unmod,
}

// === What is told on chat.acts ===

/// Something that moderators decided in a room, as it travels on `chat.acts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomAct {
    /// Version of this format.
    pub v: V1,
    /// Where.
    pub room_id: RoomId,
    /// Greater with each thing that was decided in the room.
    pub version: u64,
    /// What.
    #[serde(flatten)]
    pub act: Act,
}

/// See [`RoomAct`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "lowercase")]
pub enum Act {
    /// A message is to be forgotten.
    Removed {
        /// Which.
        id: MessageId,
    },
    /// All messages with an offset up to `up_to` are to be forgotten, or those of one author.
    Cleared {
        /// Whose; everybody's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<AuthorId>,
        /// The last of them.
        up_to: u64,
    },
    /// Something else has changed: gateways look it up in the store.
    Changed,
}
