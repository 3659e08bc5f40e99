//! How those are answered who may not speak now, and moderators whose orders are not carried out.

use super::{Kept, MOST_HELD_OF_ONE, Silenced};
use crate::problem::Problem;
use axum::http::{StatusCode, header};
use chatter_protocol::moderators::Named;
use std::time::Duration;

fn seconds(left: Duration) -> u64 {
    left.as_millis()
        .div_ceil(1000)
        .max(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

/// So many messages of an author wait for a moderator; one does no more after `left`.
pub(crate) fn too_many_wait(left: Duration) -> Problem {
    let detail = format!(
        "{MOST_HELD_OF_ONE} of your messages wait for a moderator: wait until one is decided about"
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_waiting", detail)
        .header(header::RETRY_AFTER, &seconds(left).to_string())
}

/// A time-out of somebody whom it would let speak when it is over.
pub(super) fn already_banned(Named { id, name }: &Named) -> Problem {
    let detail =
        format!("{name} is banned, which a time-out would end: end the ban first, by /unban {id}");
    Problem::new(StatusCode::CONFLICT, "already_banned", detail)
}

/// Something more than a list of the room holds.
pub(super) fn list_full(detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, "list_full", detail)
}

impl Silenced {
    /// The code of the refusal, and what a persona is told of its line.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::TimedOut(_) => "timed_out",
            Self::Banned => "banned",
        }
    }
}

impl From<Silenced> for Problem {
    fn from(silenced: Silenced) -> Self {
        let code = silenced.code();
        match silenced {
            Silenced::TimedOut(left) => {
                let left = seconds(left);
                let detail = format!("a moderator has timed you out: {left} s are left");
                Self::new(StatusCode::FORBIDDEN, code, detail)
                    .header(header::RETRY_AFTER, &left.to_string())
            }
            Silenced::Banned => Self::new(
                StatusCode::FORBIDDEN,
                code,
                "a moderator has banned you from this room",
            ),
        }
    }
}

impl Kept {
    /// The code of the refusal, and what a persona is told of its line.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Slow(_) => "slow_mode",
            Self::Known { .. } => "known_mode",
            Self::EmoteOnly => "emote_only",
            Self::Repeated => "repeated",
        }
    }
}

impl From<Kept> for Problem {
    fn from(kept: Kept) -> Self {
        let code = kept.code();
        match kept {
            Kept::Slow(left) => {
                let left = seconds(left);
                let detail = format!("the room is in slow mode: {left} s until your next message");
                Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
                    .header(header::RETRY_AFTER, &left.to_string())
            }
            Kept::Known { minutes } => {
                let detail = format!(
                    "only sessions that were made at least {minutes} min ago may speak here now"
                );
                Self::new(StatusCode::FORBIDDEN, code, detail)
            }
            Kept::EmoteOnly => {
                Self::unprocessable(code, "only emotes may be said here now, such as :hype:")
                    .at("/text")
            }
            Kept::Repeated => {
                Self::unprocessable(code, "that was said here a moment ago: say it otherwise")
                    .at("/text")
            }
        }
    }
}
