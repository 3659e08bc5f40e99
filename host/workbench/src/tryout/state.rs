//! What changed in a persona's state, if that is JSON.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// One place at which two states differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where, as a JSON Pointer.
    pub place: String,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// All places at which two states differ, field by field; lists that differ are one place.
#[must_use]
pub fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(String::new(), before, after, &mut changes);
    changes
}

fn compare(
    place: String,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    match (before, after) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let token = name.replace('~', "~0").replace('/', "~1");
                compare(
                    format!("{place}/{token}"),
                    a.get(name),
                    b.get(name),
                    changes,
                );
            }
        }
        (a, b) if a == b => {}
        (before, after) => changes.push(Change {
            place,
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_compared_one_by_one() {
        let before = json!({ "n": 1, "same": [1], "a/b": { "x": 1, "gone": true }, "list": [1] });
        let after = json!({ "n": 2, "same": [1], "a/b": { "x": 1 }, "list": [1, 2] });
        let places: Vec<String> = changes(Some(&before), Some(&after))
            .into_iter()
            .map(|change| change.place)
            .collect();
        assert_eq!(places, ["/a~1b/gone", "/list", "/n"]);
        assert!(changes(Some(&before), Some(&before)).is_empty());
        assert_eq!(changes(None, Some(&json!(1)))[0].place, "");
    }
}
