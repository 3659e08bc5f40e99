//! Telling a text that a server does not take from a server that takes none.

use std::sync::atomic::{AtomicU32, Ordering};

/// After so many single texts that were refused, with nothing answered meanwhile, the model's name may be wrong, say. What
/// people write must not decide that: the server is asked about [`HARMLESS`].
const DOUBT: u32 = 10;

/// What a server takes that takes anything.
pub(super) const HARMLESS: &str = "hello";

/// How many single texts were refused since something was answered.
#[derive(Debug, Default)]
pub(super) struct Refusals(AtomicU32);

impl Refusals {
    /// So many texts were refused. Whether that may be the server's fault.
    pub(super) fn refused(&self, texts: usize) -> bool {
        let before = if texts == 1 {
            self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1)
        } else {
            self.0.load(Ordering::Relaxed)
        };
        before >= DOUBT
    }

    /// Something was answered.
    pub(super) fn answered(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_texts_that_are_refused_in_a_row_put_the_server_in_doubt() {
        let refusals = Refusals::default();
        for _ in 0..2 {
            for n in 1..DOUBT {
                assert!(!refusals.refused(1), "{n}");
                assert!(!refusals.refused(2), "several texts say nothing: {n}");
            }
            assert!(refusals.refused(1));
            assert!(refusals.refused(2), "in doubt, any refusal counts");
            refusals.answered();
        }
    }
}
