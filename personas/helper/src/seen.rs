//! Who was here when.

use serde::{Deserialize, Serialize};

/// So many people are kept; whoever was away longest is forgotten first.
const PEOPLE: usize = 48;

/// Whoever wrote nothing for so long was away: two minutes, in milliseconds.
const AWAY_MS: u64 = 2 * 60 * 1000;

/// The people that it saw, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seen(Vec<Person>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Person {
    id: String,
    at: u64,
    /// When they wrote before they were away last.
    before: Option<u64>,
}

impl Seen {
    /// Somebody wrote.
    pub(crate) fn note(&mut self, author_id: &str, at: u64) {
        let known = self.0.iter().position(|person| person.id == author_id);
        let mut person = match known {
            Some(known) => self.0.remove(known),
            None => Person {
                id: author_id.into(),
                at,
                before: None,
            },
        };
        if at.saturating_sub(person.at) >= AWAY_MS {
            person.before = Some(person.at);
        }
        person.at = person.at.max(at);
        self.0.push(person);
        let excess = self.0.len().saturating_sub(PEOPLE);
        self.0.drain(..excess);
    }

    /// When they wrote before they were away last, if they were.
    pub(crate) fn before(&self, author_id: &str) -> Option<u64> {
        self.0.iter().find(|person| person.id == author_id)?.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_since_when_somebody_was_away() {
        let mut seen = Seen::default();
        for (minute, before) in [
            (0, None),
            (1, None),
            (9, Some(1)),
            (10, Some(1)),
            (30, Some(10)),
        ] {
            seen.note("guest:ana", minute * 60_000);
            assert_eq!(
                seen.before("guest:ana"),
                before.map(|minute| minute * 60_000),
                "{minute}"
            );
        }
        for i in 0..PEOPLE {
            seen.note(&format!("guest:{i}"), 0);
        }
        assert_eq!((seen.before("guest:ana"), seen.0.len()), (None, PEOPLE));
    }
}
