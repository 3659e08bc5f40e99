//! How a room's source is doing, as the context service tells it on `stream.source`.

use crate::{RoomId, Timestamp, V1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is told as the [`source`](SourceStatus::source) of a room that listens to the page whose sound is shared with it.
pub const BROWSER: &str = "a browser that shares its sound";

/// What a room watches, and how that goes. The gateway shows it to operators alone: it names files and hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// Version of this format.
    pub v: V1,
    /// The room.
    pub room_id: RoomId,
    /// What is watched, for people and without what may be secret.
    #[schemars(length(min = 1, max = 500))]
    pub source: String,
    /// How it does.
    pub condition: SourceCondition,
    /// What is waited for, what went wrong and what to do, or what is not as it should be; empty when there is
    /// nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1000))]
    pub detail: String,
    /// Since when it does so.
    pub since: Timestamp,
    /// Who hears what is said.
    pub hearing: Hearing,
    /// How much of the stream has come, but was not listened to yet, in milliseconds.
    #[serde(default)]
    pub behind_ms: u64,
    /// Whether the room watches it no more: this is the last that is told of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub left: bool,
    /// When this was true.
    pub at: Timestamp,
}

impl SourceStatus {
    /// Whether the room listens to what a page shares with it.
    #[must_use]
    pub fn hears_pages(&self) -> bool {
        self.source == BROWSER
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How a source does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceCondition {
    /// It is being opened.
    Starting,
    /// It plays.
    Playing,
    /// It is open, and nothing comes.
    Stalled,
    /// It is not open, and will be opened (again).
    Waiting,
    /// It was finite, and is over.
    Ended,
    /// It can't be played, and is not tried again until its file or the configuration is looked at anew.
    Failed,
}

/// Who hears what is said on a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hearing {
    /// What words are had from.
    pub by: HearingBy,
    /// The model's name, or the subtitle file's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub name: String,
    /// Why no model listens where one should, and what helps; empty if all is as it should be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1000))]
    pub detail: String,
}

/// What words are had from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HearingBy {
    /// A model listens.
    Model,
    /// They are read from a subtitle file.
    Subtitles,
    /// From nothing: only how loud it is and what is to be seen tell what happens.
    Nothing,
}
