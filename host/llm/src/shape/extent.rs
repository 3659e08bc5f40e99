//! How much there is to a schema once all its references are followed.
//!
//! A few lines that refer to each other twice each double with every line, and checking an answer costs as much as
//! the schema that they stand for.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// How many schemas, values and lists a schema may come to.
const MOST: u64 = 1_000;

/// How deeply they may lie within each other.
const DEEPEST: u32 = 64;

/// Keywords whose meaning hangs on where one comes from.
const ELSEWHERE: [&str; 4] = ["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"];

/// Refuses a schema that is too large, or whose size can't be told: one that refers to itself, to another document,
/// or by a name.
///
/// # Errors
///
/// What is wrong with it: what follows `json-schema`.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut extent = Extent {
        root: schema,
        known: HashMap::new(),
    };
    extent.of(schema, 0).map(drop)
}

struct Extent<'a> {
    root: &'a Value,
    /// What a reference comes to; nothing yet for one that is being followed.
    known: HashMap<&'a str, Option<u64>>,
}

impl<'a> Extent<'a> {
    fn of(&mut self, value: &'a Value, depth: u32) -> Result<u64, String> {
        if depth > DEEPEST {
            return Err(format!("is nested more than {DEEPEST} deep"));
        }
        let mut sum = 1;
        match value {
            Value::Object(members) => {
                sum += self.of_reference(members, depth)?;
                for (name, member) in members {
                    if ELSEWHERE.contains(&name.as_str()) || (name == "$id" && depth > 0) {
                        return Err(format!("uses {name}, which is not supported here"));
                    }
                    // Definitions cost where they are used.
                    if name != "$defs" && name != "definitions" {
                        sum += self.of(member, depth + 1)?;
                    }
                    within(sum)?;
                }
            }
            Value::Array(items) => {
                for item in items {
                    sum += self.of(item, depth + 1)?;
                    within(sum)?;
                }
            }
            _ => {}
        }
        Ok(sum)
    }

    fn of_reference(&mut self, members: &'a Map<String, Value>, depth: u32) -> Result<u64, String> {
        let Some(Value::String(place)) = members.get("$ref") else {
            return Ok(0);
        };
        match self.known.get(place.as_str()) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err(format!("refers to itself at {place:?}")),
            None => {}
        }
        let target = match place.strip_prefix('#') {
            Some("") => Some(self.root),
            Some(pointer) if pointer.starts_with('/') => {
                // As part of a URL it may be written in percent.
                if pointer.contains('%') {
                    return Err(format!("refers to {place:?}: write it without %"));
                }
                self.root.pointer(pointer)
            }
            _ => {
                return Err(format!(
                    "refers to {place:?}: only what begins with #/ can be followed"
                ));
            }
        };
        let target =
            target.ok_or_else(|| format!("refers to {place:?}, which it does not have"))?;
        self.known.insert(place, None);
        let extent = self.of(target, depth + 1)?;
        self.known.insert(place, Some(extent));
        Ok(extent)
    }
}

fn within(sum: u64) -> Result<(), String> {
    if sum > MOST {
        return Err(format!(
            "comes to more than {MOST} parts once its references are followed"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Each line refers to the next one twice.
    fn doubling(lines: usize) -> Value {
        let next = |n: usize| json!({ "$ref": format!("#/$defs/a{n}") });
        let mut defs = Map::new();
        defs.insert("a0".into(), json!({ "type": "integer" }));
        for n in 1..=lines {
            defs.insert(
                format!("a{n}"),
                json!({ "allOf": [next(n - 1), next(n - 1)] }),
            );
        }
        json!({ "$ref": format!("#/$defs/a{lines}"), "$defs": defs })
    }

    #[test]
    fn what_references_stand_for_is_counted() {
        assert_eq!(check(&doubling(4)), Ok(()));
        for lines in [12, 60] {
            let why = check(&doubling(lines)).unwrap_err();
            assert!(why.contains("parts") || why.contains("deep"), "{why}");
        }
    }

    #[test]
    fn what_can_not_be_followed_is_refused() {
        let deep = (0..100).fold(json!(true), |inner, _| json!({ "not": inner }));
        let cases = [
            (json!({ "items": { "$ref": "#" } }), "refers to itself"),
            (
                json!({ "$ref": "#/$defs/a", "$defs": { "a": { "not": { "$ref": "#/$defs/a" } } } }),
                "refers to itself",
            ),
            (
                json!({ "$ref": "https://elsewhere.example/x.json" }),
                "only what begins with",
            ),
            (json!({ "$ref": "#name" }), "only what begins with"),
            (json!({ "$ref": "#/$defs/none" }), "does not have"),
            (
                json!({ "$ref": "#/%24defs/a", "$defs": { "a": true } }),
                "without %",
            ),
            (json!({ "properties": { "a": { "$id": "b" } } }), "uses $id"),
            (json!({ "$dynamicRef": "#a" }), "uses $dynamicRef"),
            (deep, "deep"),
        ];
        for (schema, expected) in cases {
            let why = check(&schema).unwrap_err();
            assert!(why.contains(expected), "{schema}: {why}");
        }
    }

    #[test]
    fn what_is_used_twice_side_by_side_does_not_refer_to_itself() {
        let person = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let schema = json!({
            "$id": "https://here.example/x.json",
            "properties": { "a": { "$ref": "#/$defs/person" }, "b": { "$ref": "#/$defs/person" } },
            "$defs": { "person": person },
        });
        assert_eq!(check(&schema), Ok(()));
    }
}
