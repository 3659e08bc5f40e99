//! What a call asked, and was answered: as much of it as its record needs to give every answer again.

use chatter_protocol::{call::ImportRecord, llm::Budget};
use std::sync::{Arc, Mutex, PoisonError};

/// How many questions that cost a guest nothing are kept, since it may ask for ever.
const FREE: u32 = 64;

/// How often what is left of the budget may change in a call. Afterwards it is told as it was told last: what may be
/// asked is decided when it is asked.
const CHANGES: u32 = 64;

/// Shared with who asked for the call, which may end before the instance does.
pub(crate) type SharedImports = Arc<Mutex<Imports>>;

/// The questions so far.
#[derive(Default)]
pub(crate) struct Imports {
    records: Vec<ImportRecord>,
    free: u32,
    changes: u32,
    /// Where the record stands of what was told last of the budget.
    told: usize,
}

/// The records, of which there are no more then.
pub(crate) fn take(imports: &SharedImports) -> Vec<ImportRecord> {
    let mut imports = imports.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *imports).records
}

impl Imports {
    /// Adds a question that is `free` or not. If it is, only the first are kept: the others are to be answered by
    /// rules that a replay knows without them.
    pub(crate) fn push(&mut self, import: ImportRecord, free: bool) {
        if free {
            if self.is_full() {
                return;
            }
            self.free += 1;
        }
        self.records.push(import);
    }

    /// Whether no more questions are kept that cost nothing.
    pub(crate) fn is_full(&self) -> bool {
        self.free == FREE
    }

    /// Adds what is left of the budget, and gives what is to be told of it.
    pub(crate) fn remaining(&mut self, left: Budget) -> Budget {
        let is_latest = self.told + 1 == self.records.len();
        let is_last_change = self.changes == CHANGES;
        if let Some(ImportRecord::Remaining { answer, count }) = self.records.get_mut(self.told)
            && (is_last_change || is_latest && *answer == left)
        {
            *count = count.saturating_add(1);
            return *answer;
        }
        self.changes += 1;
        self.told = self.records.len();
        self.records.push(ImportRecord::Remaining {
            answer: left,
            count: 1,
        });
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::llm;

    fn left(calls: u32) -> Budget {
        Budget { calls, tokens: 9 }
    }

    fn refused() -> ImportRecord {
        ImportRecord::Complete {
            request: llm::Request {
                messages: Vec::new(),
                max_tokens: 1,
                temperature: 1.0,
                json_schema: None,
            },
            asked: false,
            question: String::new(),
            answer: Err(llm::Error::OverBudget),
            took_us: 0,
        }
    }

    /// The calls left and how often, or none where another record stands.
    fn kept(imports: &Imports) -> Vec<Option<(u32, u32)>> {
        let one = |record: &ImportRecord| match record {
            ImportRecord::Remaining { answer, count } => Some((answer.calls, *count)),
            _ => None,
        };
        imports.records.iter().map(one).collect()
    }

    #[test]
    fn equal_neighbours_are_one_record() {
        let mut imports = Imports::default();
        for calls in [4, 4, 3, 3, 3] {
            assert_eq!(imports.remaining(left(calls)), left(calls));
        }
        imports.push(refused(), true);
        for calls in [3, 4, 4] {
            imports.remaining(left(calls));
        }
        let expected = [Some((4, 2)), Some((3, 3)), None, Some((3, 1)), Some((4, 2))];
        assert_eq!(kept(&imports), expected);
    }

    #[test]
    fn whatever_is_told_is_kept_however_often_it_changes() {
        let mut imports = Imports::default();
        let mut told = Vec::new();
        for n in 0..1000 {
            told.push(imports.remaining(left(n)).calls);
            imports.push(refused(), n % 2 == 0);
        }
        let kept = kept(&imports).into_iter().flatten();
        let expanded: Vec<_> = kept
            .flat_map(|(calls, count)| (0..count).map(move |_| calls))
            .collect();
        assert_eq!(expanded, told);
        assert_eq!(imports.changes, CHANGES);
    }

    #[test]
    fn of_what_costs_nothing_the_first_are_kept() {
        let imports = SharedImports::default();
        let count = |records: &[ImportRecord]| records.len() as u32;
        {
            let imports = &mut *imports.lock().unwrap();
            for n in 0..FREE + 10 {
                assert_eq!(imports.is_full(), n >= FREE, "{n}");
                imports.push(refused(), true);
            }
            imports.push(refused(), false);
        }
        assert_eq!(count(&take(&imports)), FREE + 1);
        assert_eq!(count(&take(&imports)), 0);
    }
}
