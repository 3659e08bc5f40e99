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

/// Why a provider gave no answer. Texts are single short lines without secrets, for operators: they may hold
/// addresses and what servers say. Whoever asked is told less ([`Error`]'s `From`).
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
    /// It, or one in between, said that it took too long.
    Late(String),
    /// It fails, before any word of an answer.
    Broken(String),
    /// An answer came, and can't be read, or not to its end.
    Garbled(String),
    /// An answer came, and there is nothing in it that could be used. That hangs on what was asked: it says
    /// nothing of the provider. In words that whoever asked may read.
    Empty { why: String, usage: Option<Usage> },
    /// It is left alone for a while, since it failed too often.
    Resting,
    /// Its server does not take such a request.
    Refused(String),
    /// The request is none that could be put to it. In words that whoever asked may read.
    Unfit(String),
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
            Self::TimedOut | Self::Late(_) => "timeout",
            Self::Broken(_) => "broken",
            Self::Garbled(_) => "garbled",
            Self::Empty { .. } => "empty",
            Self::Resting => "resting",
            Self::Refused(_) | Self::Unfit(_) => "refused",
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
            Self::TimedOut | Self::Late(_) | Self::Garbled(_) => Used::Unknown,
            Self::Busy { .. }
            | Self::Full
            | Self::Paused
            | Self::NotConnected(_)
            | Self::Broken(_)
            | Self::Resting
            | Self::Refused(_)
            | Self::Unfit(_)
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
            | Self::Late(why)
            | Self::Broken(why)
            | Self::Garbled(why)
            | Self::Unfit(why) => f.write_str(why),
            Self::Empty { why, .. } => write!(f, "it answered {why}"),
            Self::Resting => f.write_str(RESTING),
            Self::Refused(why) => write!(f, "it refused the request: {why}"),
            Self::Declined { why, .. } => write!(f, "the model declined: {why}"),
            Self::OverBudget => f.write_str("no budget is left"),
        }
    }
}

const RESTING: &str = "it failed too often a moment ago";

/// What whoever asked is told: a kind and a fixed text, no address and no server's words. A persona is a stranger's
/// program, and its author reads what its calls' records hold.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let unavailable = |why: &str| Self::Unavailable(why.to_owned());
        match failure {
            Failure::Busy { .. } | Failure::Full | Failure::Paused => Self::Busy,
            Failure::NotConnected(_) => unavailable("it can't be reached"),
            Failure::Broken(_) => unavailable("it answered with an error"),
            Failure::Garbled(_) => unavailable("its answer could not be read"),
            Failure::Resting => unavailable(RESTING),
            Failure::Empty { why, .. } => Self::Unavailable(format!("it answered {why}")),
            Failure::TimedOut | Failure::Late(_) => Self::Timeout,
            Failure::Refused(_) => Self::Refused("its server does not take it".into()),
            Failure::Unfit(why) => Self::Refused(why),
            Failure::Declined { .. } => Self::Refused("the model declines to answer it".into()),
            Failure::OverBudget => Self::OverBudget,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asked_learns_no_address_and_no_word_of_a_servers() {
        let inner = || "http://10.0.0.3:8000/v1 answered 500: CUDA error in worker-7".to_owned();
        let failures = [
            Failure::Busy {
                after: None,
                said: inner(),
            },
            Failure::NotConnected(inner()),
            Failure::Late(inner()),
            Failure::Broken(inner()),
            Failure::Garbled(inner()),
            Failure::Refused(inner()),
            Failure::Declined {
                why: inner(),
                usage: None,
            },
        ];
        for failure in failures {
            let (operator, guest) = (failure.to_string(), Error::from(failure).to_string());
            assert!(operator.contains("worker-7"), "{operator}");
            assert!(
                !guest.contains("10.0.0.3") && !guest.contains("CUDA"),
                "{guest}"
            );
        }
    }
}
