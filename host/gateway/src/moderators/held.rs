//! Messages that wait for a moderator.

mod deciding;
mod holding;
mod overdue;

pub(super) use deciding::{decide, deny_cleared};
pub(crate) use holding::{Holding, kept_back};
pub(crate) use overdue::run;

use crate::{frames, ws::Frame};
use chatter_protocol::{
    Timestamp,
    frames::ServerFrame,
    moderators::{Decision, Held, Named},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message that waits, as it lies on the desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeldNote {
    #[serde(flatten)]
    pub(crate) held: Held,
    /// What is being done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decided: Option<Decided>,
    /// Its text there, with which a change is compared: another version of this program may have written it.
    #[serde(skip)]
    text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Decided {
    decision: Decision,
    by: Named,
    reason: String,
    at: Timestamp,
}

impl HeldNote {
    pub(super) fn read(text: String) -> serde_json::Result<Self> {
        let note: Self = serde_json::from_str(&text)?;
        Ok(Self { text, ..note })
    }

    pub(super) fn frame(&self) -> Frame {
        frames::encode(&ServerFrame::Held {
            message: Arc::clone(&self.held.message),
            verdict: Box::new(self.held.verdict.clone()),
        })
    }
}
