//! How a source does, for operators.

use std::fmt;
use tokio::sync::watch;

/// How a source does. [`Display`](fmt::Display) says it in words, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is being opened.
    Starting,
    /// It plays.
    Playing {
        /// There is no sound in it: what is told is silence.
        silent: bool,
    },
    /// It is open, and nothing comes.
    Stalled,
    /// It is not open, and will be opened (again).
    Waiting {
        /// What is waited for, or what went wrong.
        why: String,
    },
    /// It was finite, and is over.
    Ended {
        /// What was not as it should be, if anything was.
        note: Option<String>,
    },
    /// It can't be played, and the feed does not try any more.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Playing { silent: false } => f.write_str("playing"),
            Self::Playing { silent: true } => f.write_str("playing; there is no sound in it"),
            Self::Stalled => f.write_str("stalled: nothing comes"),
            Self::Waiting { why } => write!(f, "waiting: {why}"),
            Self::Ended { note: None } => f.write_str("ended"),
            Self::Ended { note: Some(note) } => write!(f, "ended: {note}"),
            Self::Failed { why } => write!(f, "failed: {why}"),
        }
    }
}

/// Tells a condition once per change.
pub(crate) fn tell(teller: &watch::Sender<Condition>, condition: Condition) -> bool {
    teller.send_if_modified(|now| {
        let changed = *now != condition;
        *now = condition;
        changed
    })
}
