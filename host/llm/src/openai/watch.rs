//! What the operator hears of a server: that it stopped answering, and that it is back. Once each,
//! however many personas ask meanwhile.

use chatter_protocol::llm::Error;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the server answered last time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    failing: AtomicBool,
}

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It answered before, and does not now.
    Failed,
    /// It did not, and does now.
    Recovered,
}

impl Watch {
    /// Takes note of an answer.
    pub(super) fn note<T>(&self, answer: &Result<T, Error>) -> Option<Change> {
        match answer {
            Ok(_) => self
                .failing
                .swap(false, Ordering::Relaxed)
                .then_some(Change::Recovered),
            // A busy server is one that works.
            Err(Error::Busy | Error::OverBudget) => None,
            Err(_) => (!self.failing.swap(true, Ordering::Relaxed)).then_some(Change::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once() {
        let watch = Watch::default();
        let down = || Err(Error::Unavailable("refused".into()));
        let answers: [(Result<(), Error>, Option<Change>); 8] = [
            (Ok(()), None),
            (down(), Some(Change::Failed)),
            (Err(Error::Timeout), None),
            (Err(Error::Busy), None),
            (Ok(()), Some(Change::Recovered)),
            (Ok(()), None),
            (Err(Error::Busy), None),
            (
                Err(Error::Refused("no such model".into())),
                Some(Change::Failed),
            ),
        ];
        for (n, (answer, change)) in answers.iter().enumerate() {
            assert_eq!(watch.note(answer), *change, "answer {n}");
        }
    }
}
