//! What happens on the stream, as far as chatter understood it.

use crate::{RoomId, Timestamp, V1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The latest minute of a stream, small enough to be handed to every persona every two seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamContext {
    /// Version of this format.
    pub v: V1,
    /// The room beside the stream.
    pub room_id: RoomId,
    /// When this was made.
    pub at: Timestamp,
    /// Where the stream is, in milliseconds since its start. With a source that loops it goes on
    /// growing.
    pub position_ms: u64,
    /// What was said in the last 60 s, oldest first.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub transcript: Vec<Segment>,
    /// What the last minutes were about, in a sentence or two.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub summary: String,
    /// What the transcript is about, most telling first.
    #[serde(default)]
    #[schemars(length(max = 24))]
    pub keywords: Vec<Keyword>,
    /// What happened in the window. An event that was there before keeps its id, so that nobody
    /// reacts to it twice.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub events: Vec<StreamEvent>,
    /// The question that the streamer put to the chat last, if that was within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_question: Option<ChatQuestion>,
    /// Room to grow: JSON text that readers may ignore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub extensions: Option<String>,
}

/// A stretch of speech.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Start on the stream's clock, in milliseconds.
    pub start_ms: u64,
    /// End on the stream's clock, in milliseconds.
    pub end_ms: u64,
    /// What was said.
    #[schemars(length(min = 1, max = 2000))]
    pub text: String,
}

/// A word or phrase that tells what the transcript is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Keyword {
    /// In lower case, as it stands in the transcript.
    #[schemars(length(min = 1, max = 80))]
    pub term: String,
    /// Relative weight; the first keyword has 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub score: f64,
}

/// Something that happened on the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamEvent {
    /// Steady over the contexts that hold this event, and unique in the room.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// `chat_question`, `question`, `hype`, `laughter`, `fail`, `silence`, `topic_change`,
    /// `stream_start`, `stream_end`; open, so readers must expect others.
    #[schemars(regex(pattern = "^[a-z_]{1,32}$"))]
    pub kind: String,
    /// The words that show it, or a short description.
    #[schemars(length(max = 500))]
    pub text: String,
    /// When, on the stream's clock, in milliseconds.
    pub at_ms: u64,
    /// How sure the source is.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
}

/// What the streamer asked the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatQuestion {
    /// The id of the event of kind `chat_question` that it came from.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// The question's text.
    #[schemars(length(min = 1, max = 500))]
    pub text: String,
    /// When, on the stream's clock, in milliseconds.
    pub at_ms: u64,
}
