//! What the operator hears of a server: that it stopped answering, and that it is back. Once each, however many ask
//! meanwhile, and however often one asks for whom alone it fails.

use super::Extent;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// So many good answers in a row end an outage: a server that answers now and then is not back.
const BACK: u32 = 3;

/// What the operator was told.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    extent: Extent,
    since: Option<Instant>,
    /// Good answers in a row.
    good: u32,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It answered before, and does not now: one of those who ask, or all.
    Failed(Extent),
    /// So long after that it does.
    Recovered(Duration),
}

impl Watch {
    /// Whether it does not answer anybody: so it was told, and no answer has been good since the latest bad one.
    pub fn fails_all(&self) -> bool {
        let told = self.state();
        told.extent == Extent::All && told.good == 0
    }

    /// Takes note of an answer, and of for whom it fails now.
    pub fn note(&self, extent: Extent, is_good: bool, now: Instant) -> Option<News> {
        let told = &mut *self.state();
        if !is_good {
            told.good = 0;
            if extent <= told.extent {
                return None;
            }
            told.extent = extent;
            told.since.get_or_insert(now);
            return Some(News::Failed(extent));
        }
        told.good = told.good.saturating_add(1);
        if extent >= told.extent || told.good < BACK {
            return None;
        }
        told.extent = extent;
        if extent != Extent::Nobody {
            return None;
        }
        let since = told.since.take().unwrap_or(now);
        Some(News::Recovered(now.duration_since(since)))
    }

    fn state(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Extent::{All, Nobody, Some as One};

    #[test]
    fn a_change_is_told_once() {
        let (watch, start) = (Watch::default(), Instant::now());
        let back = |seconds| Some(News::Recovered(Duration::from_secs(seconds)));
        // A second each.
        let answers = [
            (Nobody, true, None),
            (Nobody, false, None),
            (One, false, Some(News::Failed(One))),
            (One, true, None),
            // The probes of one for whom it goes on to fail.
            (One, false, None),
            (One, true, None),
            (One, true, None),
            (One, true, None),
            (One, false, None),
            (All, false, Some(News::Failed(All))),
            (All, false, None),
            (One, true, None),
            (One, true, None),
            // For one it fails still.
            (One, true, None),
            (One, true, None),
            (All, false, Some(News::Failed(All))),
            (Nobody, true, None),
            (Nobody, true, None),
            // It answers now and then.
            (Nobody, false, None),
            (Nobody, true, None),
            (Nobody, true, None),
            (Nobody, true, back(19)),
            (Nobody, true, None),
            (All, false, Some(News::Failed(All))),
            (Nobody, true, None),
            (Nobody, true, None),
            (Nobody, true, back(3)),
        ];
        for (n, (extent, is_good, news)) in (0..).zip(answers) {
            let now = start + Duration::from_secs(n);
            assert_eq!(watch.note(extent, is_good, now), news, "answer {n}");
        }
    }

    #[test]
    fn whether_it_fails_all_is_up_to_the_latest_answer_until_it_is_back() {
        let watch = Watch::default();
        let now = Instant::now();
        assert!(!watch.fails_all());
        let answers = [
            (One, false, false),
            (All, false, true),
            (Nobody, true, false),
            // It answers now and then.
            (Nobody, false, true),
            (Nobody, true, false),
            (Nobody, true, false),
            (Nobody, true, false),
            (Nobody, false, false),
        ];
        for (n, (extent, is_good, fails_all)) in answers.into_iter().enumerate() {
            watch.note(extent, is_good, now);
            assert_eq!(watch.fails_all(), fails_all, "answer {n}");
        }
    }
}
