//! Telling a request of which a provider makes nothing from a provider that makes nothing of any: the model's name is
//! wrong, say, or it takes no temperature, or thinks until no tokens are left, or a filter of the vendor's stops all.
//!
//! Only operators are told. The provider is asked as before: whoever asks must not have a say in whether others may.

use crate::failure::Failure;
use chatter_http::{Extent, News, Watch};
use chatter_protocol::{TenantId, memory::Scope};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// So many requests in a row that came to nothing, with none answered between, are no matter of what was asked, if
/// more than one persona asked.
const OF_SEVERAL: u32 = 10;

/// So many if it was one alone: it may ask what nobody else does.
const OF_ONE: u32 = 3 * OF_SEVERAL;

/// Requests in a row that were refused, declined, or answered with nothing of use.
#[derive(Debug, Default)]
pub(super) struct Unusable {
    row: Mutex<Row>,
    watch: Watch,
}

#[derive(Debug, Default)]
struct Row {
    length: u32,
    /// Who asked first.
    first: Option<Scope>,
    /// Whether another persona asked as well.
    are_several: bool,
    /// Whether one of another tenant did.
    are_tenants: bool,
    /// What came of the latest.
    what: &'static str,
}

impl Unusable {
    /// Takes note of an answer to somebody; what operators are to be told, if that is news.
    pub(super) fn note<T>(
        &self,
        asker: &Scope,
        answer: &Result<T, Failure>,
        now: Instant,
    ) -> Option<News> {
        let row = &mut *self.row();
        let what = match answer {
            Err(Failure::Refused(_)) => "refuses what it is asked",
            Err(Failure::Empty { .. }) => "answers with nothing of use",
            Err(Failure::Declined { .. }) => "declines to answer",
            Ok(_) => {
                *row = Row::default();
                return self.watch.note(Extent::Nobody, true, now);
            }
            // Of the request nothing is learned: it never got there, or nothing came back.
            Err(_) => return None,
        };
        row.add(asker, what);
        self.watch.note(row.extent(), false, now)
    }

    /// What it does with all that this tenant asks, for operators; none if it does not.
    pub(super) fn trouble(&self, tenant: &TenantId) -> Option<&'static str> {
        let row = self.row();
        let is_told = match row.extent() {
            Extent::Nobody => false,
            Extent::Some => row.is_of(tenant),
            Extent::All => true,
        };
        is_told.then_some(row.what)
    }

    fn row(&self) -> MutexGuard<'_, Row> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    fn add(&mut self, asker: &Scope, what: &'static str) {
        let first = self.first.get_or_insert_with(|| asker.clone());
        self.are_several |= *first != *asker;
        self.are_tenants |= first.room.tenant() != asker.room.tenant();
        self.length = self.length.saturating_add(1);
        self.what = what;
    }

    fn is_of(&self, tenant: &TenantId) -> bool {
        let first = self.first.as_ref();
        first.is_some_and(|first| first.room.tenant() == *tenant)
    }

    /// Of whose requests it makes nothing.
    fn extent(&self) -> Extent {
        let bound = if self.are_several { OF_SEVERAL } else { OF_ONE };
        if self.length < bound {
            Extent::Nobody
        } else if self.are_tenants {
            Extent::All
        } else {
            Extent::Some
        }
    }
}

/// What an operator may look at.
pub(super) fn hint(failure: &Failure) -> &'static str {
    match failure {
        Failure::Empty { .. } => {
            "a model that thinks may leave no tokens for an answer: `reasoning = \"off\"` keeps it from that"
        }
        Failure::Declined { .. } => {
            "see whether the vendor's filter, or the model itself, objects to what the room is about, or to a persona's character"
        }
        _ => {
            "see whether the model's name is right, whether it wants no temperature (`sampling = false`), and whether it takes that `reasoning`"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::scripted::{broken, empty, scope};
    use std::time::Duration;

    fn refused() -> Result<(), Failure> {
        Err(Failure::Refused("400: no max_tokens".into()))
    }

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    /// The news of so many answers to these in turn.
    fn noted(
        unusable: &Unusable,
        who: &[(&str, &str)],
        answer: &Result<(), Failure>,
        times: u32,
    ) -> Vec<News> {
        let who = who.iter().cycle().take(times as usize);
        who.filter_map(|(room, persona)| {
            unusable.note(&scope(room, persona), answer, Instant::now())
        })
        .collect()
    }

    #[test]
    fn of_several_personas_fewer_say_it_than_of_one_and_only_their_tenant_hears_of_it() {
        let one: &[_] = &[("main/lobby", "nova")];
        let two: &[_] = &[("main/lobby", "nova"), ("main/studio", "nova")];
        let tenants: &[_] = &[("main/lobby", "nova"), ("acme/studio", "nova")];
        // Who asks, how many requests it takes, and of whose the provider makes nothing.
        for (who, bound, extent) in [
            (one, OF_ONE, Extent::Some),
            (two, OF_SEVERAL, Extent::Some),
            (tenants, OF_SEVERAL, Extent::All),
        ] {
            let unusable = Unusable::default();
            assert_eq!(noted(&unusable, who, &refused(), bound - 1), []);
            assert_eq!(unusable.trouble(&tenant("main")), None, "{who:?}");
            let news = noted(&unusable, who, &refused(), bound);
            assert_eq!(news, [News::Failed(extent)], "once: {who:?}");
            let told = ["main", "acme"].map(|name| unusable.trouble(&tenant(name)).is_some());
            assert_eq!(told, [true, extent == Extent::All], "{who:?}");
        }
    }

    #[test]
    fn a_good_answer_ends_the_row_and_what_says_nothing_of_the_request_does_not() {
        let two: &[_] = &[("main/lobby", "nova"), ("main/lobby", "mia")];
        let declined = Err(Failure::Declined {
            why: "no".into(),
            usage: None,
        });
        let unusable = Unusable::default();
        noted(&unusable, two, &refused(), OF_SEVERAL - 1);
        noted(&unusable, two, &Ok(()), 1);
        noted(&unusable, two, &refused(), OF_SEVERAL - 2);
        assert_eq!(noted(&unusable, two, &declined, 1), [], "nothing of use");
        assert_eq!(unusable.trouble(&tenant("main")), None);
        for other in [broken(), Failure::TimedOut, Failure::Unfit("no".into())] {
            assert_eq!(noted(&unusable, two, &Err(other), 1), []);
        }
        assert_eq!(
            noted(&unusable, two, &Err(empty(None)), 1),
            [News::Failed(Extent::Some)]
        );
        let told = unusable.trouble(&tenant("main"));
        assert_eq!(told, Some("answers with nothing of use"), "the latest");
        assert_eq!(noted(&unusable, two, &Ok(()), 1), []);
        assert_eq!(unusable.trouble(&tenant("main")), None, "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn that_it_is_over_is_told_after_some_good_answers() {
        let two: &[_] = &[("main/lobby", "nova"), ("main/lobby", "mia")];
        let unusable = Unusable::default();
        noted(&unusable, two, &refused(), OF_SEVERAL);
        tokio::time::advance(Duration::from_secs(7)).await;
        let news = noted(&unusable, two, &Ok(()), 9);
        assert_eq!(news, [News::Recovered(Duration::from_secs(7))]);
    }

    #[test]
    fn a_model_that_declines_all_is_told() {
        let two: &[_] = &[("main/lobby", "nova"), ("main/lobby", "mia")];
        let declined = Err(Failure::Declined {
            why: "SAFETY".into(),
            usage: None,
        });
        let unusable = Unusable::default();
        let news = noted(&unusable, two, &declined, 2 * OF_SEVERAL);
        assert_eq!(news, [News::Failed(Extent::Some)], "once");
        assert_eq!(
            unusable.trouble(&tenant("main")),
            Some("declines to answer")
        );
    }
}
