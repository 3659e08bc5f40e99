//! What the chat as a whole is doing.

use crate::{AuthorId, RoomId, Timestamp, V1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The room's chat over a sliding window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChatTrends {
    /// Version of this format.
    pub v: V1,
    /// The room.
    pub room_id: RoomId,
    /// When this was made.
    pub at: Timestamp,
    /// Length of the window, in seconds.
    #[schemars(range(min = 1))]
    pub window_s: u32,
    /// Messages per minute, over the window.
    #[schemars(range(min = 0.0))]
    pub messages_per_minute: f64,
    /// How many authors wrote in the window.
    pub unique_authors: u32,
    /// The share of messages that personas wrote.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub bot_fraction: f64,
    /// The commonest words, most frequent first.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub top_tokens: Vec<Count>,
    /// The commonest emotes, most frequent first.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub top_emotes: Vec<Count>,
    /// Who is named most, most often named first.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub mentions: Vec<Mentioned>,
    /// How many messages say what another in the window said before, whoever wrote it, and in whatever letter case, spacing
    /// and punctuation.
    #[serde(default)]
    pub repeats: u32,
    /// What at least two messages say, most frequent first, as it is compared: its words in lower case, the first 80
    /// characters of them. Of each, how many messages say it at least.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub top_repeats: Vec<Count>,
}

/// How often something occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// What was counted.
    #[schemars(length(min = 1, max = 80))]
    pub term: String,
    /// How often.
    pub count: u32,
}

/// How often somebody was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mentioned {
    /// Who, as on their messages.
    pub author: AuthorId,
    /// In how many messages.
    pub count: u32,
}
