//! The least that obeys a JSON Schema.
//!
//! The generator knows nothing that it could fill a form with, so it says the least: required fields
//! only, empty texts and lists, `false`, 0, or what else the schema's bounds leave nearest to that.
//! What it can't be sure to obey (`pattern`, `format`, `not`, references to elsewhere) it refuses.

use chatter_protocol::llm::Error;
use serde_json::{Map, Number, Value};

/// How deep a schema may lie within itself.
const MAX_DEPTH: u32 = 16;

/// How many characters or items a bound may ask for.
const MAX_COUNT: u64 = 1_000;

/// The smallest value that obeys the schema, as JSON text.
pub(super) fn least(schema: &str) -> Result<String, Error> {
    let schema: Value = serde_json::from_str(schema)
        .map_err(|error| Error::Refused(format!("json-schema is no JSON: {error}")))?;
    Walk { root: &schema }
        .value(&schema, 0)
        .map(|value| value.to_string())
}

struct Walk<'a> {
    root: &'a Value,
}

fn refused(what: &str) -> Error {
    Error::Refused(format!(
        "the offline model has no answer to a JSON Schema with {what}"
    ))
}

impl Walk<'_> {
    fn value(&self, schema: &Value, depth: u32) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(refused("more than 16 levels"));
        }
        let schema = match schema {
            Value::Bool(true) => return Ok(Value::Null),
            Value::Object(schema) => schema,
            _ => return Err(refused("something that allows nothing")),
        };
        if let Some(place) = schema.get("$ref").and_then(Value::as_str) {
            let target = place
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            return self.value(
                target.ok_or_else(|| refused("a $ref to elsewhere"))?,
                depth + 1,
            );
        }
        for unsure in [
            "allOf",
            "not",
            "if",
            "pattern",
            "format",
            "multipleOf",
            "contains",
            "dependentRequired",
            "dependentSchemas",
            "minProperties",
            "propertyNames",
            "patternProperties",
            "uniqueItems",
        ] {
            if schema.contains_key(unsure) {
                return Err(refused(unsure));
            }
        }
        if let Some(value) = schema.get("const") {
            return Ok(value.clone());
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let least = values
                .iter()
                .find(|value| value.is_null())
                .or(values.first());
            return least.cloned().ok_or_else(|| refused("an empty enum"));
        }
        for forms in ["anyOf", "oneOf"] {
            if let Some(forms) = schema.get(forms).and_then(Value::as_array) {
                let mut values = forms
                    .iter()
                    .map(|form| self.value(form, depth + 1))
                    .collect::<Vec<_>>();
                let best = values
                    .iter()
                    .position(|value| value == &Ok(Value::Null))
                    .or_else(|| values.iter().position(Result::is_ok));
                return best
                    .map(|best| values.swap_remove(best))
                    .unwrap_or_else(|| Err(refused("only forms like these")));
            }
        }
        match kind(schema)? {
            "null" => Ok(Value::Null),
            "boolean" => Ok(Value::Bool(false)),
            "integer" => number(schema, true),
            "number" => number(schema, false),
            "string" => {
                let length = count(schema, "minLength")?;
                Ok(Value::String("-".repeat(length)))
            }
            "array" => {
                let first = schema.get("prefixItems").and_then(Value::as_array);
                let items = (0..count(schema, "minItems")?).map(|at| {
                    let schema = first
                        .and_then(|first| first.get(at))
                        .or(schema.get("items"));
                    self.value(schema.unwrap_or(&Value::Bool(true)), depth + 1)
                });
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            "object" => {
                let mut object = Map::new();
                let properties = schema.get("properties").and_then(Value::as_object);
                for name in schema
                    .get("required")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    let name = name
                        .as_str()
                        .ok_or_else(|| refused("a required field without a name"))?;
                    let property = properties.and_then(|properties| properties.get(name));
                    object.insert(
                        name.into(),
                        self.value(property.unwrap_or(&Value::Bool(true)), depth + 1)?,
                    );
                }
                Ok(Value::Object(object))
            }
            _ => Err(refused("an unknown type")),
        }
    }
}

/// The type; of several the emptiest; without one what the other keywords speak of.
fn kind(schema: &Map<String, Value>) -> Result<&str, Error> {
    match schema.get("type") {
        Some(Value::String(kind)) => Ok(kind),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            let null = kinds.iter().find(|kind| **kind == "null").or(kinds.first());
            null.copied().ok_or_else(|| refused("no type"))
        }
        None if schema.contains_key("properties") || schema.contains_key("required") => {
            Ok("object")
        }
        None if schema.contains_key("items") => Ok("array"),
        None => Ok("null"),
        Some(_) => Err(refused("an unknown type")),
    }
}

fn count(schema: &Map<String, Value>, bound: &str) -> Result<usize, Error> {
    let count = schema.get(bound).and_then(Value::as_u64).unwrap_or(0);
    if count > MAX_COUNT {
        return Err(refused(&format!("{bound} above {MAX_COUNT}")));
    }
    usize::try_from(count).map_err(|_| refused(bound))
}

/// 0, or what the bounds leave nearest to it.
fn number(schema: &Map<String, Value>, integer: bool) -> Result<Value, Error> {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let above = |low: f64| {
        if integer {
            low.floor() + 1.0
        } else {
            low + low.abs().max(1.0) * 1e-3
        }
    };
    let below = |high: f64| {
        if integer {
            high.ceil() - 1.0
        } else {
            high - high.abs().max(1.0) * 1e-3
        }
    };
    let whole = |value: f64, up: bool| match (integer, up) {
        (false, _) => value,
        (true, true) => value.ceil(),
        (true, false) => value.floor(),
    };
    let mut value = 0.0_f64;
    if let Some(low) = bound("minimum") {
        value = value.max(whole(low, true));
    }
    if let Some(low) = bound("exclusiveMinimum").filter(|low| value <= *low) {
        value = above(low);
    }
    if let Some(high) = bound("maximum").filter(|high| value > *high) {
        value = whole(high, false);
    }
    if let Some(high) = bound("exclusiveMaximum").filter(|high| value >= *high) {
        value = below(high);
    }
    let fits = bound("minimum").is_none_or(|low| value >= low)
        && bound("exclusiveMinimum").is_none_or(|low| value > low)
        && bound("maximum").is_none_or(|high| value <= high)
        && bound("exclusiveMaximum").is_none_or(|high| value < high);
    let number = if value.fract() == 0.0 && value.abs() < 9e15 {
        Some(Number::from(value as i64))
    } else {
        Number::from_f64(value)
    };
    number
        .filter(|_| fits)
        .map(Value::Number)
        .ok_or_else(|| refused("bounds that leave no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_value_is_found() {
        let cases = [
            (r#"{"type":"object"}"#, "{}"),
            (
                r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"array"}},"required":["b","a"]}"#,
                r#"{"b":[],"a":""}"#,
            ),
            (r#"{"type":"object","required":["x"]}"#, r#"{"x":null}"#),
            (
                r#"{"properties":{"n":{"type":"number","minimum":0.5},"i":{"type":"integer","maximum":-2}},"required":["n","i"]}"#,
                r#"{"n":0.5,"i":-2}"#,
            ),
            (r#"{"type":"integer","exclusiveMinimum":3}"#, "4"),
            (
                r#"{"type":"array","items":{"enum":["a","b"]},"minItems":2}"#,
                r#"["a","a"]"#,
            ),
            (
                r#"{"type":"array","prefixItems":[{"const":7}],"items":{"type":"boolean"},"minItems":2}"#,
                "[7,false]",
            ),
            (r#"{"type":["string","null"]}"#, "null"),
            (
                r#"{"anyOf":[{"type":"string","format":"date"},{"type":"boolean"}]}"#,
                "false",
            ),
            (
                r##"{"$defs":{"x":{"type":"string","minLength":2}},"type":"object","properties":{"x":{"$ref":"#/$defs/x"}},"required":["x"]}"##,
                r#"{"x":"--"}"#,
            ),
            ("true", "null"),
        ];
        for (schema, expected) in cases {
            assert_eq!(least(schema).as_deref(), Ok(expected), "{schema}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            ("{", "no JSON"),
            (r#"{"type":"string","pattern":"^a"}"#, "pattern"),
            (r##"{"$ref":"#"}"##, "16 levels"),
            (r#"{"$ref":"https://example.com/x"}"#, "$ref to elsewhere"),
            (r#"{"type":"number","minimum":2,"maximum":1}"#, "no number"),
            (r#"{"type":"string","minLength":100000}"#, "minLength above"),
            ("false", "allows nothing"),
        ];
        for (schema, reason) in cases {
            let Err(Error::Refused(why)) = least(schema) else {
                panic!("{schema} is not refused")
            };
            assert!(why.contains(reason), "{schema}: {why}");
        }
    }
}
