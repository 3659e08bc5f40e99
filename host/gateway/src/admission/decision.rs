//! What goes into admission and what comes out of it.

use crate::problem::Problem;
use axum::http::StatusCode;
use chatter_protocol::{Author, MessageId};
use tokio::sync::oneshot;

/// A message before it has its time and place.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: MessageId,
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
}

/// A person's message on its way to the room.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) draft: Draft,
    pub(crate) reply: Option<oneshot::Sender<Decision>>,
}

pub(crate) type Decision = Result<Accepted, Refusal>;

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
