//! What moderation decided.

use crate::{Author, CallId, MessageId, RoomId, Timestamp, V1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An audit record: every decision other than `allow`, as it travels on `chat.audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModerationVerdict {
    /// Version of this format.
    pub v: V1,
    /// The message it is about. It never reached the room if `action` is `drop`.
    pub message_id: MessageId,
    /// The room it was meant for.
    pub room_id: RoomId,
    /// Who wrote it.
    pub author: Author,
    /// What was done.
    pub action: Action,
    /// The rule that decided: a stable code such as `too_long`, listed in `docs/protocols.md`.
    #[schemars(regex(pattern = "^[a-z_]{1,40}$"))]
    pub rule: String,
    /// The reason in words, fit to be shown to the author.
    #[schemars(length(max = 300))]
    pub reason: String,
    /// SHA-256 of the original text in UTF-8, as hexadecimal digits.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub original_sha256: String,
    /// Which policy decided, as `name@version`.
    #[schemars(length(max = 130))]
    pub policy: String,
    /// When.
    pub at: Timestamp,
    /// The persona call that made the line, if a persona wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
}

/// What moderation does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It goes out as it is.
    Allow,
    /// It goes out with parts replaced.
    Redact,
    /// It waits for a moderator.
    Hold,
    /// It does not go out.
    Drop,
}
