//! Whom it met.

use crate::phrases::fnv1a;
use persona_sdk::{ChatMessage, Latest};
use serde::{Deserialize, Serialize};

/// At most so many people are kept; whoever was away longest is forgotten first. What they told is
/// still in the memory.
const PEOPLE: usize = 48;

/// Whoever wrote nothing for so long was away: half an hour, in milliseconds.
const AWAY_MS: u64 = 30 * 60 * 1000;

/// The people it met, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct People(Vec<Person>);

/// Somebody it met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Person {
    /// The author's id.
    id: String,
    /// When they wrote last, in milliseconds since the Unix epoch.
    seen_at: u64,
    /// How many lines it heard of them.
    lines: u32,
    /// Hashes of what they told, so that it is remembered once.
    told: Latest<8>,
    /// The message with which they came back, until they were greeted.
    back: Option<String>,
}

impl People {
    /// Somebody wrote something.
    pub(crate) fn meet(&mut self, message: &ChatMessage) -> &mut Person {
        let mut person = match self
            .0
            .iter()
            .position(|person| person.id == message.author.id)
        {
            Some(known) => self.0.remove(known),
            None => Person {
                id: message.author.id.clone(),
                ..Person::default()
            },
        };
        if person.lines > 0 && message.sent_at.saturating_sub(person.seen_at) >= AWAY_MS {
            person.back = Some(message.id.clone());
        }
        person.lines = person.lines.saturating_add(1);
        person.seen_at = person.seen_at.max(message.sent_at);
        if self.0.len() >= PEOPLE {
            self.0.remove(0);
        }
        self.0.push(person);
        let latest = self.0.len() - 1;
        &mut self.0[latest]
    }

    /// Whether this is the message with which somebody came back who wasn't greeted yet.
    pub(crate) fn is_back(&self, message: &ChatMessage) -> bool {
        self.0.iter().any(|person| {
            person.id == message.author.id && person.back.as_ref() == Some(&message.id)
        })
    }

    /// Whether it had not heard of them before they began to write just now.
    pub(crate) fn is_new(&self, message: &ChatMessage) -> bool {
        self.0
            .iter()
            .find(|person| person.id == message.author.id)
            .is_none_or(|person| person.lines <= 1)
    }

    /// It spoke to them.
    pub(crate) fn greeted(&mut self, author_id: &str) {
        for person in self.0.iter_mut().filter(|person| person.id == author_id) {
            person.back = None;
        }
    }
}

impl Person {
    /// They told this. Whether it is new.
    pub(crate) fn learn(&mut self, fact: &str) -> bool {
        self.told.push(format!("{:x}", fnv1a(fact)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::message;

    fn at(minutes: u64) -> ChatMessage {
        let mut message = message("Ana", "hi");
        message.sent_at = minutes * 60_000;
        message
    }

    #[test]
    fn half_an_hour_is_away() {
        let mut people = People::default();
        people.meet(&at(1));
        let soon = at(20);
        people.meet(&soon);
        assert!(!people.is_back(&soon));
        let later = at(55);
        people.meet(&later);
        assert!(people.is_back(&later));
        people.greeted(&later.author.id);
        assert!(!people.is_back(&later));
    }

    #[test]
    fn whoever_was_away_longest_is_forgotten() {
        let mut people = People::default();
        for i in 0..PEOPLE {
            people.meet(&message(&format!("p{i}"), "hi"));
        }
        people.meet(&message("p0", "hi again"));
        people.meet(&message("new", "hi"));
        assert_eq!(people.0.len(), PEOPLE);
        assert!(!people.is_new(&message("p0", "x")), "was there just now");
        assert!(people.is_new(&message("p1", "x")), "was forgotten");
    }
}
