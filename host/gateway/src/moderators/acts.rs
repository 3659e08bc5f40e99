//! What was done lately, as it lies on the desk for all gateways to tell.

use super::refusal;
use crate::{crowd::Settled, frames, ws::Frame};
use chatter_protocol::{
    AuthorId, MessageId, Timestamp,
    frames::ServerFrame,
    moderators::{Decision, Named},
};
use chatter_store::Shelf;
use serde::{Deserialize, Serialize};

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActNote {
    pub(crate) at: Timestamp,
    /// Where the log stood then.
    pub(crate) head: u64,
    #[serde(flatten)]
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum What {
    Removed {
        id: MessageId,
        reason: String,
    },
    Cleared {
        author: Option<AuthorId>,
        up_to: u64,
        reason: String,
    },
    /// A message waits no more.
    Settled {
        id: MessageId,
        decision: Decision,
        by: Named,
        offset: Option<u64>,
        reason: String,
    },
}

/// The key of the removal of a message: there is one.
pub(super) fn removed_key(id: MessageId) -> String {
    format!("removed-{id}")
}

/// The key of what became of a message that waited: there is one.
pub(crate) fn settled_key(id: MessageId) -> String {
    format!("settled-{id}")
}

impl ActNote {
    /// Where it lies: what is taken back is not pushed out by what became of messages that waited.
    pub(super) const fn shelf(&self) -> Shelf {
        match self.what {
            What::Removed { .. } | What::Cleared { .. } => Shelf::Acts,
            What::Settled { .. } => Shelf::Settled,
        }
    }

    /// Whether a message is not to be shown any more because of it.
    pub(super) fn covers(&self, offset: u64, id: MessageId, author: &AuthorId) -> bool {
        match &self.what {
            What::Removed { id: removed, .. } => *removed == id,
            What::Cleared {
                author: whose,
                up_to,
                ..
            } => offset <= *up_to && whose.as_ref().is_none_or(|whose| whose == author),
            What::Settled { .. } => false,
        }
    }

    /// Whether all that somebody had said is not to be shown any more because of it.
    pub(super) fn clears(&self, author: &AuthorId) -> bool {
        let What::Cleared { author: whose, .. } = &self.what else {
            return false;
        };
        whose.as_ref().is_none_or(|whose| whose == author)
    }

    /// The message that is not to be said any more because of it: a gateway that has yet to hear of it must not say it either.
    pub(super) const fn keeps_back(&self) -> Option<MessageId> {
        match self.what {
            What::Settled {
                decision: Decision::Approved,
                ..
            }
            | What::Removed { .. }
            | What::Cleared { .. } => None,
            What::Settled { id, .. } => Some(id),
        }
    }

    pub(super) const fn takes_back(&self) -> bool {
        !matches!(self.what, What::Settled { .. })
    }

    /// What viewers are told of it, or moderators.
    pub(super) fn frame(&self) -> Frame {
        let frame = match self.what.clone() {
            What::Removed { id, reason } => ServerFrame::Remove { id, reason },
            What::Cleared {
                author,
                up_to,
                reason,
            } => ServerFrame::Clear {
                author,
                up_to,
                reason,
            },
            What::Settled {
                id, decision, by, ..
            } => ServerFrame::Decided { id, decision, by },
        };
        frames::encode(&frame)
    }

    /// What the author of a message is told that waited.
    pub(super) fn settled(&self) -> Option<(MessageId, Settled)> {
        let What::Settled {
            id,
            decision,
            offset,
            reason,
            ..
        } = &self.what
        else {
            return None;
        };
        let settled = match (decision, offset) {
            (Decision::Approved, Some(offset)) => Settled::Approved(*offset),
            _ => {
                let (code, detail) = refusal(*decision, reason);
                Settled::Refused(code, detail)
            }
        };
        Some((*id, settled))
    }
}
