//! The commonest of many terms, in bounded memory.

use std::collections::HashMap;

/// So many terms are counted at a time.
const TERMS: usize = 128;

/// Space-Saving (Metwally, Agrawal and El Abbadi 2005): a term that finds no place takes that of the
/// rarest, with its count. A count is too high by no more than one part in [`TERMS`] of all that was
/// counted, and no term that is more frequent than that is missing. Counts of several such counters may
/// be added up (Agarwal et al. 2013, "Mergeable summaries").
#[derive(Debug, Default)]
pub(crate) struct Counter(HashMap<Box<str>, u32>);

impl Counter {
    pub(crate) fn add(&mut self, term: &str) {
        if let Some(count) = self.0.get_mut(term) {
            *count = count.saturating_add(1);
            return;
        }
        let mut before = 0;
        if self.0.len() == TERMS {
            let rarest = self
                .0
                .iter()
                .min_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)))
                .map(|(term, count)| (term.clone(), *count));
            if let Some((term, count)) = rarest {
                self.0.remove(&term);
                before = count;
            }
        }
        self.0.insert(term.into(), before.saturating_add(1));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(term, count)| (&**term, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frequent_is_kept_and_counted_well_enough() {
        let mut counter = Counter::default();
        let mut all = 0;
        for n in 0..20_000_u32 {
            counter.add(&format!("rare{n}"));
            all += 1;
            if n % 4 == 0 {
                counter.add("pog");
                all += 1;
            }
            if n % 20 == 0 {
                counter.add("gg");
                all += 1;
            }
        }
        assert_eq!(counter.0.len(), TERMS);
        let most_wrong = all / u32::try_from(TERMS).unwrap();
        for (term, exact) in [("pog", 5_000), ("gg", 1_000)] {
            let counted = counter.0[term];
            assert!(
                (exact..=exact + most_wrong).contains(&counted),
                "{term}: {counted}"
            );
        }
    }
}
