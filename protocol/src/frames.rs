//! What the gateway and its clients say to each other over HTTP and WebSocket.

use crate::{
    AuthorId, AuthorKind, ChatMessage, ChatTrends, MessageId, ModerationVerdict,
    context::StreamNow,
    moderators::{Decision, ModeratorAct, Named},
    modes::Modes,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

// === HTTP ===

/// A message to be sent, as people and programs hand it to the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SayRequest {
    /// Chosen by the sender to make sending again safe; made by the gateway if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// The display name. With a session it may be left out, and must be the session's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<AuthorClaim>,
    /// One line of text.
    #[schemars(length(min = 1, max = 500))]
    pub text: String,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

/// Who somebody says to be: a display name, or an object that holds one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AuthorClaim {
    /// The display name.
    Name(#[schemars(length(min = 1, max = 40))] String),
    /// The display name, as in a message's `author`.
    Author {
        /// The display name.
        #[schemars(length(min = 1, max = 40))]
        name: String,
        /// What the author is. It is never taken on trust: a request that claims to be what its
        /// sender is not is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<AuthorKind>,
    },
}

impl AuthorClaim {
    /// The display name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Author { name, .. } => name,
        }
    }

    /// What the author is said to be, if that is said.
    #[must_use]
    pub const fn kind(&self) -> Option<AuthorKind> {
        match self {
            Self::Name(_) => None,
            Self::Author { kind, .. } => *kind,
        }
    }
}

/// The answer to a [`SayRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The message's id.
    pub id: MessageId,
    /// Its place in the room's log.
    pub offset: u64,
}

/// A request for a guest's session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRequest {
    /// The display name.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
}

/// A guest's session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Who one is.
    #[serde(flatten)]
    pub you: You,
    /// Proves it: `Authorization: Bearer TOKEN`. Shown once.
    pub token: String,
}

/// Who one is to the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct You {
    /// The author of one's messages.
    pub id: AuthorId,
    /// The display name.
    pub name: String,
    /// What one is.
    pub kind: AuthorKind,
    /// What one may do.
    pub scopes: Vec<Scope>,
}

/// A right.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read rooms.
    Read,
    /// Send messages.
    Say,
    /// Hand in stream contexts.
    Context,
    /// Remove messages and people.
    Moderate,
    /// Everything else.
    Admin,
}

/// A stretch of a room's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessagesPage {
    /// Which log the offsets count in.
    pub epoch: String,
    /// In order, without gaps.
    pub messages: Vec<Placed>,
    /// Whether nothing that followed `after` is missing before the first of these.
    pub complete: bool,
}

/// What moderation decided in a room other than to allow, and what moderators did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditPage {
    /// Newest first.
    pub verdicts: Vec<ModerationVerdict>,
    /// Newest first. `limit` is for both together: these are the newest of all.
    #[serde(default)]
    pub acts: Vec<ModeratorAct>,
}

/// A message with its place in the room's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// 1, 2, 3, ...
    pub offset: u64,
    /// The message.
    pub message: Arc<ChatMessage>,
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemDocument {
    /// Always `about:blank`: `code` says what it is.
    pub r#type: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable code, as in an error frame.
    pub code: String,
    /// What is wrong, and the way out.
    pub detail: String,
    /// Each wrong place in the request, if the request's body was wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<PointedError>,
}

/// One wrong place in a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PointedError {
    /// A JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

// === WebSocket ===

/// What the gateway sends: one object in each text frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame.
    Hello {
        /// Which log the offsets count in.
        epoch: String,
        /// The newest offset at this moment; what follows `after` up to it comes next, then what
        /// is new.
        offset: u64,
        /// False if some of what followed `after` is gone.
        recovered: bool,
        /// Who one is.
        you: You,
        /// The session's token, if the gateway has just made one for this connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// A message of the room.
    Message {
        /// Its place in the room's log.
        offset: u64,
        /// The message.
        message: Arc<ChatMessage>,
    },
    /// One's own message was accepted and is in the log.
    Ack {
        /// As in the `say`.
        nonce: String,
        /// The message's id.
        id: MessageId,
        /// Its place in the room's log.
        offset: u64,
    },
    /// A message is not to be shown any more.
    Remove {
        /// Which.
        id: MessageId,
        /// Why.
        reason: String,
    },
    /// All messages up to an offset are not to be shown any more, or those of one author.
    Clear {
        /// Whose; everybody's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<AuthorId>,
        /// The last of them.
        up_to: u64,
        /// Why.
        reason: String,
    },
    /// How everyone may chat from now on. After each hello none of it holds until this frame says so:
    /// it follows the hello if there is anything to say, and comes again on each change.
    Modes(Modes),
    /// One's own message waits for a moderator. An `ack` with its nonce comes if it was approved, an
    /// `error` with the code `denied` or `expired` if not.
    Waiting {
        /// As in the `say`.
        nonce: String,
        /// The message's id.
        id: MessageId,
    },
    /// What one's own command did; nobody else sees it.
    Notice {
        /// As in the `say`.
        nonce: String,
        /// For people; may have several lines.
        text: String,
    },
    /// For those with the scope `moderate`: a message waits. All that wait come after the hello.
    Held {
        /// As it would go out. It has no offset yet.
        message: Arc<ChatMessage>,
        /// Why it waits.
        verdict: Box<ModerationVerdict>,
    },
    /// For those with the scope `moderate`: a message waits no more.
    Decided {
        /// Which.
        id: MessageId,
        /// What became of it.
        decision: Decision,
        /// Who decided; `system:chatter` for what time did.
        by: Named,
    },
    /// What the chat as a whole does.
    Trends(ChatTrends),
    /// What happens on the stream, for those who asked for it when they connected: after the hello,
    /// and again on each change.
    Stream(StreamNow),
    /// Something that one sent was wrong, or could not be done.
    Error {
        /// A stable code, listed in `docs/protocols.md`.
        code: String,
        /// What is wrong, and the way out.
        detail: String,
        /// Where in the frame, as a JSON Pointer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// As in the frame that was wrong, if that could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
    },
}

/// What clients send: one object in each text frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Say something.
    Say {
        /// Comes back in the `ack` or `error`.
        #[schemars(length(min = 1, max = 64))]
        nonce: String,
        /// Chosen by the sender to make sending again safe.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// One line of text.
        #[schemars(length(min = 1, max = 500))]
        text: String,
        /// The message that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
    },
}
