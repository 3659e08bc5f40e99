//! A JSON Schema filled in with what a text says, and with nothing else.
//!
//! A field is told by its name and its description. Texts are sentences of the prompt's data (those
//! that people say of themselves are told of them), words of these, or names; a list of objects gets
//! one object for each sentence that fills what it requires; of an enum a value is taken that a
//! sentence has or means, a number only if it stands beside the field's words. Where nothing was
//! found, an optional field is left out, and a required one gets the least value that the schema allows
//! ([`schema`](super::schema)). An answer that has more than `max_tokens` gets shorter lists.

use super::{
    claims::{Claim, claims},
    field::{Field, Role, in_role, is_text_field},
    message,
    nouns::nouns,
    schema::{self, Walk},
    text::{cut, lower_words, stem},
};
use chatter_protocol::llm::{Error, Request};
use serde_json::{Map, Number, Value};
use std::collections::HashSet;

/// The longest list, in items.
const MAX_ITEMS: usize = 8;

/// The answer to a request with a schema, as JSON text.
pub(super) fn fill(request: &Request, schema: &str) -> Result<String, Error> {
    let root: Value = serde_json::from_str(schema)
        .map_err(|error| Error::Refused(format!("json-schema is no JSON: {error}")))?;
    let claims = claims(&request.messages);
    let obeys = |value: &Value| match jsonschema::validator_for(&root) {
        Ok(validator) => validator.is_valid(value),
        Err(_) => false,
    };
    let fits = |text: &String| crate::estimate_tokens(text) <= request.max_tokens;
    for most in [MAX_ITEMS, 5, 3, 2, 1] {
        let form = Form {
            least: Walk { root: &root },
            claims: &claims,
            most,
        };
        let filled = form.value(&root, &Field::default(), None, 0)?.value;
        let text = filled.to_string();
        if fits(&text) && obeys(&filled) {
            return Ok(text);
        }
    }
    let least = schema::least(&root)?;
    if obeys(&least) {
        Ok(least.to_string())
    } else {
        Err(schema::refused(
            "parts that leave the offline model nothing to say",
        ))
    }
}

struct Form<'a> {
    least: Walk<'a>,
    claims: &'a [Claim],
    most: usize,
}

/// A value, and whether it says something that was found.
struct Filled {
    value: Value,
    found: bool,
}

const fn found(value: Value) -> Filled {
    Filled { value, found: true }
}

impl Form<'_> {
    fn value(
        &self,
        schema: &Value,
        field: &Field,
        claim: Option<&Claim>,
        depth: u32,
    ) -> Result<Filled, Error> {
        let least = || {
            self.least.value(schema, depth).map(|value| Filled {
                value,
                found: false,
            })
        };
        let (target, depth) = self.least.resolve(schema, depth)?;
        let Value::Object(map) = target else {
            return least();
        };
        if map.contains_key("const") {
            return least();
        }
        if let Some(values) = map.get("enum").and_then(Value::as_array) {
            self.least.check(map)?;
            let supported = values
                .iter()
                .filter_map(Value::as_str)
                .find(|value| self.supports(value, "", claim));
            return supported.map_or_else(least, |value| Ok(found(Value::String(value.into()))));
        }
        for forms in ["anyOf", "oneOf"] {
            if let Some(forms) = map.get(forms).and_then(Value::as_array) {
                self.least.check(map)?;
                // An enum with a description for each value.
                let named = forms.iter().find(|form| {
                    let value = form.get("const").and_then(Value::as_str);
                    let about = form
                        .get("description")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    value.is_some_and(|value| self.supports(value, about, claim))
                });
                if let Some(value) = named.and_then(|form| form.get("const")) {
                    return Ok(found(value.clone()));
                }
                let filled = forms
                    .iter()
                    .filter_map(|form| self.value(form, field, claim, depth + 1).ok());
                return match filled.into_iter().find(|filled| filled.found) {
                    Some(filled) => Ok(filled),
                    None => least(),
                };
            }
        }
        let kinds: Vec<&str> = match map.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => vec![schema::kind(map)?],
        };
        for kind in kinds {
            self.least.check_but_lists(map, kind)?;
            let filled = match kind {
                "string" => self.text(map, field, claim),
                "integer" | "number" => self.number(map, field, claim, kind == "integer"),
                "boolean" => self.truth(field, claim).map(Value::Bool),
                "array" => self.list(map, field, depth)?,
                "object" => self.object(map, claim, depth)?,
                _ => None,
            };
            if let Some(value) = filled {
                return Ok(found(value));
            }
        }
        least()
    }

    /// The claims that a field may be about: the one at hand, or all, people's own before others.
    fn candidates<'b>(&'b self, claim: Option<&'b Claim>) -> Vec<&'b Claim> {
        match claim {
            Some(claim) => vec![claim],
            None => {
                let people = self
                    .claims
                    .iter()
                    .filter(|claim| claim.personal && !claim.ai);
                let others = self
                    .claims
                    .iter()
                    .filter(|claim| !(claim.personal || claim.ai || claim.asks));
                people.chain(others).collect()
            }
        }
    }

    fn text(
        &self,
        map: &Map<String, Value>,
        field: &Field,
        claim: Option<&Claim>,
    ) -> Option<Value> {
        let role = field.role()?;
        let text = if role == Role::Question && claim.is_none() {
            self.claims
                .iter()
                .find(|claim| claim.asks && !claim.ai)
                .map(|claim| claim.exact.clone())
        } else {
            self.candidates(claim)
                .into_iter()
                .find_map(|claim| in_role(claim, role, field))
        }?;
        let bound = |name: &str| {
            map.get(name)
                .and_then(Value::as_u64)
                .and_then(|bound| usize::try_from(bound).ok())
        };
        let text = match bound("maxLength") {
            Some(most) => cut(&text, most).to_owned(),
            None => text,
        };
        let enough = text.chars().count() >= bound("minLength").unwrap_or(0).max(1);
        enough.then_some(Value::String(text))
    }

    fn number(
        &self,
        map: &Map<String, Value>,
        field: &Field,
        claim: Option<&Claim>,
        integer: bool,
    ) -> Option<Value> {
        let wanted = field.stems();
        let number = self
            .candidates(claim)
            .into_iter()
            .find_map(|claim| claim.number_beside(&wanted))?;
        let bound = |name: &str| map.get(name).and_then(Value::as_f64);
        let fits = bound("minimum").is_none_or(|low| number >= low)
            && bound("maximum").is_none_or(|high| number <= high)
            && bound("exclusiveMinimum").is_none_or(|low| number > low)
            && bound("exclusiveMaximum").is_none_or(|high| number < high);
        if !fits {
            return None;
        }
        if integer {
            #[expect(clippy::cast_possible_truncation, reason = "it was read from a u32")]
            return Some(Value::Number(Number::from(number as i64)));
        }
        Number::from_f64(number).map(Value::Number)
    }

    /// Whether something is so, if that can be seen: of a sentence, whether it asks; of the text,
    /// whether it says the field's words, or says that it is not so.
    fn truth(&self, field: &Field, claim: Option<&Claim>) -> Option<bool> {
        if let Some(claim) = claim
            && field
                .name
                .iter()
                .any(|word| word == "question" || word == "asks")
        {
            return Some(claim.asks);
        }
        let wanted: HashSet<String> = field
            .name
            .iter()
            .filter(|word| !super::text::is_common(word))
            .map(|word| stem(word))
            .collect();
        if wanted.is_empty() {
            return None;
        }
        let says = |claim: &&Claim| !claim.asks && wanted.is_subset(&claim.stems());
        let claim = self.candidates(claim).into_iter().rev().find(says)?;
        Some(!message::denies(&claim.exact))
    }

    fn list(
        &self,
        map: &Map<String, Value>,
        field: &Field,
        depth: u32,
    ) -> Result<Option<Value>, Error> {
        let Some(items) = map
            .get("items")
            .filter(|_| !map.contains_key("prefixItems"))
        else {
            return Ok(None);
        };
        let bound = |name: &str| {
            map.get(name)
                .and_then(Value::as_u64)
                .and_then(|bound| usize::try_from(bound).ok())
        };
        let most = bound("maxItems").unwrap_or(usize::MAX).min(self.most);
        let (item, _) = self.least.resolve(items, depth + 1)?;
        let is_text = item.get("type").and_then(Value::as_str) == Some("string")
            && item.get("enum").is_none();
        let mut found: Vec<Value> = Vec::new();
        let add = |value: Value, found: &mut Vec<Value>| {
            if found.len() < most && !found.contains(&value) {
                found.push(value);
            }
        };
        if is_text && field.role() == Some(Role::Topic) {
            for noun in nouns(
                self.claims
                    .iter()
                    .filter(|claim| !claim.ai)
                    .map(|claim| claim.exact.as_str()),
            ) {
                let short = item
                    .get("maxLength")
                    .and_then(Value::as_u64)
                    .is_none_or(|most| noun.text.chars().count() as u64 <= most);
                if short {
                    add(Value::String(noun.text), &mut found);
                }
            }
        } else {
            let asks = field.role() == Some(Role::Question);
            let names = is_text && field.role() == Some(Role::Who);
            for claim in self.claims {
                let fits = if asks {
                    claim.asks
                } else {
                    names || claim.personal
                };
                if !fits || claim.ai {
                    continue;
                }
                let item_field = if is_text {
                    field.clone()
                } else {
                    Field::default()
                };
                let filled = self.value(items, &item_field, Some(claim), depth + 1)?;
                if filled.found {
                    add(filled.value, &mut found);
                }
            }
        }
        let least = bound("minItems").unwrap_or(0);
        Ok((!found.is_empty() && found.len() >= least).then_some(Value::Array(found)))
    }

    fn object(
        &self,
        map: &Map<String, Value>,
        claim: Option<&Claim>,
        depth: u32,
    ) -> Result<Option<Value>, Error> {
        let empty = Map::new();
        let properties = map
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let required: Vec<&str> = map
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        // Texts of one object are about one sentence.
        let texts = properties.iter().filter(|(name, schema)| {
            is_text_field(schema) && Field::new(name, schema).role().is_some()
        });
        let own = if texts.count() > 1 {
            self.candidates(None).into_iter().next()
        } else {
            None
        };
        let claim = claim.or(own);
        let mut object = Map::new();
        let mut any = false;
        for (name, schema) in properties {
            let field = Field::new(name, schema);
            let is_required = required.contains(&name.as_str());
            let filled = match self.value(schema, &field, claim, depth + 1) {
                Ok(filled) => filled,
                Err(_) if !is_required => continue,
                Err(error) => return Err(error),
            };
            // Who said it is no claim by itself, and an item without its texts says nothing.
            let says = filled.found && field.role() != Some(Role::Who);
            if claim.is_some() && is_required && !filled.found && is_text_field(schema) {
                return Ok(None);
            }
            any |= says || filled.found && properties.len() == 1;
            if is_required || filled.found {
                object.insert(name.clone(), filled.value);
            }
        }
        for name in required {
            if !properties.contains_key(name) {
                object.insert(
                    name.into(),
                    self.least.value(&Value::Bool(true), depth + 1)?,
                );
            }
        }
        if map.get("additionalProperties") == Some(&Value::Bool(false)) {
            object.retain(|name, _| properties.contains_key(name));
        }
        Ok(any.then_some(Value::Object(object)))
    }

    /// Whether a sentence has a value of an enum, or what the value or its description means.
    fn supports(&self, value: &str, about: &str, claim: Option<&Claim>) -> bool {
        const MEANS: &[(&str, &str)] = &[
            (
                "preference",
                "love like hate prefer enjoy favourite favorite adore",
            ),
            ("like", "love like enjoy adore"),
            ("dislike", "hate dislike"),
            (
                "relationship",
                "friend sister brother mother father wife husband partner cousin neighbour neighbor",
            ),
            (
                "positive",
                "love great good happy amazing awesome won passed",
            ),
            ("negative", "hate bad sad awful terrible lost failed tired"),
            ("joke", "lol haha lmao joke"),
        ];
        let of = |text: &str| {
            lower_words(&text.replace(['-', '_'], " "))
                .iter()
                .map(|word| stem(word))
                .collect::<HashSet<_>>()
        };
        let wanted = of(value);
        let telling: HashSet<String> = of(about)
            .into_iter()
            .filter(|word| word.len() > 3 && !super::text::is_common(word))
            .collect();
        let meant: HashSet<String> = MEANS
            .iter()
            .filter(|(name, _)| wanted.contains(&stem(name)))
            .flat_map(|(_, words)| words.split_whitespace().map(stem))
            .collect();
        let candidates = match claim {
            Some(claim) => vec![claim],
            None => self.claims.iter().filter(|claim| !claim.ai).collect(),
        };
        candidates.iter().any(|claim| {
            let words: HashSet<String> = lower_words(&claim.exact)
                .iter()
                .map(|word| stem(word))
                .collect();
            let denied = message::denies(&claim.exact) && !wanted.contains("negative");
            (value == "question" && claim.asks)
                || !denied
                    && (!wanted.is_empty() && wanted.is_subset(&words)
                        || !words.is_disjoint(&meant)
                        || !words.is_disjoint(&telling))
        })
    }
}
