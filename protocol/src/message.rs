//! What is said in a room.

use crate::{AuthorId, CallId, MessageId, RoomId, Timestamp, V1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest text of a message, in characters (Unicode scalar values).
pub const MAX_TEXT_CHARS: usize = 500;

/// The longest display name, in characters.
pub const MAX_NAME_CHARS: usize = 40;

/// The badge that every persona wears wherever its lines are shown.
pub const AI_BADGE: &str = "ai";

/// One line in a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChatMessage {
    /// Version of this format.
    pub v: V1,
    /// Chosen by the sender or by the gateway; the gateway drops a second message with the same id.
    pub id: MessageId,
    /// Where it was said.
    pub room_id: RoomId,
    /// Who said it.
    pub author: Author,
    /// One line of text, never markup.
    #[schemars(length(min = 1, max = 500))]
    pub text: String,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Whom it names; filled in by the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub mentions: Vec<AuthorId>,
    /// When the gateway accepted it.
    pub sent_at: Timestamp,
    /// The persona call that made it; only on lines of personas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// A moderator has removed it: what is left keeps its place, and `text` is [`REMOVED_TEXT`]. Not to
    /// be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// The text of a message that was removed.
pub const REMOVED_TEXT: &str = "(removed)";

impl ChatMessage {
    /// What is left in the log of a message that was removed: its place, its author, its time.
    #[must_use]
    pub fn tombstone(&self) -> Self {
        Self {
            text: REMOVED_TEXT.into(),
            reply_to: None,
            mentions: Vec::new(),
            deleted: true,
            author: self.author.clone(),
            room_id: self.room_id.clone(),
            ..*self
        }
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// Stable: what a persona remembers a person by.
    pub id: AuthorId,
    /// What viewers read. Not unique.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// Person, persona, or the room itself.
    pub kind: AuthorKind,
    /// `#rrggbb`. Whoever shows it makes it readable on their background.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    pub color: Option<String>,
    /// Short words to be shown before the name. A persona always carries `ai`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 24)))]
    pub badges: Vec<String>,
}

/// What an author is. A persona is never passed off as a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthorKind {
    /// A person who watches.
    Viewer,
    /// An AI persona.
    Persona,
    /// A person who may remove messages.
    Moderator,
    /// The room itself.
    System,
}

impl AuthorKind {
    /// Whether a person wrote it.
    #[must_use]
    pub const fn is_human(self) -> bool {
        matches!(self, Self::Viewer | Self::Moderator)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Persona => "persona",
            Self::Moderator => "moderator",
            Self::System => "system",
        }
    }
}

/// An accepted message with its place in the room's one order: what travels on `chat.firehose`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirehoseEntry {
    /// Version of this format.
    pub v: V1,
    /// Which log `offset` counts in; another epoch means that the earlier log was lost.
    pub epoch: String,
    /// 1, 2, 3, ... without gaps.
    #[schemars(range(min = 1))]
    pub offset: u64,
    /// The message, as accepted.
    pub message: Arc<ChatMessage>,
}
