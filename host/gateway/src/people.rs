//! Who watches a room now: each author once, however many connections they have.

use chatter_protocol::{
    Author, AuthorId,
    room::{MAX_PEOPLE, Person},
};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The people in a room. Coming and going costs a look-up each, asking the latest [`MAX_PEOPLE`] as
/// many shared references, whatever the number of people is.
#[derive(Debug, Default)]
pub(crate) struct People(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    here: HashMap<AuthorId, Here>,
    /// Everybody who is here, by when they came.
    order: BTreeMap<u64, Arc<Person>>,
    /// How often somebody came.
    arrivals: u64,
}

#[derive(Debug)]
struct Here {
    connections: usize,
    /// Their place in the order: that of their latest arrival.
    arrival: u64,
}

impl People {
    /// Notes one more connection of somebody.
    pub(crate) fn come(&self, author: &Author) {
        let person = Arc::new(Person::from(author));
        let mut inner = self.lock();
        let Inner {
            here,
            order,
            arrivals,
        } = &mut *inner;
        *arrivals += 1;
        order.insert(*arrivals, person);
        match here.entry(author.id.clone()) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.connections += 1;
                order.remove(&known.arrival);
                known.arrival = *arrivals;
            }
            Entry::Vacant(new) => {
                new.insert(Here {
                    connections: 1,
                    arrival: *arrivals,
                });
            }
        }
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

    /// Those who came last, the latest first.
    pub(crate) fn latest(&self) -> Vec<Arc<Person>> {
        let inner = self.lock();
        let latest = inner.order.values().rev().take(MAX_PEOPLE);
        latest.cloned().collect()
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
                "+" => people.come(&author),
                _ => people.go(&author.id),
            }
            assert_eq!(names(&people), wanted, "{what}");
        }
    }

    /// Names that differ in letter case are the same guest.
    #[test]
    fn a_person_is_called_as_they_came_last() {
        let people = People::default();
        people.come(&names::guest("ana"));
        people.come(&names::guest("Ana"));
        assert_eq!(names(&people), ["Ana"]);
    }

    #[test]
    fn a_crowd_is_answered_with_its_latest() {
        let people = People::default();
        for n in 0..MAX_PEOPLE + 50 {
            people.come(&names::guest(&n.to_string()));
        }
        let latest = names(&people);
        assert_eq!(latest.len(), MAX_PEOPLE);
        assert_eq!((latest[0].as_str(), latest[99].as_str()), ("149", "50"));
        assert_eq!(people.lock().here.len(), MAX_PEOPLE + 50);
    }
}
