//! `docs/protocols.md` names what this crate defines.

use chatter_protocol::{TopicKind, Tuning, emote::Mood, frames::ServerFrame};
use schemars::schema_for;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/protocols.md");

#[test]
fn every_topic_is_documented() {
    for kind in TopicKind::ALL {
        let row = format!("| `{}` |", kind.as_str());
        assert!(DOCUMENT.contains(&row), "no row {row}");
    }
}

#[test]
fn every_mood_is_documented() {
    for mood in Mood::ALL {
        let row = format!("| `{}` |", mood.as_str());
        assert!(DOCUMENT.contains(&row), "no row {row}");
    }
}

#[test]
fn every_tuning_is_documented_with_its_default() {
    let defaults = serde_json::to_value(Tuning::default()).unwrap();
    for (field, default) in defaults.as_object().unwrap() {
        let row = format!("| `{field}` | {default} |");
        assert!(DOCUMENT.contains(&row), "no row {row}");
    }
}

#[test]
fn every_frame_is_documented() {
    let schema = schema_for!(ServerFrame).to_value();
    let types: Vec<&str> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|frame| frame["properties"]["type"]["const"].as_str())
        .collect();
    assert_eq!(types.len(), 13, "{types:?}");
    for name in types {
        let told = [format!("\"type\":\"{name}\""), format!("`{name}`")];
        assert!(
            told.iter().any(|words| DOCUMENT.contains(words)),
            "{name} is not documented"
        );
    }
}

#[test]
fn every_part_of_the_formula_has_a_row() {
    let formula = DOCUMENT
        .split("    p = ")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next())
        .unwrap();
    let words = formula.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let parts: Vec<&str> = words
        .filter(|word| !matches!(*word, "" | "clamp01"))
        .collect();
    assert!(parts.len() >= 10, "{parts:?}");
    for part in parts {
        assert!(
            DOCUMENT.contains(&format!("| `{part}` |")),
            "{part} has no row"
        );
    }
}

/// The example of a refusal is one.
#[test]
fn the_problem_document_is_one() {
    use chatter_protocol::{Schematic, frames::ProblemDocument};
    let from = DOCUMENT.find(r#"{"type": "about:blank""#).unwrap();
    let mut values = serde_json::Deserializer::from_str(&DOCUMENT[from..]).into_iter::<Value>();
    ProblemDocument::from_value(values.next().unwrap().unwrap()).unwrap();
}
