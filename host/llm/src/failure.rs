//! Why a provider gave no answer, in terms of what to do about it.

use chatter_protocol::llm::Error;
use std::{fmt, time::Duration};

/// Why a provider gave no answer. Texts are single short lines without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It works, and has too much to do; perhaps it said for how long, and something for people.
    Busy {
        after: Option<Duration>,
        said: String,
    },
    /// There was no place in the queue in time.
    Full,
    /// There is no connection to it: nothing was sent.
    NotConnected(String),
    /// It did not answer in time.
    TimedOut,
    /// It answers, but not as it should.
    Broken(String),
    /// It is left alone for a while, since it failed too often.
    Resting(String),
    /// It can't answer such a request.
    Refused(String),
    /// The model itself does not want to, or a filter of the vendor's. Nobody else is asked.
    Declined(String),
    /// Whoever asks has used up what it may.
    OverBudget,
}

impl Failure {
    /// As a label of metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Full => "queue_full",
            Self::NotConnected(_) => "not_connected",
            Self::TimedOut => "timeout",
            Self::Broken(_) => "broken",
            Self::Resting(_) => "resting",
            Self::Refused(_) => "refused",
            Self::Declined(_) => "declined",
            Self::OverBudget => "over_budget",
        }
    }

    /// Whether nothing can have been used up.
    pub(crate) const fn is_free(&self) -> bool {
        !matches!(self, Self::TimedOut | Self::Declined(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { said, .. } if said.is_empty() => f.write_str("it is overloaded"),
            Self::Busy { said, .. } => write!(f, "it is overloaded: {said}"),
            Self::Full => f.write_str("too many requests are waiting for it"),
            Self::TimedOut => f.write_str("it did not answer in time"),
            Self::NotConnected(why) | Self::Broken(why) | Self::Resting(why) => f.write_str(why),
            Self::Refused(why) => write!(f, "it refused the request: {why}"),
            Self::Declined(why) => write!(f, "the model declined: {why}"),
            Self::OverBudget => f.write_str("no budget is left"),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy { .. } | Failure::Full => Self::Busy,
            Failure::NotConnected(why) | Failure::Broken(why) | Failure::Resting(why) => {
                Self::Unavailable(why)
            }
            Failure::TimedOut => Self::Timeout,
            Failure::Refused(why) | Failure::Declined(why) => Self::Refused(why),
            Failure::OverBudget => Self::OverBudget,
        }
    }
}
