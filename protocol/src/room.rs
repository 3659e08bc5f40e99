//! How rooms are doing, as the gateway tells it.

use crate::{Author, AuthorId, AuthorKind, PersonaStatus, RoomId, SourceStatus, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The rooms of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomList {
    /// In the order of the configuration.
    pub rooms: Vec<RoomSummary>,
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomSummary {
    /// `tenant/room`
    pub id: RoomId,
    /// What viewers read.
    pub title: String,
    /// Which log the offsets count in.
    pub epoch: String,
    /// The newest offset; 0 if nothing was said yet.
    pub offset: u64,
    /// How many WebSockets watch, at this gateway. Whoever has the room open twice counts twice.
    pub viewers: u64,
}

/// How a room is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoomStatus {
    /// The room.
    #[serde(flatten)]
    pub summary: RoomSummary,
    /// Who watches, at this gateway: each once, whoever came last first. The list ends after 100;
    /// `viewers` goes on counting.
    #[schemars(length(max = 100))]
    pub people: Vec<Arc<Person>>,
    /// The personas, as their worker told it last.
    pub personas: Vec<Arc<PersonaStatus>>,
    /// What the personas think with.
    pub model: Model,
    /// The longest message, in characters (Unicode scalar values), by the room's moderation policy. A command may
    /// have 500.
    #[serde(default = "longest")]
    #[schemars(range(min = 1, max = 500))]
    pub max_chars: u32,
    /// That viewers may hear what the room watches, if they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<Sound>,
    /// What the room watches and how that goes, as whoever plays it told it last; for operators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<SourceStatus>>,
    /// What is wrong with the moderation provider that its policy names, if something is; for operators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub moderation: Option<String>,
}

const fn longest() -> u32 {
    500
}

/// A recording that a room's viewers may hear while the room watches it: `GET /v1/rooms/{t}/{r}/source`
/// at this gateway. Where it is tells `playing` of what happens on the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sound {
    /// Another one when the recording is another one; the entity tag without its quotes.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub tag: String,
    /// When this was told, by the clock that `at` of a context is of.
    pub now: Timestamp,
}

/// A room's own emotes, beside those that every room has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomEmotes {
    /// In the order in which they are shown.
    #[schemars(length(max = 1000))]
    pub emotes: Vec<RoomEmote>,
}

/// An emote of a room: a picture that a message names in its text, as `:catJAM:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomEmote {
    /// What is written between the colons.
    #[schemars(regex(pattern = "^[a-zA-Z0-9_]{1,32}$"))]
    pub code: String,
    /// The path of its picture, at this gateway.
    pub image: String,
    /// In pixels.
    #[schemars(range(min = 1, max = 512))]
    pub width: u32,
    /// In pixels.
    #[schemars(range(min = 1, max = 512))]
    pub height: u32,
    /// Whether it may move.
    pub animated: bool,
}

/// The most people in a [`RoomStatus`].
pub const MAX_PEOPLE: usize = 100;

/// Somebody who watches a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// As on their messages.
    pub id: AuthorId,
    /// The display name.
    pub name: String,
    /// What they are.
    pub kind: AuthorKind,
    /// `#rrggbb`, as on their messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    pub color: Option<String>,
}

impl From<&Author> for Person {
    fn from(author: &Author) -> Self {
        Self {
            id: author.id.clone(),
            name: author.name.clone(),
            kind: author.kind,
            color: author.color.clone(),
        }
    }
}

/// What personas think with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// The model's name.
    pub model: String,
    /// Where it runs, for people: `in the host`, `http://localhost:11434/v1`.
    pub place: String,
    /// Whether it is the built-in offline model, which the page then says.
    pub offline: bool,
}
