//! docs/protocols.md says what is so.

#[test]
fn every_field_of_a_call_record_is_told() {
    let protocols = include_str!("../../../docs/protocols.md");
    let schema = include_str!("../../../protocol/schemas/call-record.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    for name in schema["properties"].as_object().unwrap().keys() {
        assert!(protocols.contains(&format!("`{name}`")), "missing: {name}");
    }
}
