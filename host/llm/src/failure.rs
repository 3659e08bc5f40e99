//! Why a provider gave no answer, in terms of what to do about it.

use crate::budget::Usage;
use chatter_protocol::llm::Error;
use std::{fmt, time::Duration};

/// What a request used up that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    Nothing,
    /// As the server counted it.
    This(Usage),
    /// Nobody knows, so all that it may have been.
    Unknown,
}

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
    /// It wants to be left alone for longer than there is time. It was not asked.
    Paused,
    /// There is no connection to it, or to what it stands for: nobody has worked on the request.
    NotConnected(String),
    /// It did not answer in time.
    TimedOut,
    /// It fails, before any word of an answer.
    Broken(String),
    /// An answer came, and can't be read, or not to its end.
    Garbled(String),
    /// An answer came, and there is nothing in it that could be used. That hangs on what was asked: it says
    /// nothing of the provider.
    Empty { why: String, usage: Option<Usage> },
    /// It is left alone for a while, since it failed too often.
    Resting(String),
    /// It can't answer such a request.
    Refused(String),
    /// The model itself does not want to, or a filter of the vendor's. Nobody else is asked.
    Declined { why: String, usage: Option<Usage> },
    /// Whoever asks has used up what it may.
    OverBudget,
}

impl Failure {
    /// As a label of metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Full => "queue_full",
            Self::Paused => "paused",
            Self::NotConnected(_) => "not_connected",
            Self::TimedOut => "timeout",
            Self::Broken(_) => "broken",
            Self::Garbled(_) => "garbled",
            Self::Empty { .. } => "empty",
            Self::Resting(_) => "resting",
            Self::Refused(_) => "refused",
            Self::Declined { .. } => "declined",
            Self::OverBudget => "over_budget",
        }
    }

    /// What it used up all the same.
    pub(crate) const fn used(&self) -> Used {
        match self {
            Self::Empty { usage, .. } | Self::Declined { usage, .. } => match usage {
                Some(usage) => Used::This(*usage),
                None => Used::Unknown,
            },
            // The server may have written everything by the time one stopped listening.
            Self::TimedOut | Self::Garbled(_) => Used::Unknown,
            Self::Busy { .. }
            | Self::Full
            | Self::Paused
            | Self::NotConnected(_)
            | Self::Broken(_)
            | Self::Resting(_)
            | Self::Refused(_)
            | Self::OverBudget => Used::Nothing,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { said, .. } => write!(f, "it is overloaded: {said}"),
            Self::Paused => f.write_str("it is overloaded"),
            Self::Full => f.write_str("too many requests are waiting for it"),
            Self::TimedOut => f.write_str("it did not answer in time"),
            Self::NotConnected(why)
            | Self::Broken(why)
            | Self::Garbled(why)
            | Self::Empty { why, .. }
            | Self::Resting(why) => f.write_str(why),
            Self::Refused(why) => write!(f, "it refused the request: {why}"),
            Self::Declined { why, .. } => write!(f, "the model declined: {why}"),
            Self::OverBudget => f.write_str("no budget is left"),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy { .. } | Failure::Full | Failure::Paused => Self::Busy,
            Failure::NotConnected(why)
            | Failure::Broken(why)
            | Failure::Garbled(why)
            | Failure::Empty { why, .. }
            | Failure::Resting(why) => Self::Unavailable(why),
            Failure::TimedOut => Self::Timeout,
            Failure::Refused(why) | Failure::Declined { why, .. } => Self::Refused(why),
            Failure::OverBudget => Self::OverBudget,
        }
    }
}
