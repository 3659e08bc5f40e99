//! What goes into admission and what comes out of it.

use crate::{
    moderators::{self, Kept, Silenced},
    problem::Problem,
};
use axum::http::StatusCode;
use chatter_protocol::{Author, ChatMessage, MessageId, Timestamp};
use std::time::Duration;
use tokio::sync::oneshot;

/// A message before it has its time and place.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: MessageId,
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) standing: Standing,
}

/// What is proven of who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Nobody,
    /// A session that was made then.
    Session(Timestamp),
    /// The operator, who speaks as such.
    Operator,
}

/// What is put before the room.
#[derive(Debug)]
pub(crate) enum What {
    Said(Draft),
    /// It waited, and a moderator has let it out.
    Approved(Box<ChatMessage>),
}

/// A person's message on its way to the room.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) what: What,
    pub(crate) reply: Option<oneshot::Sender<Decision>>,
}

pub(crate) type Decision = Result<Admitted, Refusal>;

/// What became of a message that was not refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Admitted {
    InLog(Accepted),
    /// It waits for a moderator.
    Waits(MessageId),
}

/// A message that is in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    pub(crate) id: MessageId,
    pub(crate) offset: u64,
    /// False if it was there before.
    pub(crate) new: bool,
}

/// Why a message is not in the log, or not known to be.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    Moderated {
        rule: String,
        reason: String,
        pointer: &'static str,
    },
    IdTaken,
    Silenced(Silenced),
    Kept(Kept),
    /// So many messages of its author wait for a moderator; one does no more after so long.
    TooManyWait(Duration),
    /// A moderator took back what its author said, while it was on its way.
    Cleared,
    /// So many messages of its author are on their way that no more may be; after so long there may.
    Waiting(Duration),
    Busy,
    Unavailable,
    Timeout,
    Closing,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Moderated {
                rule,
                reason,
                pointer,
            } => Self::unprocessable(rule, reason).at(pointer),
            Refusal::IdTaken => Self::new(
                StatusCode::CONFLICT,
                "id_taken",
                "the id belongs to another message: choose another",
            )
            .at("/id"),
            Refusal::Silenced(silenced) => silenced.into(),
            Refusal::Kept(kept) => kept.into(),
            Refusal::TooManyWait(left) => moderators::too_many_wait(left),
            Refusal::Cleared => Self::new(
                StatusCode::CONFLICT,
                "cleared",
                "a moderator has cleared the chat while the message was on its way",
            ),
            Refusal::Waiting(wait) => Self::rate_limited(
                "several of your messages are still being looked at: wait for what becomes of them",
                wait,
            ),
            Refusal::Busy => Self::unavailable(
                "busy",
                "too many messages wait in this room: try again in a second",
            ),
            Refusal::Unavailable => Self::unavailable(
                "store_unavailable",
                "the message could not be kept: try again later with the same id",
            ),
            Refusal::Timeout => Self::unavailable(
                "timeout",
                "it took too long, and the message may be in the room or not: send it again with the same id",
            ),
            Refusal::Closing => Self::unavailable(
                "not_ready",
                "the program is ending: send the message again later with the same id",
            ),
        }
    }
}
