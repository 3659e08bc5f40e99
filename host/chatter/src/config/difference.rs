//! What differs between two configurations, in words.

use super::{Configuration, Room, Source};
use chatter_protocol::{PersonaId, RoomId};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What of a room is told in its own words.
const TOLD: [&str; 4] = ["id", "roster", "moderation", "source"];

impl Configuration {
    /// What is another way in `to`, one line for each place; empty if nothing is.
    #[must_use]
    pub fn differences(&self, to: &Self) -> Vec<String> {
        let mut told = Vec::new();
        for id in self.rooms.keys().filter(|id| !to.rooms.contains_key(*id)) {
            told.push(format!("{id}: is closed"));
        }
        for (id, room) in &to.rooms {
            match self.rooms.get(id) {
                Some(before) => self.of_room(id, before, to, room, &mut told),
                None => told.push(format!("{id}: is opened")),
            }
        }
        let mut modules: Vec<&String> = self.modules.keys().chain(to.modules.keys()).collect();
        modules.sort_unstable();
        modules.dedup();
        for name in modules {
            let fields = fields(
                &self.modules.get(name),
                &to.modules.get(name),
                &["v", "name"],
            );
            if !fields.is_empty() {
                told.push(format!("module {name}: {}", fields.join(", ")));
            }
        }
        for (id, persona) in &to.personas {
            match self.personas.get(id) {
                Some(before) => {
                    let fields = fields(before, persona, &[]);
                    if !fields.is_empty() {
                        told.push(format!("{id}: {}", fields.join(", ")));
                    }
                }
                None if !to.is_seated(id) => {
                    told.push(format!("{id}: is new, and sits in no room yet"));
                }
                None => {}
            }
        }
        told
    }

    fn of_room(&self, id: &RoomId, before: &Room, to: &Self, after: &Room, told: &mut Vec<String>) {
        let seats = |all: &Self, room: &Room| -> BTreeMap<PersonaId, String> {
            let seats = all.seats(room);
            seats
                .map(|(persona, module)| (persona.id.clone(), module.to_owned()))
                .collect()
        };
        let (sat, sit) = (seats(self, before), seats(to, after));
        for persona in sat.keys().filter(|persona| !sit.contains_key(*persona)) {
            told.push(format!("{id}: {persona} leaves"));
        }
        for (persona, module) in &sit {
            match sat.get(persona) {
                Some(old) if old != module => {
                    told.push(format!("{id}: {persona} runs on {module} instead of {old}"));
                }
                Some(_) => {}
                None => told.push(format!("{id}: {persona} sits down")),
            }
        }
        for persona in sit.keys() {
            match (before.shadow(persona), after.shadow(persona)) {
                (old, new) if old == new => {}
                (_, Some(shadow)) => told.push(format!("{id}: {persona} has the shadow {shadow}")),
                (_, None) => told.push(format!("{id}: {persona} has no shadow any more")),
            }
        }
        let fields = fields(&before.config, &after.config, &TOLD);
        if !fields.is_empty() {
            told.push(format!("{id}: {}", fields.join(", ")));
        }
        if before.emotes != after.emotes && before.config.emotes == after.config.emotes {
            told.push(format!("{id}: pictures of its own emotes"));
        }
        if before.policy != after.policy {
            let policy = |room: &Room| format!("{}@{}", room.policy.name, room.policy.version);
            let (old, new) = (policy(before), policy(after));
            told.push(if old == new {
                format!("{id}: the moderation policy {new}, which has kept its version")
            } else {
                format!("{id}: the moderation policy {new} instead of {old}")
            });
        }
        if before.source != after.source {
            told.push(match &after.source {
                Some(Source { watched, .. }) => {
                    format!("{id}: {watched} is played from its beginning")
                }
                None => format!("{id}: watches nothing any more"),
            });
        }
        if before.heard != after.heard {
            told.push(match &after.heard {
                Some(_) => format!("{id}: viewers may hear what it watches"),
                None => format!("{id}: viewers may hear what it watches no more"),
            });
        }
    }

    fn is_seated(&self, persona: &PersonaId) -> bool {
        let mut entries = self.rooms.values().flat_map(|room| &room.config.roster);
        entries.any(|entry| entry.persona == *persona)
    }
}

/// The fields of a file's content that differ, as people write their paths; `but` for these. A table is
/// looked into, a list is not.
fn fields<T: Serialize>(before: &T, after: &T, but: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let (Ok(before), Ok(after)) = (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return found;
    };
    collect("", &before, &after, &mut found);
    found.retain(|field| {
        let first = field.split('.').next().unwrap_or_default();
        !but.contains(&first)
    });
    found
}

fn collect(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    let empty = Map::new();
    let tables = match (before, after) {
        (Value::Object(old), Value::Object(new)) => Some((old, new)),
        // A table that was not there had nothing in it.
        (Value::Null, Value::Object(new)) => Some((&empty, new)),
        (Value::Object(old), Value::Null) => Some((old, &empty)),
        _ => None,
    };
    match tables {
        Some((old, new)) => {
            let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let place = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                let null = &Value::Null;
                collect(
                    &place,
                    old.get(name).unwrap_or(null),
                    new.get(name).unwrap_or(null),
                    found,
                );
            }
        }
        None if before == after => {}
        None => found.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests;
