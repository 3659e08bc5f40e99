//! Telling a text that a server does not take from a server that takes none.

use crate::failure::Failure;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many requests with a single text that are refused, and none answered meanwhile, are no longer the texts' fault: the
/// model's name is wrong, say.
const PATIENCE: u32 = 10;

/// How many single texts were refused since something was answered.
#[derive(Debug, Default)]
pub(super) struct Refusals(AtomicU32);

impl Refusals {
    /// What an answer about so many texts comes to: a server that refuses whatever it is asked is broken.
    pub(super) fn weigh<T>(&self, texts: usize, answer: Result<T, Failure>) -> Result<T, Failure> {
        match answer {
            Ok(_) => self.0.store(0, Ordering::Relaxed),
            Err(Failure::Refused(why)) if texts == 1 => {
                let before = self.0.fetch_add(1, Ordering::Relaxed);
                return Err(if before.saturating_add(1) < PATIENCE {
                    Failure::Refused(why)
                } else {
                    Failure::Broken(format!(
                        "it refuses one text after another, the last with {why}"
                    ))
                });
            }
            Err(_) => {}
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_texts_that_are_refused_in_a_row_are_the_servers_fault() {
        let refused = || Err(Failure::Refused("400".into()));
        // What comes in between, of so many texts, and whether the tenth refusal of a single text is the server's fault.
        type Between = (usize, fn() -> Result<(), Failure>, bool);
        let cases: [Between; 4] = [
            (1, || Err(Failure::TimedOut), true),
            (2, || Err(Failure::Refused("400".into())), true),
            (1, || Ok(()), false),
            (2, || Ok(()), false),
        ];
        for (case, (texts, between, is_broken)) in cases.into_iter().enumerate() {
            let refusals = Refusals::default();
            let is_refused = |weighed| matches!(weighed, Err::<(), _>(Failure::Refused(_)));
            for _ in 1..PATIENCE {
                assert!(is_refused(refusals.weigh(1, refused())), "case {case}");
            }
            let weighed = refusals.weigh(texts, between());
            assert_eq!(weighed.is_ok(), !is_broken, "case {case}");
            let last = refusals.weigh(1, refused());
            assert_eq!(
                matches!(last, Err(Failure::Broken(_))),
                is_broken,
                "case {case}"
            );
        }
    }
}
