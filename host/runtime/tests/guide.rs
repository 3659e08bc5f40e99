//! docs/personas.md and docs/protocols.md say what is so.

use chatter_protocol::call::CallLimits;

#[test]
fn the_guide_names_every_limit_that_can_be_set() {
    let guide = include_str!("../../../docs/personas.md");
    let limits = serde_json::to_value(CallLimits::default()).unwrap();
    for name in limits.as_object().unwrap().keys() {
        assert!(guide.contains(&format!("| `{name}` |")), "missing: {name}");
    }
}

#[test]
fn every_field_of_a_call_record_is_told() {
    let protocols = include_str!("../../../docs/protocols.md");
    let schema = include_str!("../../../protocol/schemas/call-record.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    for name in schema["properties"].as_object().unwrap().keys() {
        assert!(protocols.contains(&format!("`{name}`")), "missing: {name}");
    }
}
