//! Whom a message names.

use crate::{PersonaSeat, names};
use chatter_protocol::{Author, AuthorId, room::Person};
use std::{collections::VecDeque, sync::Arc};

/// How many of the latest authors may be named, beside the personas.
pub(super) const RECENT: usize = 200;

/// The most that one message may name, as in its schema.
const MOST: usize = 20;

/// Who may be named: the room's personas, by name and slug, and who spoke lately. Who watches is asked
/// for when it matters.
#[derive(Debug)]
pub(super) struct Roll {
    personas: Vec<(String, AuthorId)>,
    recent: VecDeque<(String, AuthorId)>,
}

impl Roll {
    pub(super) fn new(seats: &[PersonaSeat]) -> Self {
        let mut roll = Self {
            personas: Vec::new(),
            recent: VecDeque::new(),
        };
        roll.set_personas(seats);
        roll
    }

    /// Others sit here from now on.
    pub(super) fn set_personas(&mut self, seats: &[PersonaSeat]) {
        let both = |seat: &PersonaSeat| {
            [names::fold(&seat.name), seat.id.to_string()].map(|name| (name, seat.id.author()))
        };
        self.personas = seats.iter().flat_map(both).collect();
    }

    /// Somebody has spoken.
    pub(super) fn note(&mut self, author: &Author) {
        let name = names::fold(&author.name);
        if self
            .recent
            .front()
            .is_some_and(|(known, id)| *known == name && *id == author.id)
        {
            return;
        }
        // Of two with the same name, the one who spoke last is meant.
        self.recent
            .retain(|(known, id)| *known != name && *id != author.id);
        self.recent.push_front((name, author.id.clone()));
        self.recent.truncate(RECENT);
    }

    /// Everyone whose name follows an `@` in the text, in the order of the text, each once. The
    /// longest name that fits is meant; of the same name a persona before who spoke, and who spoke before
    /// who is only `watching`, which is asked for if there is an `@` at all.
    pub(super) fn mentions(
        &self,
        text: &str,
        watching: impl FnOnce() -> Vec<Arc<Person>>,
    ) -> Vec<AuthorId> {
        let mut found: Vec<AuthorId> = Vec::new();
        if !text.contains('@') {
            return found;
        }
        let folded = names::fold(text);
        let watching: Vec<_> = watching()
            .iter()
            .map(|person| (names::fold(&person.name), person.id.clone()))
            .collect();
        for (at, _) in folded.match_indices('@') {
            let inside_a_word = folded[..at]
                .chars()
                .next_back()
                .is_some_and(char::is_alphanumeric);
            if inside_a_word {
                continue;
            }
            let rest = &folded[at + 1..];
            let named = self
                .personas
                .iter()
                .chain(&self.recent)
                .chain(&watching)
                .filter(|(name, _)| !name.is_empty() && starts_with_word(rest, name))
                .reduce(|best, next| {
                    if next.0.len() > best.0.len() {
                        next
                    } else {
                        best
                    }
                });
            if let Some((_, id)) = named
                && !found.contains(id)
            {
                found.push(id.clone());
                if found.len() == MOST {
                    break;
                }
            }
        }
        found
    }
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::PersonaId;

    fn watching(names: &[&str]) -> Vec<Arc<Person>> {
        let person = |name: &&str| Arc::new(Person::from(&names::guest(name)));
        names.iter().map(person).collect()
    }

    #[test]
    fn names_after_an_at_are_found() {
        let seat = |id, name: &str| PersonaSeat {
            id: PersonaId::new(id).unwrap(),
            name: name.into(),
        };
        let mut roll = Roll::new(&[
            seat("nova", "Nova"),
            seat("old-bea", "Old Bea"),
            seat("old", "Old"),
        ]);
        roll.note(&names::guest("ana"));
        roll.note(&names::guest("Олег"));
        let cases: [(&str, &[&str]); 11] = [
            ("hi @nova", &["persona:nova"]),
            ("hi @NOVA!", &["persona:nova"]),
            ("@old bea and @ana, hi", &["persona:old-bea", "guest:ana"]),
            ("@old-bea", &["persona:old-bea"]),
            ("@old men", &["persona:old"]),
            ("@nova @Nova", &["persona:nova"]),
            ("@Zoe", &["guest:zoe"]),
            ("@novak", &[]),
            ("mail me: me@nova", &[]),
            ("nova", &[]),
            ("@ and @@ana", &["guest:ana"]),
        ];
        for (text, wanted) in cases {
            let found = roll.mentions(text, || watching(&["zoe", "Nova"]));
            assert_eq!(
                found.iter().map(AuthorId::as_str).collect::<Vec<_>>(),
                wanted,
                "{text}"
            );
        }
        assert_eq!(roll.mentions("@ОЛЕГ", Vec::new).len(), 1);
        let second = names::session_author("ana", 7);
        roll.note(&second);
        assert_eq!(roll.mentions("@ana", || watching(&["ana"])), [second.id]);
    }

    #[test]
    fn a_message_names_so_many_at_most() {
        let mut roll = Roll::new(&[]);
        for i in 0..30 {
            roll.note(&names::guest(&format!("fan{i}")));
        }
        let text: String = (0..30).map(|i| format!("@fan{i} ")).collect();
        assert_eq!(roll.mentions(&text, Vec::new).len(), 20);
    }
}
