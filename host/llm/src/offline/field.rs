//! What a field of a form wants: told by its name and its description.

use super::{
    claims::Claim,
    text::{is_common, lower_words, stem},
};
use serde_json::Value;
use std::collections::HashSet;

/// What is known of a place in the schema: the words of its name, and of its description.
#[derive(Clone, Default)]
pub(super) struct Field {
    pub(super) name: Vec<String>,
    pub(super) about: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Who,
    Told,
    Exact,
    Topic,
    Question,
    Place,
    When,
    Why,
    Amount,
}

const ROLES: [(Role, &str); 9] = [
    (Role::Question, "question questions asks asked"),
    (
        Role::Exact,
        "quote quotation verbatim exact original message messages line lines utterance",
    ),
    (
        Role::Who,
        "who name author speaker user username viewer person people about sender by participant participants names authors nickname member subject",
    ),
    (
        Role::Place,
        "place location city country hometown where origin",
    ),
    (Role::When, "when date time day deadline"),
    (Role::Why, "why reason cause because"),
    (Role::Amount, "amount quantity"),
    (
        Role::Topic,
        "topic topics keyword keywords tag tags thing things object noun title item theme likes dislikes interest interests food hobby",
    ),
    (
        Role::Told,
        "text fact facts summary content memory memories note notes statement detail details description claim sentence what info information event highlight highlights preference value body",
    ),
];

impl Field {
    pub(super) fn new(name: &str, schema: &Value) -> Self {
        let mut split = String::new();
        for c in name.chars() {
            if c.is_uppercase() || c == '_' || c == '-' {
                split.push(' ');
            }
            if c != '_' && c != '-' {
                split.extend(c.to_lowercase());
            }
        }
        let text = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Self {
            name: lower_words(&split),
            about: lower_words(text),
        }
    }

    /// What it wants, by its name; by its description if the name says nothing.
    pub(super) fn role(&self) -> Option<Role> {
        let of = |words: &[String]| {
            let last = words.iter().rev().find_map(|word| {
                ROLES
                    .iter()
                    .find(|(_, list)| list.split_whitespace().any(|listed| listed == word))
            });
            last.map(|(role, _)| *role)
        };
        of(&self.name).or_else(|| {
            // A description tells with its first telling word: `the author of the message`.
            self.about
                .iter()
                .find_map(|word| of(std::slice::from_ref(word)))
        })
    }

    pub(super) fn stems(&self) -> HashSet<String> {
        let telling = |word: &&String| word.len() > 2 && !is_common(word);
        self.name
            .iter()
            .chain(&self.about)
            .filter(telling)
            .map(|word| stem(word))
            .collect()
    }
}

/// Whether a field takes any text.
pub(super) fn is_text_field(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("string")
        && schema.get("enum").is_none()
        && schema.get("const").is_none()
}

/// What a sentence has in a role.
pub(super) fn in_role(claim: &Claim, role: Role, field: &Field) -> Option<String> {
    match role {
        Role::Who => {
            let wants_name = field.name.iter().any(|word| word == "nickname")
                || field.about.iter().any(|word| word == "real");
            let given = if wants_name { claim.own_name() } else { None };
            given.or_else(|| claim.who.clone())
        }
        Role::Told => Some(claim.told()),
        Role::Exact => Some(claim.exact.clone()),
        Role::Topic => claim.topic(),
        Role::Question => claim.asks.then(|| claim.exact.clone()),
        Role::Place => claim.place(),
        Role::When => claim.when(),
        Role::Why => claim.reason(),
        Role::Amount => claim.amount(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_told_by_its_name_and_then_by_its_description() {
        for (name, about, expected) in [
            ("author", "", Some(Role::Who)),
            ("authorName", "", Some(Role::Who)),
            ("home_town_city", "", Some(Role::Place)),
            ("memory-text", "", Some(Role::Told)),
            ("x", "The author of the message", Some(Role::Who)),
            ("x", "", None),
            ("mood", "how it feels", None),
        ] {
            let field = Field::new(name, &json!({"description": about}));
            assert!(field.role() == expected, "{name} {about}");
        }
    }
}
