//! The offline model, asked anything.

use crate::text;
use arbitrary::Unstructured;
use chatter_llm::Offline;
use chatter_protocol::llm::{Message, Request, Role};
use serde_json::Value;

/// What a prompt may say that the model looks for.
const SAID: [&str; 8] = [
    "You are Nova.",
    "## Chat\nana: nova, what is this?",
    "Moment: hype\n",
    "Reply to ana: who are you?",
    "Facts:\n- Ana likes boats\n",
    "Emotes: :boat: :wave:",
    "At most 80 characters.",
    "Stream: and the little boat goes round the rock",
];

const SCHEMAS: [&str; 6] = [
    r#"{"type":"object","properties":{"mood":{"enum":["calm","joy"]},"say":{"type":"string","maxLength":40}},"required":["mood"]}"#,
    r#"{"type":"array","items":{"type":"integer","minimum":3,"maximum":9},"minItems":2}"#,
    r#"{"anyOf":[{"type":"null"},{"type":"number"}]}"#,
    r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}"##,
    r#"{"const":"yes"}"#,
    r#"true"#,
];

/// An answer is within its bounds and the same each time; with a schema it obeys it.
pub fn offline_model(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let max_tokens = u.int_in_range(0..=300).unwrap_or(100);
    let seed = u.arbitrary().unwrap_or(7);
    let json_schema = match u.int_in_range(0..=5).unwrap_or(0) {
        0 => Some(text(&mut u, 80)),
        1 | 2 => u.choose(&SCHEMAS).ok().map(|schema| (*schema).to_owned()),
        _ => None,
    };
    let messages = u.int_in_range(0..=4).unwrap_or(1);
    let messages = (0..messages)
        .map(|_| Message {
            role: *u
                .choose(&[Role::System, Role::User, Role::Assistant])
                .unwrap_or(&Role::User),
            content: said(&mut u),
        })
        .collect();
    let request = Request {
        messages,
        max_tokens,
        temperature: 1.0,
        json_schema,
    };
    let ask = || Offline.answer(&request, seed);
    let answer = ask();
    assert_eq!(answer, ask(), "the same question, another answer");
    let Ok(answer) = answer else { return };
    assert!(max_tokens > 0);
    assert!(answer.output_tokens <= max_tokens, "{answer:?}");
    match &request.json_schema {
        Some(schema) => obeys(&answer.text, schema),
        None => assert!(!answer.text.contains('\n'), "{answer:?}"),
    }
}

fn said(u: &mut Unstructured<'_>) -> String {
    let parts = u.int_in_range(0..=6).unwrap_or(0);
    (0..parts)
        .map(|_| {
            if u.arbitrary().unwrap_or(false) {
                u.choose(&SAID).copied().unwrap_or_default().to_owned()
            } else {
                text(u, 80)
            }
        })
        .collect()
}

fn obeys(answer: &str, schema: &str) {
    let answer: Value = serde_json::from_str(answer).expect("an answer to a schema is JSON");
    let schema: Value = serde_json::from_str(schema).expect("only a schema is answered");
    // One that can't be compiled is answered by the parts that can be understood.
    if let Ok(validator) = jsonschema::validator_for(&schema) {
        assert!(validator.is_valid(&answer), "{answer} for {schema}");
    }
}
