//! The least that obeys a JSON Schema.
//!
//! What a form gets where nothing was found to fill it with: required fields
//! only, empty texts and lists, `false`, 0, or what else the schema's bounds leave nearest to that.
//! What it can't be sure to obey (`pattern`, `format`, `not`, references to elsewhere) it refuses.

use chatter_protocol::llm::Error;
use serde_json::{Map, Number, Value};

/// How deep a schema may lie within itself.
const MAX_DEPTH: u32 = 16;

/// How many characters or items a bound may ask for.
const MAX_COUNT: u64 = 1_000;

/// The smallest value that obeys the schema.
pub(super) fn least(schema: &Value) -> Result<Value, Error> {
    Walk { root: schema }.value(schema, 0)
}

pub(super) struct Walk<'a> {
    pub(super) root: &'a Value,
}

pub(super) fn refused(what: &str) -> Error {
    Error::Refused(format!(
        "the offline model has no answer to a JSON Schema with {what}"
    ))
}

/// What can't be obeyed for sure.
const UNSURE: [&str; 14] = [
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
    "unevaluatedProperties",
    "uniqueItems",
];

impl<'a> Walk<'a> {
    /// The schema itself behind its references, and how deep it lies.
    pub(super) fn resolve<'b>(
        &self,
        schema: &'b Value,
        depth: u32,
    ) -> Result<(&'b Value, u32), Error>
    where
        'a: 'b,
    {
        let (mut schema, mut depth) = (schema, depth);
        loop {
            if depth > MAX_DEPTH {
                return Err(refused("more than 16 levels"));
            }
            let Some(place) = schema.get("$ref").and_then(Value::as_str) else {
                return Ok((schema, depth));
            };
            let target = place
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            schema = target.ok_or_else(|| refused("a $ref to elsewhere"))?;
            depth += 1;
        }
    }

    /// Refuses what can't be obeyed for sure.
    pub(super) fn check(&self, schema: &Map<String, Value>) -> Result<(), Error> {
        UNSURE
            .iter()
            .find(|unsure| schema.contains_key(**unsure))
            .map_or(Ok(()), |unsure| Err(refused(unsure)))
    }

    /// The same, but for what a list of different items obeys anyhow.
    pub(super) fn check_but_lists(
        &self,
        schema: &Map<String, Value>,
        kind: &str,
    ) -> Result<(), Error> {
        let unsure = |unsure: &&&str| {
            schema.contains_key(**unsure) && !(kind == "array" && **unsure == "uniqueItems")
        };
        UNSURE
            .iter()
            .find(unsure)
            .map_or(Ok(()), |unsure| Err(refused(unsure)))
    }

    pub(super) fn value(&self, schema: &Value, depth: u32) -> Result<Value, Error> {
        let (schema, depth) = self.resolve(schema, depth)?;
        let schema = match schema {
            Value::Bool(true) => return Ok(Value::Null),
            Value::Object(schema) => schema,
            _ => return Err(refused("something that allows nothing")),
        };
        // An empty list has no two items that are the same.
        let is_empty_list = count(schema, "minItems")? <= 1;
        self.check_but_lists(schema, if is_empty_list { "array" } else { "" })?;
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
pub(super) fn kind(schema: &Map<String, Value>) -> Result<&str, Error> {
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
            let found =
                least(&serde_json::from_str(schema).unwrap()).map(|value| value.to_string());
            assert_eq!(found.as_deref(), Ok(expected), "{schema}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            (r#"{"type":"string","pattern":"^a"}"#, "pattern"),
            (r##"{"$ref":"#"}"##, "16 levels"),
            (r#"{"$ref":"https://example.com/x"}"#, "$ref to elsewhere"),
            (r#"{"type":"number","minimum":2,"maximum":1}"#, "no number"),
            (r#"{"type":"string","minLength":100000}"#, "minLength above"),
            ("false", "allows nothing"),
        ];
        for (schema, reason) in cases {
            let Err(Error::Refused(why)) = least(&serde_json::from_str(schema).unwrap()) else {
                panic!("{schema} is not refused")
            };
            assert!(why.contains(reason), "{schema}: {why}");
        }
    }
}
