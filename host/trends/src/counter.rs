//! The commonest of many terms, in bounded memory.

use std::collections::HashMap;

/// So many terms are counted at a time.
const TERMS: usize = 128;

/// Space-Saving (Metwally, Agrawal and El Abbadi 2005): a term that finds no place takes that of the
/// rarest, with its count. A count is too high by no more than one part in [`TERMS`] of all that was
/// counted, and no term that is more frequent than that is missing. Counts of several such counters may
/// be added up (Agarwal et al. 2013, "Mergeable summaries").
#[derive(Debug, Default)]
pub(crate) struct Counter(HashMap<Box<str>, Counted>);

#[derive(Clone, Copy, Debug)]
struct Counted {
    count: u32,
    /// How much of it may have been another term's.
    unsure: u32,
}

impl Counter {
    pub(crate) fn add(&mut self, term: &str) {
        if let Some(counted) = self.0.get_mut(term) {
            counted.count = counted.count.saturating_add(1);
            return;
        }
        let mut unsure = 0;
        if self.0.len() == TERMS {
            let rarest = self
                .0
                .iter()
                .min_by(|a, b| (a.1.count, a.0).cmp(&(b.1.count, b.0)))
                .map(|(term, counted)| (term.clone(), counted.count));
            if let Some((term, count)) = rarest {
                self.0.remove(&term);
                unsure = count;
            }
        }
        let count = unsure.saturating_add(1);
        self.0.insert(term.into(), Counted { count, unsure });
    }

    /// How often each was counted, or somewhat less often.
    pub(crate) fn at_most(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0
            .iter()
            .map(|(term, counted)| (&**term, counted.count))
    }

    /// How often each was counted, or somewhat more often.
    pub(crate) fn at_least(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0
            .iter()
            .map(|(term, counted)| (&**term, counted.count - counted.unsure))
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
            let Counted { count, unsure } = counter.0[term];
            assert!(
                (exact..=exact + most_wrong).contains(&count),
                "{term}: {count}"
            );
            assert!(count - unsure <= exact, "{term}: {count}, {unsure} unsure");
        }
        let rare = |(term, _): &(&str, u32)| term.starts_with("rare");
        assert!(counter.at_most().filter(rare).any(|(_, count)| count > 1));
        assert!(counter.at_least().filter(rare).all(|(_, count)| count == 1));
    }
}
