//! What moderation decided.

use crate::{Author, CallId, MessageId, RoomId, Timestamp, V1, policy::Category};
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
    /// What the words are about, if the rule is `words`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How bad it is, 0 to 1, if the rule says so: 1 for words that are caught from level 1 on, 0.25 for
    /// those of level 4 alone. Or the provider's score of its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// Who was asked, if the rule is `provider` or `provider_failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<JudgedBy>,
    /// The reason in words, fit to be shown to the author.
    #[schemars(length(max = 300))]
    pub reason: String,
    /// HMAC-SHA-256 of the original text in UTF-8, with a key that comes of the operator's token, as
    /// hexadecimal digits: the same for the same text.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub original_sha256: String,
    /// What went out instead, if `action` is `redact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    pub redacted: Option<String>,
    /// Which policy decided, as `name@version`.
    #[schemars(length(max = 130))]
    pub policy: String,
    /// When.
    pub at: Timestamp,
    /// The persona call that made the line, if a persona wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
}

/// A moderation provider that was asked about a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JudgedBy {
    /// Its name in the host's settings.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub name: String,
    /// What it takes the text for, under its own name for that, if one category decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub category: Option<String>,
}

/// What moderation does with a message, from the mildest to the hardest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It goes out as it is.
    Allow,
    /// It goes out with parts replaced by `***`.
    Redact,
    /// It waits for a moderator.
    Hold,
    /// It does not go out.
    Drop,
}

impl Action {
    pub(crate) const fn drop() -> Self {
        Self::Drop
    }
}
