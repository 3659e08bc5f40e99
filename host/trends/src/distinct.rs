//! How many different ones there were, in bounded memory.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// So many hashes are kept; up to as many it is exact, beyond that within some 3 %.
const KEPT: usize = 1_024;

/// The smallest hashes of all that were added (Bar-Yossef et al. 2002): where they lie as if spread
/// evenly, how far the last of them reaches tells how many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distinct(BTreeSet<u64>);

impl Distinct {
    pub(crate) fn add(&mut self, what: &impl Hash) {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.put(hasher.finish());
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        for &hash in &other.0 {
            self.put(hash);
        }
    }

    fn put(&mut self, hash: u64) {
        if self.0.len() == KEPT && self.0.last().is_some_and(|&last| hash >= last) {
            return;
        }
        self.0.insert(hash);
        if self.0.len() > KEPT {
            self.0.pop_last();
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, of something far below 2^32"
    )]
    pub(crate) fn count(&self) -> u32 {
        match self.0.last() {
            Some(&last) if self.0.len() == KEPT => {
                let share = last as f64 / u64::MAX as f64;
                ((KEPT - 1) as f64 / share) as u32
            }
            _ => self.0.len() as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_exactly_and_many_about() {
        for (many, margin) in [(0, 0), (1, 0), (900, 0), (50_000, 5_000)] {
            let (mut one, mut two) = (Distinct::default(), Distinct::default());
            for n in 0..many {
                one.add(&n);
                two.add(&(n / 2));
            }
            one.add_all(&two);
            let counted = one.count();
            assert!(counted.abs_diff(many) <= margin, "{counted} of {many}");
            assert!(one.0.len() <= KEPT);
        }
    }
}
