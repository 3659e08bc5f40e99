//! Who watches a room now: each author once, however many connections they have.

use chatter_protocol::{
    Author, AuthorId,
    room::{MAX_PEOPLE, Person},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The people in a room. Coming and going costs a look-up each, asking the latest [`MAX_PEOPLE`] as
/// many shared references, whatever the number of people is. Who may not be shown is there and not listed.
#[derive(Debug, Default)]
pub(crate) struct People(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    here: HashMap<AuthorId, Here>,
    /// Everybody who is here and may be shown, by when they came.
    order: BTreeMap<u64, Arc<Person>>,
    /// How often somebody came.
    arrivals: u64,
}

#[derive(Debug)]
struct Here {
    person: Arc<Person>,
    connections: usize,
    /// Their place in the order: that of their latest arrival.
    arrival: u64,
}

impl People {
    /// Notes one more connection of somebody, who is listed if they may be shown. That is asked under the lock: by
    /// rules that are replaced meanwhile they are [judged anew](Self::judge_anew).
    pub(crate) fn come(&self, author: &Author, may_be_shown: impl FnOnce(&Person) -> bool) {
        let person = Arc::new(Person::from(author));
        let mut inner = self.lock();
        let Inner {
            here,
            order,
            arrivals,
        } = &mut *inner;
        *arrivals += 1;
        if may_be_shown(&person) {
            order.insert(*arrivals, Arc::clone(&person));
        }
        let before = here.get(&author.id).map_or(0, |known| {
            order.remove(&known.arrival);
            known.connections
        });
        let known = Here {
            person,
            connections: before + 1,
            arrival: *arrivals,
        };
        here.insert(author.id.clone(), known);
    }

    /// Lists those who may be shown by other rules.
    pub(crate) fn judge_anew(&self, may_be_shown: impl Fn(&Person) -> bool) {
        let mut inner = self.lock();
        let Inner { here, order, .. } = &mut *inner;
        let shown = here.values().filter(|here| may_be_shown(&here.person));
        *order = shown
            .map(|here| (here.arrival, Arc::clone(&here.person)))
            .collect();
    }

    /// Notes that one of their connections has ended; with the last one they are gone.
    pub(crate) fn go(&self, author: &AuthorId) {
        let mut inner = self.lock();
        let Inner { here, order, .. } = &mut *inner;
        let Some(known) = here.get_mut(author) else {
            return;
        };
        known.connections -= 1;
        if known.connections == 0 {
            order.remove(&known.arrival);
            here.remove(author);
        }
    }

    /// Everybody who is here, listed or not, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Person>> {
        let inner = self.lock();
        inner
            .here
            .values()
            .map(|here| Arc::clone(&here.person))
            .collect()
    }

    /// Those who came last, the latest first.
    pub(crate) fn latest(&self) -> Vec<Arc<Person>> {
        self.latest_but(|_| false)
    }

    /// Those who came last but for some, the latest first.
    pub(crate) fn latest_but(&self, left_out: impl Fn(&AuthorId) -> bool) -> Vec<Arc<Person>> {
        let inner = self.lock();
        let latest = inner.order.values().rev();
        let listed = latest.filter(|person| !left_out(&person.id));
        listed.take(MAX_PEOPLE).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    fn names(people: &People) -> Vec<String> {
        let latest = people.latest();
        latest.iter().map(|person| person.name.clone()).collect()
    }

    fn come(people: &People, author: &Author) {
        people.come(author, |_| true);
    }

    /// A name of a guest may be another one each time.
    #[test]
    fn who_may_not_be_shown_is_not_listed() {
        let people = People::default();
        let polite = |person: &Person| person.name != "RUDE";
        for name in ["ana", "rude", "bo", "RUDE"] {
            people.come(&names::guest(name), polite);
        }
        assert_eq!(names(&people), ["bo", "ana"]);
        people.judge_anew(|_| true);
        assert_eq!(names(&people), ["RUDE", "bo", "ana"]);
        people.judge_anew(polite);
        assert_eq!(names(&people), ["bo", "ana"]);
        people.come(&names::guest("rude"), polite);
        assert_eq!(names(&people), ["rude", "bo", "ana"]);
        for _ in 0..3 {
            people.go(&names::guest("rude").id);
        }
        assert_eq!(names(&people), ["bo", "ana"]);
        let bo = names::guest("bo").id;
        let but = people.latest_but(|id| *id == bo);
        assert_eq!(but.len(), 1);
        assert_eq!(people.lock().here.len(), 2);
    }

    #[test]
    fn each_is_there_once_until_the_last_connection_ends() {
        let people = People::default();
        // Who comes (+) or goes (-), and who is there then.
        for (what, wanted) in [
            ("+ana", &["ana"][..]),
            ("+bo", &["bo", "ana"]),
            ("+ana", &["ana", "bo"]),
            ("-ana", &["ana", "bo"]),
            ("+cy", &["cy", "ana", "bo"]),
            ("-ana", &["cy", "bo"]),
            ("-ana", &["cy", "bo"]),
            ("-cy", &["bo"]),
            ("-bo", &[]),
            ("+ana", &["ana"]),
        ] {
            let author = names::guest(&what[1..]);
            match &what[..1] {
                "+" => come(&people, &author),
                _ => people.go(&author.id),
            }
            assert_eq!(names(&people), wanted, "{what}");
        }
    }

    /// Names that differ in letter case are the same guest.
    #[test]
    fn a_person_is_called_as_they_came_last() {
        let people = People::default();
        come(&people, &names::guest("ana"));
        come(&people, &names::guest("Ana"));
        assert_eq!(names(&people), ["Ana"]);
    }

    #[test]
    fn a_crowd_is_answered_with_its_latest() {
        let people = People::default();
        for n in 0..MAX_PEOPLE + 50 {
            come(&people, &names::guest(&n.to_string()));
        }
        let latest = names(&people);
        assert_eq!(latest.len(), MAX_PEOPLE);
        assert_eq!((latest[0].as_str(), latest[99].as_str()), ("149", "50"));
        assert_eq!(people.lock().here.len(), MAX_PEOPLE + 50);
    }
}
