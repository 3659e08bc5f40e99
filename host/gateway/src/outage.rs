//! What fails again and again is told once.

use std::fmt::Display;

/// Whether something that is tried again and again fails at the moment.
#[derive(Debug, Default)]
pub(crate) struct Outage(bool);

impl Outage {
    /// It failed: `tell` says so to operators, unless it did so before.
    pub(crate) fn failed(&mut self, error: &dyn Display, tell: impl FnOnce()) {
        if std::mem::replace(&mut self.0, true) {
            tracing::debug!(%error, "it still fails");
        } else {
            tell();
        }
    }

    /// It worked.
    pub(crate) fn over(&mut self) {
        self.0 = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outage_is_told_once() {
        let (mut outage, mut told) = (Outage::default(), 0);
        for works in [false, false, true, true, false, false] {
            if works {
                outage.over();
            } else {
                outage.failed(&"no", || told += 1);
            }
        }
        assert_eq!(told, 2);
    }
}
