//! The schemas that are checked in are those of the types.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_protocol::schema;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

const REGENERATE: &str = "UPDATE_SCHEMAS=1 cargo test -p chatter-protocol";

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas"))
}

fn text(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap();
    text.push('\n');
    text
}

#[test]
fn schemas_are_current() {
    let schemas = schema::all();
    if std::env::var_os("UPDATE_SCHEMAS").is_some_and(|value| value == "1") {
        for (name, schema) in &schemas {
            fs::write(folder().join(format!("{name}.json")), text(schema)).unwrap();
        }
    }
    for (name, schema) in &schemas {
        let checked_in = fs::read_to_string(folder().join(format!("{name}.json")));
        let current = checked_in.is_ok_and(|checked_in| checked_in == text(schema));
        assert!(
            current,
            "protocol/schemas/{name}.json is not that of the type; run {REGENERATE}"
        );
    }
    let known: BTreeSet<_> = schemas
        .iter()
        .map(|(name, _)| format!("{name}.json"))
        .collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            known.contains(&file),
            "protocol/schemas/{file} has no type; delete it"
        );
    }
}

#[test]
fn every_schema_is_one_and_names_itself() {
    for (name, schema) in schema::all() {
        assert!(
            jsonschema::meta::is_valid(&schema),
            "{name} is no valid JSON Schema"
        );
        assert_eq!(schema["$id"], format!("urn:chatter:v1:{name}"));
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(schema["title"].is_string(), "{name} has no title");
    }
}

/// What goes over the wire may grow by optional fields: no schema of it forbids unknown ones. What
/// operators write is checked for slips of the pen.
#[test]
fn only_configurations_refuse_unknown_fields() {
    for (name, schema) in schema::all() {
        let strict = [
            "module-config",
            "moderation-policy",
            "persona-config",
            "room-config",
        ]
        .contains(&name);
        assert_eq!(schema["additionalProperties"] == false, strict, "{name}");
    }
}
