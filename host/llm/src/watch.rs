//! What the operator hears of a provider: that it stopped answering, and that it is back. Once each,
//! however many personas ask meanwhile.

use std::sync::{Mutex, PoisonError};

/// So many good answers in a row end an outage: a server that answers now and then is not back.
const BACK: u32 = 3;

/// Whether the provider answers.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    failing: bool,
    good: u32,
}

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It answered before, and does not now.
    Failed,
    /// It did not, and does now.
    Recovered,
}

impl Watch {
    /// Whether it did not answer when it was asked last, nor often enough since.
    pub(crate) fn is_failing(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .failing
    }

    /// Takes note of how a request ended.
    pub(crate) fn note(&self, is_good: bool) -> Option<Change> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_good {
            seen.good = 0;
            return (!std::mem::replace(&mut seen.failing, true)).then_some(Change::Failed);
        }
        seen.good += 1;
        if !seen.failing || seen.good < BACK {
            return None;
        }
        seen.failing = false;
        Some(Change::Recovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once() {
        let watch = Watch::default();
        let answers = [
            (true, None),
            (false, Some(Change::Failed)),
            (false, None),
            (true, None),
            (true, None),
            (false, None),
            (true, None),
            (true, None),
            (true, Some(Change::Recovered)),
            (true, None),
            (false, Some(Change::Failed)),
        ];
        for (n, (is_good, change)) in answers.iter().enumerate() {
            assert_eq!(watch.note(*is_good), *change, "answer {n}");
        }
    }
}
